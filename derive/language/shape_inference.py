"""Shapes of a layer's output, inferred layer by layer before the whole is assembled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from derive.ir.notation import Affine
from derive.language.extent_inference import Node, Sizes, Slot, infer
from derive.language.occurrences import bound_letters
from derive.language.scope import Scoped, ranks, resolve
from derive.language.syntax import Refused, Written

Shape = tuple[Affine, ...]


@dataclass(frozen=True)
class InferredShapes:
    """The shapes of all tensors whose every extent is known, and what is open of the others.

    `open` has a letter for an axis where one walks it plainly, else the axis itself.
    """

    shapes: Mapping[str, Shape]
    open: tuple[str | Slot, ...]


def shapes_of(
    equations: Sequence[Written],
    known: Mapping[str, Shape],
    scalars: frozenset[str],
    sizes: Sizes,
    problems: list[str],
) -> InferredShapes:
    """The shapes of the tensors of a few equations, from those of the tensors that are known.

    `scalars` are names without axes; `sizes` gives the extents of letters and of further axes.
    """
    try:
        rank = ranks(equations, {n: len(s) for n, s in known.items()})
    except Refused as refused:
        problems.append(str(refused))
        return InferredShapes({}, ())
    names = {*rank, *known, *scalars, *(e.tensor for e in equations)}
    without_axes = frozenset(n for n in names if rank.get(n, 0) == 0)
    scoped: list[Scoped] = []
    for equation in equations:
        try:
            scoped.append(resolve(equation, rank, without_axes, frozenset(names)))
        except Refused as refused:
            problems.append(str(refused))
    given = replace(sizes, slots={**Sizes.of(known).slots, **sizes.slots})
    extents = infer(scoped, rank, given, problems)
    walked: dict[Node, str] = {}
    for one in scoped:
        for var in (*one.left, *bound_letters(one.right)):
            walked.setdefault(extents.root(var), var.name)
    shapes: dict[str, Shape] = {}
    open_: dict[str | Slot, None] = {}
    for name in sorted(names):
        shape = [extents.get((name, k)) for k in range(rank.get(name, 0))]
        for k, extent in enumerate(shape):
            if extent is None:
                slot: Slot = (name, k)
                open_[walked.get(extents.root(slot), slot)] = None
        if None not in shape:
            shapes[name] = tuple(e for e in shape if e is not None)
    for one in scoped:
        for var in bound_letters(one.right):
            if extents.get(var) is None:
                open_[var.name] = None
    return InferredShapes(shapes, tuple(open_))
