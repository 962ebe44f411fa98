"""A system that walks along a sequence, one place at a time: what a place needs of those before it.

Where the output and an input share an axis along which nothing is read ahead, the output at a place
follows from the inputs there and from what was read of earlier places. So each tensor along the
axis loses it, and a read at a lag becomes the read of a tensor of its own, which the state holds.
What doesn't lie along the axis is computed once, before the first place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from derive.algebra.conditions import not_negative
from derive.ir.fresh_names import fresh_name
from derive.ir.notation import Affine, Axis, Call, Equation, Expr, Index, Read, Tensor, Term, affine
from derive.ir.runtime_extents import dims_of, equation_dims
from derive.ir.system import System
from derive.ir.tree import (
    affine_axes,
    equation_reads,
    free_axes,
    index,
    letters,
    map_atoms,
    needed_by,
    substitute,
    substitute_term,
    transform,
    walk,
)
from derive.systems.causality import WALKED, along
from derive.systems.train_or_infer import in_mode, undrawn

T = TypeVar("T")


@dataclass(frozen=True)
class Kept:
    """An entry of the state: its key, and the tensor that a place reads.

    `after` is the tensor that is kept for the next place. `begins` tells that an equation gives
    what it is at the first place; it is 0 there otherwise.
    """

    key: str
    tensor: Tensor
    after: str
    begins: bool = False


@dataclass(frozen=True)
class Stepping:
    """`before` is computed once from the inputs `given`, `equations` at each place from `inputs`.

    `place` is the letter that counts the places, where an equation asks for it. `free` names the
    run-time extents of the state that no input among `given` tells; `axes` has the axis that is
    walked of every tensor along it.
    """

    output: str
    given: tuple[Tensor, ...]
    inputs: tuple[Tensor, ...]
    before: tuple[Equation, ...]
    equations: tuple[Equation, ...]
    kept: tuple[Kept, ...]
    place: Axis | None
    tensors: tuple[Tensor, ...]
    free: tuple[str, ...]
    axes: tuple[tuple[str, int], ...]


def stepping(system: System) -> Stepping | None:
    """How the output is computed place by place; None where it can't be, or where no place needs
    anything of those before it.
    """
    settled = undrawn(in_mode(system, training=False))
    if settled is None or settled.output is None or settled.output not in settled.defined:
        return None
    needed = needed_by({settled.output}, settled.equations)
    for position in range(settled.table[settled.output].rank):
        walked = along(settled, needed, position)
        if walked is not None:
            result = _Walk(settled, needed, walked).stepping()
            if result is not None:
                return result
    return None


class _Walk:
    """One system along one axis, `axis` its letter."""

    def __init__(self, system: System, needed: set[str], along: Mapping[str, int]) -> None:
        assert system.output is not None
        self.system = system
        self.along = along
        self.output = system.output
        self.needed = needed
        self.axis = system.defined[self.output].axes[along[self.output]]
        self.names = set(system.table)
        self.held: dict[tuple[str, int], Tensor] = {}
        walked = [e for e in system.equations if e.tensor in along and e.tensor in needed]
        self.walked = [self._with_letter(e) for e in walked]
        self.begins = self._beginnings()

    def stepping(self) -> Stepping | None:
        """The equations of one place; None where nothing is kept, or the length is asked for."""
        equations = tuple(self._at_a_place(e) for e in self.walked)
        own = {d for name in self.along for d in dims_of([self._shortened(name)])}
        length = dims_of([self.system.table[self.output]]) - own
        spoken = {d for e in equations for d in equation_dims(e, without=(self.axis,))}
        if not self.held or length & spoken:
            return None
        begins = tuple(self._begin(x) for x, _ in self.held if x in self.begins)
        reads = {r.tensor for e in equations for r in equation_reads(e)}
        fixed = [t for t in self._apart() if t.name in reads]
        wanted = needed_by({t.name for t in fixed} | {e.tensor for e in begins}, begins)
        before = [e for e in self.system.equations if e.tensor not in self.along]
        wanted = needed_by(wanted, before)
        given = tuple(t for t in self.system.having("input") if t.name in wanted)
        kept = (*self._lagged(), *(Kept(t.name, t, t.name) for t in fixed))
        free = dims_of([k.tensor for k in kept]) - dims_of(given)
        begun = (*(e for e in before if e.tensor in wanted), *begins)
        asked = {d for e in begun for d in equation_dims(e)}
        if length & free or asked - dims_of(given) - free:
            return None
        return Stepping(
            output=self.output,
            given=given,
            inputs=tuple(
                self._shortened(t.name) for t in self.system.having("input") if t.name in self.along
            ),
            before=begun,
            equations=equations,
            kept=kept,
            place=self.axis if self._counts(equations) else None,
            tensors=self._tensors(),
            free=tuple(sorted(free)),
            axes=tuple(sorted(self.along.items())),
        )

    def _apart(self) -> tuple[Tensor, ...]:
        """Inputs and what is computed that don't lie along the axis."""
        return tuple(
            t for t in self.system.tensors if t.role in WALKED and t.name not in self.along
        )

    def _tensors(self) -> tuple[Tensor, ...]:
        shortened = (
            self._shortened(t.name) if t.name in self.along else t for t in self.system.tensors
        )
        return (*shortened, *self.held.values())

    def _lagged(self) -> Iterator[Kept]:
        """A tensor's value at the place before goes by its name, one of an earlier place behind."""
        for (name, lag), tensor in self.held.items():
            if lag == 1:
                yield Kept(name, tensor, name, name in self.begins)
            else:
                yield Kept(tensor.name, tensor, self.held[name, lag - 1].name)

    def _shortened(self, name: str) -> Tensor:
        """A tensor without the axis."""
        tensor = self.system.table[name]
        here = self.along[name]
        return replace(tensor, shape=(*tensor.shape[:here], *tensor.shape[here + 1 :]))

    def _counts(self, equations: tuple[Equation, ...]) -> bool:
        """Whether an equation asks for the number of the place."""
        for equation in equations:
            for term in equation.terms:
                subscripts = [s for r in equation_reads(equation) for s in r.subscripts]
                asked = {a for s in subscripts for a in affine_axes(s)} | set(letters(term.body))
                if self.axis in asked:
                    return True
        return False

    # one equation

    def _with_letter(self, equation: Equation) -> Equation:
        """The equation with the walk's letter, and no other letter that is called so."""
        position = self.along[equation.tensor]
        terms = []
        for term in equation.terms:
            own = term.target[position].axis
            assert own is not None
            others = (a for a in term.domain if a != own)
            new = free_axes(others, {self.axis.letter}, {own.letter}) | {own: self.axis}
            terms.append(substitute_term(term, {a: affine(b) for a, b in new.items()}))
        return replace(equation, terms=tuple(terms))

    def _at_a_place(self, equation: Equation) -> Equation:
        """The equation without the axis, lags as reads of what the state holds."""
        position = self.along[equation.tensor]
        terms = []
        for term in equation.terms:
            target = tuple(self._subscript(s) for s in _without(term.target, position))
            domain = tuple(a for a in term.domain if a != self.axis)
            terms.append(Term(target, domain, term.reduce, self._moved(term.body)))
        axes = _apart_from(_without(equation.axes, position), self.axis)
        return replace(equation, axes=axes, terms=tuple(terms), source="")

    def _moved(self, body: Expr) -> Expr:
        def change(node: Expr) -> Expr | None:
            match node:
                case Call("where", (_, Read(tensor), _)) if (
                    tensor in self.begins and self._guarded(node) is not None
                ):
                    return self._moved(node.args[1])
                case Read():
                    return self._read(node)
                case Index(value):
                    return index(self._subscript(value))
                case _:
                    return None

        return transform(body, change)

    def _read(self, read: Read) -> Read:
        subscripts = tuple(self._subscript(s) for s in read.subscripts)
        here = self.along.get(read.tensor)
        if here is None:
            return Read(read.tensor, subscripts)
        name = self._before(read.tensor, self._lag(read))
        return Read(name, _without(subscripts, here))

    def _subscript(self, subscript: Affine) -> Affine:
        return map_atoms(subscript, lambda n: self._read(n) if isinstance(n, Read) else None)

    def _lag(self, read: Read) -> int:
        lag = (affine(self.axis) - read.subscripts[self.along[read.tensor]]).number
        assert lag is not None
        return lag

    def _before(self, name: str, lag: int) -> str:
        """The tensor that is another one so many places before; it holds those between as well."""
        if not lag:
            return name
        for back in range(1, lag + 1):
            if (name, back) not in self.held:
                wanted = f"{name}_before" if back == 1 else f"{name}_before{back}"
                free = fresh_name(self.names, wanted)
                self.names.add(free)
                shape = self._shortened(name)
                self.held[name, back] = replace(shape, name=free, role="state")
        return self.held[name, lag].name

    # where a sequence begins

    def _guarded(self, node: Expr) -> Expr | None:
        """The value of a tensor before the first place, in the letters of its equation.

        It is the other branch of `where(t > 0, h[n,t-1,k], ...)`; None where that is no such thing.
        """
        match node:
            case Call("where", (condition, Read(name) as read, other)) if (
                name in self.along
                and name in self.system.defined
                and not_negative(condition) == affine(self.axis) - 1
                and self._lag(read) == 1
            ):
                pass
            case _:
                return None
        here = self.along[name]
        plain = [s.axis for s in _without(read.subscripts, here)]
        axes = _apart_from(_without(self.system.defined[name].axes, here), self.axis)
        result = [a for a in plain if a is not None]
        own = len(result) == len(axes) and len(set(result)) == len(result)
        if not own or any(a.extent != b.extent for a, b in zip(result, axes, strict=True)):
            return None
        inside = [r for r in walk(other) if isinstance(r, Read)]
        if any(r.tensor in self.along for r in inside) or not set(letters(other)) <= set(result):
            return None
        return substitute(other, {a: affine(b) for a, b in zip(result, axes, strict=True)})

    def _beginnings(self) -> dict[str, Expr]:
        """The values before the first place, where all lagged reads give them and agree."""
        lagged: dict[str, int] = {}
        values: dict[str, list[Expr]] = {}
        for equation in self.walked:
            for read in equation_reads(equation):
                if read.tensor in self.along and self._lag(read) > 0:
                    lagged[read.tensor] = lagged.get(read.tensor, 0) + 1
            for term in equation.terms:
                for node in walk(term.body):
                    match node:
                        case Call("where", (_, Read(tensor), _)) if (
                            value := self._guarded(node)
                        ) is not None:
                            values.setdefault(tensor, []).append(value)
                        case _:
                            pass
        return {
            name: values[name][0]
            for name in self.along
            if name in values
            and len(values[name]) == lagged.get(name, 0)
            and len(set(values[name])) == 1
        }

    def _begin(self, name: str) -> Equation:
        """The equation of what is held of a tensor before the first place."""
        defined = self.system.defined[name]
        axes = _apart_from(_without(defined.axes, self.along[name]), self.axis)
        target = tuple(affine(a) for a in axes)
        term = Term(target, axes, "sum", self.begins[name])
        return Equation(self.held[name, 1].name, axes, (term,))


def _without(items: tuple[T, ...], position: int) -> tuple[T, ...]:
    return (*items[:position], *items[position + 1 :])


def _apart_from(axes: tuple[Axis, ...], other: Axis) -> tuple[Axis, ...]:
    """Letters none of which is called like another one."""
    new = free_axes(axes, {other.letter})
    return tuple(new.get(a, a) for a in axes)
