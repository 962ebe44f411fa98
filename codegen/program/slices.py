"""The slices of an array that picks along its axes are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from codegen.program.nodes import At, Pick, Span
from derive.ir.notation import Affine


def slices(picks: Sequence[Pick], integer: Callable[[Affine], int]) -> tuple[int | slice, ...]:
    """What stands in the brackets of a slice; `integer` works out subscripts."""
    return tuple(_slice(pick, integer) for pick in picks)


def _slice(pick: Pick, integer: Callable[[Affine], int]) -> int | slice:
    match pick:
        case At(place):
            return integer(place)
        case Span(start, stop, reverse, step):
            first = integer(start)
            last = None if stop is None else max(integer(stop), 0)
            if not reverse:
                return slice(first, last, step)
            return slice(None if last is None else last - 1, first - 1 if first else None, -1)
        case _:
            return slice(None)
