"""One sample of a batch: the system without its batch axis.

There is one where samples have no part in each other. Its batch's objective is then the mean of
what each sample adds, and the gradients are the means of those of one sample: what a textbook
derives.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from derive.ir.notation import (
    Affine,
    Atom,
    Axis,
    Dim,
    Equation,
    Expr,
    Index,
    Pow,
    Read,
    Tensor,
    Term,
    affine,
)
from derive.ir.system import Assumption, System
from derive.ir.tree import (
    MINUS_ONE,
    ONE,
    addends,
    equation_reads,
    factors,
    index,
    map_atoms,
    mul,
    reads,
    transform,
)


def one_sample(system: System) -> System | None:
    """The system of one sample.

    None where there is no batch, where an equation other than the objective's reduces over it or
    asks for its size, where two samples meet, or where the objective isn't their mean.
    """
    if system.batch is None or system.objective is None:
        return None
    single = _Single(system)
    try:
        return single.system_of_one()
    except _Mixed:
        return None


class _Mixed(Exception):
    """Samples have a part in each other."""


class _Single:
    def __init__(self, system: System) -> None:
        self.system = system
        self.extent = affine(Dim(system.batch or ""))
        self.means: set[str] = set()

    def system_of_one(self) -> System:
        system = self.system
        equations = tuple(self.equation(e) for e in system.equations)
        if system.objective not in self.means:
            raise _Mixed
        return replace(
            system,
            tensors=tuple(self.tensor(t) for t in system.tensors),
            equations=equations,
            updates=tuple(self.per_sample(e) for e in system.updates),
            assumptions=tuple(self.assumption(a) for a in system.assumptions),
            batch=None,
        )

    def tensor(self, tensor: Tensor) -> Tensor:
        """A tensor without its batch axis."""
        shape = tuple(self.subscript(e, ()) for e in tensor.shape if e != self.extent)
        if len(shape) + 1 < tensor.rank:
            raise _Mixed
        return replace(tensor, shape=shape)

    def equation(self, equation: Equation) -> Equation:
        """An equation of each sample, or a mean over the samples."""
        if self.letters(equation.axes):
            return self.per_sample(equation)
        terms = tuple(self.mean(t) for t in equation.terms)
        batches = [bool(self.letters(t.domain)) for t in equation.terms]
        if any(batches) or any(r.tensor in self.means for r in equation_reads(equation)):
            self.means.add(equation.tensor)
        return replace(equation, terms=terms)

    def per_sample(self, equation: Equation) -> Equation:
        """An equation in which one sample reads nothing of another."""
        axes = self.letters(equation.axes)
        if len(axes) > 1 or any(self.letters(t.domain) != axes for t in equation.terms):
            raise _Mixed
        terms = tuple(self.of_one(t, axes) for t in equation.terms)
        if any(r.tensor in self.means for r in equation_reads(equation)):
            raise _Mixed
        return replace(equation, axes=self.without(equation.axes), terms=terms)

    def mean(self, term: Term) -> Term:
        """A mean over the batch told for one sample, or a term that is the same for all."""
        axes = self.letters(term.domain)
        for part in addends(term.body):
            means = [f for f in factors(part) if any(r.tensor in self.means for r in reads(f))]
            plain = all(isinstance(f, Read) for f in means)
            if len(means) > 1 or not plain or (means and (axes or term.reduced)):
                raise _Mixed
        if not axes:
            return self.of_one(term, axes)
        if len(axes) > 1 or term.reduce != "sum" or not set(axes) <= set(term.reduced):
            raise _Mixed
        kept: list[Expr] = []
        sizes = 0
        for factor in factors(term.body):
            match factor:
                case Pow(base, exponent) if exponent == MINUS_ONE and self.size_in(base):
                    sizes += 1
                    rest = mul(*(f for f in factors(base) if f != Index(self.extent)))
                    kept.extend([] if rest == ONE else [Pow(rest, MINUS_ONE)])
                case _:
                    kept.append(factor)
        if sizes != 1:
            raise _Mixed
        return self.of_one(replace(term, body=mul(*kept)), axes)

    def size_in(self, base: Expr) -> bool:
        """Whether a divisor is the batch's size, or a multiple of it."""
        return factors(base).count(Index(self.extent)) == 1

    def of_one(self, term: Term, axes: tuple[Axis, ...]) -> Term:
        """A term without the batch's letter, which may stand at the batch's place alone."""

        def taken(expr: Expr) -> Expr | None:
            match expr:
                case Read():
                    return self.read(expr, axes)
                case Index(value):
                    return index(self.subscript(value, axes))
                case _:
                    return None

        return Term(
            tuple(self.subscript(s, axes) for s in term.target if s.axis not in axes),
            self.without(term.domain),
            term.reduce,
            transform(term.body, taken),
        )

    def read(self, read: Read, axes: tuple[Axis, ...]) -> Read:
        """A read of one sample's entries."""
        shape = self.system.table[read.tensor].shape
        kept = []
        for subscript, extent in zip(read.subscripts, shape, strict=True):
            if extent != self.extent:
                kept.append(self.subscript(subscript, axes))
            elif subscript.axis not in axes:
                raise _Mixed
        return Read(read.tensor, tuple(kept))

    def subscript(self, value: Affine, axes: tuple[Axis, ...]) -> Affine:
        """A subscript in which neither the batch's letter nor its size stands."""

        def change(node: Affine | Atom) -> Affine | Atom | None:
            match node:
                case Read():
                    return self.read(node, axes)
                case Axis() | Dim() if node in axes or affine(node) == self.extent:
                    raise _Mixed
                case _:
                    return None

        return map_atoms(value, change)

    def assumption(self, assumption: Assumption) -> Assumption:
        """An assumption about every sample, of this one."""
        return replace(
            assumption,
            axes=self.without(assumption.axes),
            left=self.per_sample(assumption.left),
        )

    def letters(self, axes: Iterable[Axis]) -> tuple[Axis, ...]:
        """The letters that walk the batch."""
        return tuple(a for a in axes if a.extent == self.extent)

    def without(self, axes: Iterable[Axis]) -> tuple[Axis, ...]:
        """The other letters."""
        return tuple(a for a in axes if a.extent != self.extent)
