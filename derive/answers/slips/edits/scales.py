"""What stands in a read's place or beside a product: other tensors, and numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from fractions import Fraction

from derive.answers.slips.evaluator import Bench
from derive.answers.slips.nested import Nested
from derive.answers.slips.positions import spots
from derive.answers.slips.samples import Target
from derive.ir.notation import (
    Call,
    Dim,
    Expr,
    Index,
    Mul,
    Number,
    Pow,
    Reduction,
    affine,
)
from derive.ir.tree import MINUS_ONE, index


def alike(goal: Target, without: Collection[str]) -> Mapping[str, tuple[str, ...]]:
    """For each tensor the others of its shape at this point."""
    right = goal.point.right
    shapes: dict[tuple[int, ...], list[str]] = {}
    for name, tensor in right.table.items():
        if tensor.integer or name in without:
            continue
        try:
            shapes.setdefault(right.shape(name), []).append(name)
        except (KeyError, ValueError):
            continue
    return {n: tuple(m for m in names if m != n) for names in shapes.values() for n in names}


def scales_of(bench: Bench, whole: Nested) -> Iterator[Expr]:
    """Factors that are left out or put in: 2, extents, and what corrects a variance."""
    two = Number(Fraction(2))
    yield two
    yield _inverse(two)
    axes = list(whole.axes)
    for spot in spots(whole):
        if isinstance(spot.node, Reduction):
            axes.extend(spot.node.axes)
    extents = [affine(Dim(name)) for name in bench.values.right.extents]
    extents.extend(a.extent for a in axes)
    sizes: list[Expr] = []
    for extent in dict.fromkeys(extents):
        number = extent.number
        if number is None or number > 2:
            sizes.append(index(extent))
    for size in sizes:
        yield size
        yield _inverse(size)
        yield Mul((two, _inverse(size)))
        yield Mul((_inverse(two), size))
        root = Call("sqrt", (size,))
        yield root
        yield _inverse(root)
    for size in sizes:
        if isinstance(size, Index):
            less = Index(size.value + -1)
            yield Mul((size, _inverse(less)))
            yield Mul((less, _inverse(size)))
    for one in sizes:
        for other in sizes:
            if one != other:
                yield Mul((one, _inverse(other)))


def _inverse(expr: Expr) -> Expr:
    return Pow(expr, MINUS_ONE)
