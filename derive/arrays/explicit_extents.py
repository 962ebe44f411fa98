"""Ones and identities with their extents, so that an expression can be read where nothing else
says how long they are: `ones(n)`, `eye(n)`."""

from __future__ import annotations

from dataclasses import replace

from derive.arrays.broadcast import closer
from derive.arrays.entries import ANY, Entries, Shape
from derive.arrays.nodes import (
    Determinant,
    Diagonal,
    Entrywise,
    Fill,
    Identity,
    Inverse,
    Norm,
    Product,
    Reduce,
    Trace,
    Transpose,
    Whole,
)
from derive.arrays.to_equations import Elaborator


def sized(node: Whole, shape: Shape, elaborator: Elaborator) -> Whole:
    """The same where an array of that shape is wanted; vectors are columns."""

    def own(part: Whole) -> Whole:
        return sized(part, elaborator.entries(part).shape, elaborator)

    match node:
        case Fill(shape=None) if ANY not in shape and len(shape) == 1:
            return replace(node, shape=shape)
        case Identity(size=None) if ANY not in shape and len(shape) == 2:
            return replace(node, size=shape[0])
        case Product(left=Fill(value=one, shape=None), right=Transpose(of=Fill(value=other))) if (
            ANY not in shape and len(shape) == 2
        ):
            return Fill(one * other, shape)
        case Product(left=left, right=right):
            a, b = elaborator.entries(left), elaborator.entries(right)
            first, second = _sides(a, b, shape)
            return replace(
                node,
                left=sized(left, first, elaborator),
                right=sized(right, second, elaborator),
            )
        case Transpose(of=of, axes=None):
            return replace(node, of=sized(of, tuple(reversed(shape)), elaborator))
        case Entrywise(args=args):
            wanted = [shape if elaborator.entries(a).rank else () for a in args]
            parts = zip(args, wanted, strict=True)
            return replace(node, args=tuple(sized(a, s, elaborator) for a, s in parts))
        case Diagonal(of=of):
            rank = elaborator.entries(of).rank
            return replace(node, of=sized(of, shape[:1] * rank, elaborator))
        case Reduce(of=of) | Trace(of=of) | Norm(of=of) | Inverse(of=of) | Determinant(of=of):
            return replace(node, of=own(of))
        case _:
            return node


def _sides(a: Entries, b: Entries, shape: Shape) -> tuple[Shape, Shape]:
    """The shapes of a product's factors: an axis that is open is as long as the other says."""
    if not a.rank or not b.rank:
        return a.shape, b.shape
    if a.rank == b.rank == 1 and (a.lies, b.lies) == ("column", "row"):
        return shape[:1], shape[1:]
    inner = closer(a.shape[-1], b.shape[0])
    rows, columns = a.shape[:-1], b.shape[1:]
    if rows and shape:
        rows = (closer(rows[0], shape[0]),)
    if columns and shape:
        columns = (closer(columns[0], shape[-1]),)
    return (*rows, inner), (inner, *columns)
