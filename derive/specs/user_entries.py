"""A layer, activation or loss by a user's own equations, as an entry like the catalogue's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from derive.catalogue.rows import Attribute, Entry, Parameter
from derive.errors import meant_or_known, shorten
from derive.ir.system import Initializer
from derive.language.instantiate import unknown_names
from derive.language.name_check import check_name
from derive.language.occurrences import bare_names, letters_of, tensors_of
from derive.language.syntax import Written
from derive.language.user_numbers import exact, extent
from derive.readers.model_text import read_model
from derive.specs.attributes import read_draw, read_initializer
from derive.specs.schema import Definition, ParameterSpec

BATCH = "n"


@dataclass(frozen=True)
class Own:
    """An entry by own equations, already read, and the place where these stand."""

    entry: Entry
    equations: tuple[Written, ...]
    place: str = ""

    def place_in(self, layer: str) -> str:
        """The name of the equations in errors, as a layer uses them."""
        return f"{'' if self.place == layer else f'{layer}: '}{self.place}.equations"

    @property
    def given(self) -> tuple[str, ...]:
        """Its tensors that are neither inputs nor parameters nor defined by an equation."""
        draws = self.entry.draws if isinstance(self.entry.draws, tuple) else ()
        return (*(b.name for b in self.entry.buffers), *(name for name, _ in draws))

    @property
    def tensors(self) -> set[str]:
        """Every tensor of its own, the inputs included."""
        parameters = self.entry.parameters if isinstance(self.entry.parameters, tuple) else ()
        defined = (e.tensor for e in self.equations)
        return {*self.entry.usual_inputs, *(p.name for p in parameters), *self.given, *defined}


def own_entry(
    name: str,
    definition: Definition,
    place: str,
    problems: list[str],
    outside: frozenset[str] | None = frozenset(),
    inputs: tuple[str, ...] = ("x",),
    output: str = "y",
) -> Own | None:
    """The entry that a definition makes; None where something is wrong with it.

    `outside` names tensors that its equations may read though they aren't its own, None any.
    """
    before = len(problems)
    inputs = tuple(definition.inputs) or inputs
    values = {
        key: exact(value, f"{place}.constants.{key}", problems)
        for key, value in definition.constants.items()
    }
    roles = _read_roles(definition, inputs, place, problems)
    written = tuple(
        read_model(
            definition.equations, f"{place}.equations", problems, definition.functions, tuple(roles)
        )
    )
    if len(problems) > before:
        return None
    _check(written, roles, place, output, outside, problems)
    problems.extend(
        f"{place}.integers: unknown tensor '{shorten(x)}'{meant_or_known(x, roles)}"
        for x in definition.integers
        if roles.get(x) not in ("inputs", "buffers")
    )
    letters = [x for x in letters_of(written) if x != BATCH and x not in values]
    entry = Entry(
        name=name,
        about="by own equations",
        equations=definition.equations,
        inputs=inputs,
        output=output,
        parameters=_parameters(definition.parameters, f"{place}.parameters", "normal", problems),
        attributes=(
            *(Attribute(x, "extent", f"the extent of {x}", None, letter=x) for x in letters),
            *(Attribute(c, "number", "a constant", v) for c, v in values.items()),
        ),
        draws=tuple(
            (n, read_draw(row.distribution, row.more, f"{place}.random.{n}", problems))
            for n, row in definition.random.items()
        ),
        buffers=_parameters(definition.buffers, f"{place}.buffers", "zeros", problems),
        integers=tuple(definition.integers),
    )
    return None if len(problems) > before else Own(entry, written, place)


def _read_roles(
    definition: Definition, inputs: tuple[str, ...], place: str, problems: list[str]
) -> dict[str, str]:
    """The list in which each tensor of a definition stands."""
    rows = {
        "inputs": inputs,
        "parameters": tuple(definition.parameters),
        "buffers": tuple(definition.buffers),
        "random": tuple(definition.random),
        "constants": tuple(definition.constants),
    }
    roles: dict[str, str] = {}
    for role, names in rows.items():
        for tensor in names:
            wrong = check_name(tensor)
            if wrong:
                problems.append(f"{place}.{role}: {wrong}")
            elif tensor in roles:
                problems.append(
                    f"{place}.{role}: '{tensor}' stands among the {roles[tensor]} too; "
                    "take it out of one"
                )
            roles[tensor] = role
    return roles


def _parameters(
    rows: Mapping[str, ParameterSpec], place: str, usual: str, problems: list[str]
) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(name, initial(row, f"{place}.{name}", usual, problems), row.trainable)
        for name, row in rows.items()
    )


def initial(row: ParameterSpec, place: str, usual: str, problems: list[str]) -> Initializer:
    """The initialiser that a parameter's table asks for, else the usual one."""
    if row.init is None:
        return read_initializer(usual, {}, place, problems)
    return read_initializer(row.init.type, row.init.more, f"{place}.init", problems)


def _check(
    written: tuple[Written, ...],
    roles: Mapping[str, str],
    place: str,
    output: str,
    outside: frozenset[str] | None,
    problems: list[str],
) -> None:
    defined = [e.tensor for e in written if not e.is_next]
    if output not in defined:
        what = "the objective of a loss" if output == "E" else "the output of a layer"
        problems.append(
            f"{place}.equations: no equation defines '{output}', {what}; write {output} = ..."
            if output == "E"
            else f"{place}.equations: no equation defines '{output}', {what}; "
            f"write {output}[n,i] = ..."
        )
    for equation in written:
        role = roles.get(equation.tensor)
        if equation.is_next and role != "buffers":
            problems.append(
                f"{equation.place}: next({equation.tensor}) needs '{equation.tensor}' among the "
                "buffers; add it there"
            )
        elif not equation.is_next and role:
            problems.append(
                f"{equation.place}: '{equation.tensor}' stands among the {role} and is defined by "
                "an equation; take it out of one"
            )
    problems.extend(
        f"{written[k].place}: '{name}' is defined twice; give one of them another name"
        for k, name in enumerate(e.tensor for e in written)
        if name in defined[: sum(not e.is_next for e in written[:k])] and not written[k].is_next
    )
    if outside is None:
        return
    known = {*roles, *defined, *outside}
    problems.extend(unknown_names(written, known))
    used = {*tensors_of(written), *bare_names(written)}
    problems.extend(
        f"{place}.{role}: no equation reads '{tensor}'; take it out, or use it"
        for tensor, role in roles.items()
        if role != "inputs" and tensor not in used
    )


def read_axes(
    own: Own, given: Mapping[str, Any], place: str, problems: list[str]
) -> dict[str, int]:
    """The keys that fix an axis which no letter walks, such as `"W.0" = 11`."""
    result = {}
    for key, value in given.items():
        tensor, _, position = key.partition(".")
        if tensor in own.tensors and position.isdecimal() and len(position) < 4:
            result[key] = extent(value, f"{place}.{key}", problems)
    return result
