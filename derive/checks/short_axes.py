"""A smaller model of the same form: the same equations over short axes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from derive.calculus.differentiate import differentiate
from derive.checks.points import run_time_extents, work
from derive.ir.derivation import Derivation
from derive.ir.notation import Affine, Axis, Equation, Read, Tensor, affine
from derive.ir.system import System
from derive.ir.tree import replace_reads, substitute, substitute_term


def instance(derivation: Derivation, most: int) -> Derivation:
    """The derivation, or, where its entries are too many, the same one over short axes."""
    small = derivation
    for longest in (5, 4, 3, 2):
        equations = (*small.forward, *small.backward, *small.inlined)
        if work(equations, run_time_extents(small)) <= most:
            break
        system = shrunk(derivation.system, longest)
        if system.tensors == small.system.tensors:
            continue
        small = differentiate(system, derivation.objective, derivation.wrt)
    return small


def shrunk(system: System, most: int) -> System:
    """The same equations over short axes: what is longer than `most` becomes about that long.

    Different extents stay different as far as they fit. The result is a model of its own, with
    derivatives of its own.
    """
    long = sorted(
        {n for t in system.tensors for e in t.shape if (n := e.number) is not None and n > most}
    )
    return resized(system, {n: max(2, most - min(k, 2)) for k, n in enumerate(reversed(long))})


def resized(system: System, new: Mapping[int, int]) -> System:
    """The same equations with other extents in the place of some."""

    def extent(value: Affine) -> Affine:
        number = value.number
        return value if number is None else Affine((), new.get(number, number))

    def equation(old: Equation) -> Equation:
        return _resized(old, extent, system.table)

    return replace(
        system,
        tensors=tuple(replace(t, shape=tuple(extent(e) for e in t.shape)) for t in system.tensors),
        equations=tuple(equation(e) for e in system.equations),
        updates=tuple(equation(e) for e in system.updates),
        assumptions=tuple(
            replace(
                a,
                axes=tuple(Axis(x.letter, extent(x.extent)) for x in a.axes),
                left=equation(a.left),
                right=substitute(
                    a.right, {x: affine(Axis(x.letter, extent(x.extent))) for x in a.axes}
                ),
            )
            for a in system.assumptions
        ),
    )


def _resized(
    equation: Equation, extent: Callable[[Affine], Affine], table: Mapping[str, Tensor]
) -> Equation:
    def axis(old: Axis) -> Axis:
        return Axis(old.letter, extent(old.extent))

    def moved(read: Read) -> Read:
        """A place counted from the end of an axis stays at the end."""
        parts = []
        for subscript, old in zip(read.subscripts, table[read.tensor].shape, strict=True):
            less = (old - extent(old)).number or 0
            beyond = less and subscript.constant >= (old.number or 0) - less
            parts.append(subscript - less if beyond else subscript)
        return Read(read.tensor, tuple(parts))

    terms = []
    for term in equation.terms:
        new = substitute_term(term, {a: affine(axis(a)) for a in term.domain})
        terms.append(replace(new, body=replace_reads(new.body, moved)))
    return replace(equation, axes=tuple(axis(a) for a in equation.axes), terms=tuple(terms))
