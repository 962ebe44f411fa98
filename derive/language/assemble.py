"""Text -> System: the one way in for equations, from users and from the catalogue alike."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import chain, count

from derive.errors import ChainruleError, meant, shorten
from derive.ir.fresh_names import UsedNames
from derive.ir.names import is_next, next_of, primal_of, without_next
from derive.ir.notation import Affine, Equation, Tensor, affine
from derive.ir.system import Origin, Results, System, Training
from derive.ir.wellformed import check_system
from derive.language.assumptions import read_assumption
from derive.language.compared_bodies import compared_bodies
from derive.language.elaborate import Meaning, as_value
from derive.language.extent_inference import Sizes, axis_name, infer
from derive.language.name_check import check_name
from derive.language.normal_form import Normalizer
from derive.language.occurrences import refs
from derive.language.outside_reads import outside_warnings
from derive.language.scope import Scoped, ranks, resolve
from derive.language.syntax import Letter, Place, Ref, Refused, Written
from derive.systems.edge_warnings import edge_warnings
from derive.systems.schedule import NoOrder, members, schedule

_LONGEST_STEM = 50  # characters, of a name that a number goes behind
_ORDER = ("input", "target", "parameter", "buffer", "random", "mode", "constant", "hyperparameter")


@dataclass(frozen=True)
class Declarations:
    """Facts about the tensors that stand beside the equations.

    `roles` are in declared order. `tags` gives, for a tensor, the end of the names of
    intermediates that its equation brings.
    """

    name: str
    roles: Mapping[str, str]
    constants: Mapping[str, Fraction] = field(default_factory=dict)
    integers: frozenset[str] = frozenset()
    sizes: Sizes = field(default_factory=Sizes)
    results: Results = field(default_factory=Results)
    assume: Sequence[str] = ()
    training: Training = field(default_factory=Training)
    origin: Origin = field(default_factory=Origin)
    tags: Mapping[str, str] = field(default_factory=dict)


def assemble(
    written: Sequence[Written], declared: Declarations, problems: list[str] | None = None
) -> System:
    """The system that the equations and declarations make.

    Raises `ChainruleError` with every problem found, those given included.
    """
    problems = [] if problems is None else problems
    if not written and not problems:
        problems.append(f"{declared.name}: there is no equation; write one, such as y[n,i] = ...")
    _check_names(written, declared, problems)
    if problems:
        raise ChainruleError(*problems)
    try:
        return _Assembly(written, declared, problems).system()
    except Refused as refused:
        if str(refused) not in problems:
            problems.append(str(refused))
    raise ChainruleError(*problems)


def _check_names(written: Sequence[Written], declared: Declarations, problems: list[str]) -> None:
    """Names that can't be used, are used twice, or are unknown."""
    seen: dict[str, Place] = {}
    for equation in written:
        name = _key(equation)
        if name in seen:
            problems.append(
                f"{equation.place}: '{equation.tensor}' is defined twice, first at line "
                f"{seen[name].line}; give one of them another name"
            )
        elif not equation.is_next and declared.roles.get(name, "intermediate") != "intermediate":
            problems.append(
                f"{equation.place}: '{name}' is given, as {declared.roles[name]}, and defined by "
                "an equation; take it out of one"
            )
        seen.setdefault(name, equation.place)
        if equation.is_next and declared.roles.get(equation.tensor) not in (
            "buffer",
            "parameter",
        ):
            problems.append(
                f"{equation.place}: next({equation.tensor}) needs '{equation.tensor}' among "
                "the buffers; add it there"
            )
        elif (
            equation.is_next
            and declared.roles[equation.tensor] == "parameter"
            and equation.tensor not in declared.training.frozen
        ):
            problems.append(
                f"{equation.place}: '{equation.tensor}' is a parameter, which the optimiser "
                "moves; name it among the buffers instead, or set trainable = false"
            )
    known = {*declared.roles, *(e.tensor for e in written if not e.is_next)}
    for name in sorted(known):
        if primal_of(name) in known:
            place = seen.get(name) or seen.get(primal_of(name))
            problems.append(
                f"{f'{place}: ' if place else ''}'{name}' would be the derivative by "
                f"'{primal_of(name)}'; give one of them another name"
            )
    for equation in written:
        for ref in refs(equation.right):
            if is_next(ref.name):
                problems.append(
                    f"{ref.place}: {shorten(ref.name)} is read by optimisers only; give its value "
                    "a name of its own and read that"
                )
            elif ref.of not in known:
                roles = "parameters, inputs, targets or constants"
                problems.append(
                    f"{ref.place}: unknown tensor '{shorten(ref.of)}'"
                    f"{meant(ref.of, known) or f'; name it in {roles}, or define it'}"
                )


