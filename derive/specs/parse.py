"""`parse`: equations as text, from Python."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from derive.errors import ChainruleError, meant, meant_or_known, shorten
from derive.ir.system import Draw, Results, System, Training
from derive.language.assemble import Declarations, assemble
from derive.language.extent_inference import Sizes
from derive.language.name_check import check_name
from derive.language.occurrences import letters_of, names_read
from derive.language.syntax import Written
from derive.language.user_numbers import check_title, exact, extent
from derive.readers.model_text import read_model
from derive.specs.attributes import read_draw
from derive.specs.optimizer import DEFAULT, read_optimizer

_ROLES = ("input", "target", "parameter", "buffer", "random", "constant")
# what must be read by some equation; targets and running statistics may be for others to read
_ALL_READ = ("input", "parameter", "constant")


def parse(
    text: str,
    *,
    name: str = "model",
    parameters: Sequence[str] = (),
    inputs: Sequence[str] = (),
    targets: Sequence[str] = (),
    buffers: Sequence[str] = (),
    integers: Iterable[str] = (),
    constants: Mapping[str, Any] | None = None,
    sizes: Mapping[str, int] | None = None,
    batch: str | Sequence[str] = (),
    objective: str | None = None,
    output: str | None = None,
    assume: Sequence[str] = (),
    random: Mapping[str, Mapping[str, Any]] | None = None,
    training: Training | None = None,
    place: str = "equations",
    functions: Mapping[str, str] | None = None,
) -> System:
    """Equations between indexed tensors, one a line, as a `System`.

    They may be LaTeX; `functions` then tells which function a letter is, `{"f": "sigmoid"}`.
    `sizes` fixes an axis by letter (`{"k": 5}`) or by tensor and position (`{"x.2": 28}`);
    `batch` names letters whose extent is known at run time. Every tensor that no equation
    defines needs a role. Without `training` the optimiser is gradient descent. Raises
    `ChainruleError` with all problems, one line each.
    """
    problems = [f"name: {wrong}" for wrong in (check_title(name),) if wrong]
    constants, random = constants or {}, random or {}
    given = (inputs, targets, parameters, buffers, list(random), list(constants))
    roles = _read_roles(dict(zip(_ROLES, given, strict=True)), problems)
    before = len(problems)
    written = read_model(text, place, problems, functions, tuple(roles))
    all_read = len(problems) == before
    known = {*roles, *(w.tensor for w in written)}
    problems.extend(_wrong_integers(integers, roles, known))
    results = Results(objective, output)
    if all_read:
        problems.extend(_wrong_results(results, roles, known))
    training = training or Training(read_optimizer(DEFAULT, {}, problems))
    declared = Declarations(
        name=name,
        roles=roles,
        constants={k: exact(v, f"constants.{k}", problems) for k, v in constants.items()},
        integers=frozenset(integers),
        sizes=read_sizes(sizes or {}, known, problems, _read_batch(batch, problems)),
        results=results,
        assume=tuple(assume),
        training=_with_draws(training, random, roles, problems) if random else training,
    )
    if all_read:
        problems.extend(_unused(declared, written))
    return _assembled(written, declared, problems)


def _assembled(written: Sequence[Written], declared: Declarations, problems: list[str]) -> System:
    system = assemble(written, declared, problems)
    problems.extend(_wrong_axes(declared, system))
    # where something else is wrong, that may be why it isn't read
    problems = problems or list(_unread(declared.roles, written))
    if problems:
        raise ChainruleError(*problems)
    return system


def _read_roles(declared: Mapping[str, Iterable[str]], problems: list[str]) -> dict[str, str]:
    """The part that each declared tensor plays."""
    roles: dict[str, str] = {}
    for role, names in declared.items():
        for tensor in names:
            wrong = check_name(tensor)
            if wrong:
                problems.append(f"{role}s: {wrong}")
            elif tensor in roles:
                problems.append(
                    f"{role}s: '{tensor}' is a {roles[tensor]} too; a tensor has one role"
                )
            else:
                roles[tensor] = role
    return roles


def _read_batch(batch: str | Sequence[str], problems: list[str]) -> tuple[str, ...]:
    letters = (batch,) if isinstance(batch, str) else tuple(batch)
    wrong = (check_name(letter, "letter") for letter in letters)
    problems.extend(f"batch: {w}" for w in wrong if w)
    return letters


def _wrong_integers(
    integers: Iterable[str], roles: Mapping[str, str], known: Collection[str]
) -> Iterator[str]:
    for tensor in integers:
        if tensor not in known:
            yield f"integers: unknown tensor '{shorten(tensor)}'{meant_or_known(tensor, known)}"
        elif roles.get(tensor) not in ("input", "target", "buffer"):
            yield f"integers: '{tensor}' is no input or target; only these are given"


def _wrong_results(
    results: Results, roles: Mapping[str, str], known: Collection[str]
) -> Iterator[str]:
    for key, name in (("objective", results.objective), ("output", results.output)):
        if name is not None and name not in known:
            yield f"{key}: unknown tensor '{shorten(name)}'{meant_or_known(name, known)}"
    role = roles.get(results.objective or "")
    if role is not None:
        yield (
            f"objective: '{results.objective}' is given, as {role}; name a tensor that an "
            "equation defines"
        )


def _unused(declared: Declarations, written: Sequence[Written]) -> Iterator[str]:
    """A line for each letter that no equation has."""
    walked = letters_of(written)
    sized = [letter for _, letter in declared.sizes.letters]
    for key, letters in (("sizes", sized), ("batch", declared.sizes.batch)):
        for letter in letters:
            if letter not in walked:
                cure = meant(letter, walked) or "; take it out"
                yield f"{key}: no equation has a letter '{shorten(letter)}'{cure}"


def _unread(roles: Mapping[str, str], written: Sequence[Written]) -> Iterator[str]:
    """A line for each tensor that is given to the model, or trained, and that no equation reads."""
    read = set().union(*map(names_read, written))
    for tensor, role in roles.items():
        if role in _ALL_READ and tensor not in read:
            cure = meant(tensor, read - {*roles}) or "; take it out, or use it"
            yield f"{role}s: '{tensor}' is declared, but no equation reads it{cure}"


def _wrong_axes(declared: Declarations, system: System) -> Iterator[str]:
    for tensor, position in declared.sizes.slots:
        rank = system.table[tensor].rank
        if position >= rank:
            axes = f"'{tensor}' has {rank}, counted from 0"
            yield f"sizes: '{tensor}.{position}' names no axis: {axes}"
    objective = declared.results.objective
    if objective is not None and system.table[objective].rank:
        yield f"objective: '{objective}' has axes; sum over them"


def _with_draws(
    training: Training, random: Mapping[str, Any], roles: dict[str, str], problems: list[str]
) -> Training:
    """The training with what is drawn at random; a draw gives its tensor its role."""
    draws = _read_draws(random, problems)
    roles.update((name, draw.role) for name, draw in draws if roles.get(name) == "random")
    return replace(training, draws=draws)


def _read_draws(random: Mapping[str, Any], problems: list[str]) -> tuple[tuple[str, Draw], ...]:
    result = []
    for name, row in random.items():
        given = dict(row) if isinstance(row, Mapping) else {}
        distribution = given.pop("distribution", None)
        if not isinstance(distribution, str):
            problems.append(
                f"random.{shorten(name)}: the distribution is missing; "
                'add distribution = "bernoulli", "normal" or "uniform"'
            )
            continue
        result.append((name, read_draw(distribution, given, f"random.{name}", problems)))
    return tuple(result)


def read_sizes(
    sizes: Mapping[str, Any], known: set[str], problems: list[str], batch: tuple[str, ...] = ()
) -> Sizes:
    """`{k = 5, "x.2" = 28}` as extents of letters and axes."""
    slots: dict[tuple[str, int], int] = {}
    letters: dict[tuple[str, str], int] = {}
    for key, value in sizes.items():
        number = extent(value, f"sizes.{key}", problems)
        if "." in key:
            tensor, _, position = key.partition(".")
            if tensor not in known:
                problems.append(
                    f"sizes: unknown tensor '{shorten(tensor)}'{meant_or_known(tensor, known)}"
                )
            elif not position.isdecimal() or len(position) > 3:
                problems.append(f"sizes: '{shorten(key)}' names no axis; write \"{tensor}.1\"")
            else:
                slots[(tensor, int(position))] = number
        else:
            wrong = check_name(key, "letter")
            if wrong:
                problems.append(f"sizes: {wrong}")
            elif key in batch:
                problems.append(f"sizes: '{key}' is the batch, which is known at run time only")
            letters[("", key)] = number
    return Sizes(slots=slots, letters=letters, batch=batch)
