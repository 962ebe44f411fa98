"""The extents that are known only at run time, in subscripts, shapes and equations."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from derive.ir.notation import Affine, Axis, Dim, Equation, Index, Read, Tensor
from derive.ir.tree import SUBSCRIPTS, letters, walk


def dims_of_extent(extent: Affine) -> set[str]:
    """The run-time extents in one extent or subscript; those of its letters don't count."""
    return set(_dims(extent))


def dims_of(tensors: Iterable[Tensor]) -> set[str]:
    """The run-time extents in tensors' shapes."""
    return {d for t in tensors for e in t.shape for d in _dims(e)}


def equation_dims(equation: Equation, without: Collection[Axis] = ()) -> set[str]:
    """The run-time extents that an equation speaks of, but for those of some of its letters."""
    return {d for extent in _spoken(equation, without) for d in _dims(extent)}


def _spoken(equation: Equation, without: Collection[Axis]) -> Iterator[Affine]:
    axes = [*equation.axes]
    for term in equation.terms:
        axes += [*term.domain, *letters(term.body)]
        for node in walk(term.body):
            match node:
                case Read(_, subscripts):
                    yield from subscripts
                case Index(value):
                    yield value
                case _:
                    pass
    yield from (a.extent for a in axes if a not in without)


def _dims(value: Affine) -> Iterator[str]:
    return (node.name for node in SUBSCRIPTS.walk(value) if isinstance(node, Dim))