def _key(equation: Written) -> str:
    return next_of(equation.tensor) if equation.is_next else equation.tensor


class _FreeNames:
    """Names for what equations need on the way, each once: called after what they are a part of.

    A layer's number or name (`tags`, by tensor) goes with them.
    """

    def __init__(self, names: Collection[str], tags: dict[str, str]) -> None:
        self.used = UsedNames(names)
        self.tags = tags

    def __call__(self, *wanted: str) -> str:
        # what next(m) needs on the way is called after m
        wanted = tuple(map(without_next, wanted))
        tag = self.tags.get(wanted[-1].removeprefix(f"{wanted[0]}_"))
        if tag is not None:
            wanted = (f"{wanted[0]}{tag}", *wanted[1:])
        stem = wanted[-1][:_LONGEST_STEM]  # of what nests deeply the names would be too long
        candidates = chain(wanted, (f"{stem}{k}" for k in count(2)))
        result = next(n for n in candidates if n not in self.used and check_name(n) is None)
        self.used.names.add(result)
        if tag is not None:
            self.tags[result] = tag
        return result


class _Assembly:
    def __init__(
        self, written: Sequence[Written], declared: Declarations, problems: list[str]
    ) -> None:
        self.written = written
        self.declared = declared
        self.problems = problems
        least: dict[str, int] = {}
        for tensor, position in declared.sizes.slots:
            least[tensor] = max(least.get(tensor, 0), position + 1)
        self.rank = ranks(written, declared.sizes.ranks, least)
        self.names = {*declared.roles, *(e.tensor for e in written if not e.is_next)}
        for name in declared.roles:
            self.rank.setdefault(name, 0)
        scalars = frozenset(n for n in self.names if self.rank.get(n) == 0)
        self.scoped: list[Scoped] = []
        names = frozenset(self.names)
        sized = frozenset(letter for _, letter in declared.sizes.letters)
        for equation in written:
            try:
                self.scoped.append(resolve(equation, self.rank, scalars, names, sized))
            except Refused as refused:
                problems.append(str(refused))
        if problems:
            raise ChainruleError(*problems)
        self.scalars = scalars
        self.extents = infer(self.scoped, self.rank, self._sizes(), problems)
        self.meaning = Meaning(
            self.scoped, self.extents, self.rank, declared.constants, declared.integers
        )

    def _sizes(self) -> Sizes:
        opened = {n for n, r in self.declared.roles.items() if r in ("input", "target", "random")}
        return replace(self.declared.sizes, open_at_run_time=frozenset(opened))

    def system(self) -> System:
        """Build everything; problems of all equations are gathered before the first is raised."""
        equations = self.equations()
        tensors = self.tensors(equations)
        self._raise()
        forward = self.ordered(tuple(e for e in equations if not is_next(e.tensor)))
        declared, batch = self.declared, self.declared.sizes.batch
        table = {t.name: t for t in tensors}
        system = System(
            name=declared.name,
            tensors=tensors,
            equations=forward,
            results=declared.results,
            updates=tuple(e for e in equations if is_next(e.tensor)),
            assumptions=tuple(
                read_assumption(a, self.meaning, self.scalars, self.names) for a in declared.assume
            ),
            training=declared.training,
            origin=replace(
                declared.origin,
                warnings=(*outside_warnings(forward, table), *edge_warnings(forward)),
            ),
            batch=batch[0] if batch else None,
        )
        check_system(system)
        return system

    def equations(self) -> tuple[Equation, ...]:
        """The equations in normal form, those that this brings among them."""
        problems, defined = self.problems, []
        for scoped in self.scoped:
            self.meaning.scope = scoped.written.scope
            try:
                axes = tuple(self.meaning.axis(v) for v in scoped.left)
                expr = as_value(self.meaning.value(scoped.right))
                defined.append((_key(scoped.written), axes, expr))
            except Refused as refused:
                problems.append(str(refused))
        self._raise()
        maker = Normalizer(
            _FreeNames(self.names, dict(self.declared.tags)),
            lambda n: self.declared.roles.get(n) == "constant",
            lambda n: [self.slot(n, k) for k in range(self.rank[n])],
            self.matrices(),
            compared_bodies(defined),
        )
        for scoped, (tensor, axes, expr) in zip(self.scoped, defined, strict=True):
            try:
                maker.equation(tensor, axes, expr, scoped.written.text)
            except Refused as refused:
                problems.append(str(refused))
        self._raise()
        return tuple(maker.equations)

    def _raise(self) -> None:
        if self.problems:
            raise ChainruleError(*dict.fromkeys(self.problems))

    def matrices(self) -> dict[str, str]:
        """The tensors that are an inverse or a determinant by their equation, by what they are."""
        result: dict[str, str] = {}
        for scoped in self.scoped:
            right = scoped.right
            if isinstance(right, Ref) and right.name != right.of and not scoped.written.is_next:
                plain = [p.var if isinstance(p, Letter) else None for p in right.subscripts]
                if plain == list(scoped.left):
                    result.setdefault(right.name, scoped.written.tensor)
        return result

    def ordered(self, equations: tuple[Equation, ...]) -> tuple[Equation, ...]:
        place = {_key(w): w.place for w in self.written}
        try:
            return tuple(members(schedule(equations)))
        except NoOrder as cycle:
            at = next((place[n] for n in cycle.group if n in place), self.written[0].place)
            raise ChainruleError(
                f"{at}: {', '.join(cycle.group)} depend on each other in a cycle that is no "
                f"recurrence: {cycle.reason}"
            ) from None

    def tensors(self, equations: tuple[Equation, ...]) -> tuple[Tensor, ...]:
        result: list[Tensor] = []
        roles = self.declared.roles
        for role in _ORDER:
            for name in (n for n, r in roles.items() if r == role):
                shape = [self.slot(name, k) for k in range(self.rank.get(name, 0))]
                result.append(
                    Tensor(
                        name,
                        tuple(shape),
                        role,
                        name in self.declared.integers,
                        self.declared.constants.get(name),
                    )
                )
        for equation in equations:
            role = "next" if is_next(equation.tensor) else "intermediate"
            shape = [a.extent for a in equation.axes]
            result.append(Tensor(equation.tensor, tuple(shape), role))
        return tuple(result)

    def slot(self, tensor: str, position: int) -> Affine:
        extent = self.extents.get((tensor, position))
        if extent is None:
            letter = next(
                (
                    part.var.name
                    for s in self.scoped
                    for ref in refs(s.right)
                    if ref.name == tensor and isinstance(part := ref.subscripts[position], Letter)
                ),
                None,
            )
            cure = f"{letter} = ..." if letter else f'"{tensor}.{position}" = ...'
            self.problems.append(
                f"{self.declared.name}: the extent of {axis_name((tensor, position))} is open; "
                f"give it in sizes, such as {cure}"
            )
            return affine(1)
        return extent
