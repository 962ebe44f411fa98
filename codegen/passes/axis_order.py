"""Expressions over tensors whose axes lie in another order: each array keeps its letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from codegen.program.nodes import (
    Array,
    At,
    Choose,
    Dot,
    Fold,
    Join,
    Load,
    Map,
    Reduce,
    Reshape,
    Spread,
    Take,
    Value,
    Window,
)
from codegen.program.walk import ARRAYS
from derive.ir.notation import Axis

Orders = Mapping[str, tuple[int, ...]]
Axes = tuple[Axis, ...]
_Entry = TypeVar("_Entry")


def turned_entries(entries: Sequence[_Entry], order: Sequence[int]) -> tuple[_Entry, ...]:
    """What is said of each axis, in another order of the axes."""
    return tuple(entries[k] for k in order)


def turned(array: Array, orders: Orders, wanted: Axes | None) -> Array:
    """The array over turned tensors; `wanted` is the order of axes where it is put, if that is new.

    Without one an element-wise expression takes the order in which all that fills it lies.
    """
    match array:
        case Load(tensor):
            return _load(array, orders[tensor]) if tensor in orders else array
        case Window() | Fold() | Reshape() | Take():
            return array  # what is counted by position isn't turned
        case Map() | Choose() | Join():
            over = ARRAYS.over(array, lambda part: turned(part, orders, wanted))
            axes = _as_it_lies(over) if wanted is None else _sorted(array.axes, wanted)
            return replace(over, axes=axes)
        case Spread(of, axes, shape):
            own = axes if wanted is None else _sorted(axes, wanted)
            lengths = dict(zip(axes, shape, strict=True))
            return Spread(turned(of, orders, wanted), own, tuple(lengths[a] for a in own))
        case Reduce(_, of, letters):
            inner = turned(of, orders, wanted)
            run = tuple(a for a in inner.axes if a in letters)
            kept = tuple(a for a in inner.axes if a not in letters)
            return replace(array, of=inner, letters=run, axes=kept)
        case Dot(left, right):
            left, right = turned(left, orders, wanted), turned(right, orders, wanted)
            if (left, right) == (array.left, array.right) and wanted is None:
                return array
            lying = tuple(dict.fromkeys((*left.axes, *right.axes)))
            return Dot(left, right, _of_product(array, lying if wanted is None else wanted))
        case _:
            return ARRAYS.over(array, lambda part: turned(part, orders, None))


def lies(array: Array, wanted: Axes) -> bool:
    """Whether an array comes out with its entries in memory in the order of these axes.

    A product is laid out anew; an element-wise expression lies as its parts do.
    """
    if tuple(a for a in wanted if a in array.axes) != array.axes:
        return False
    match array:
        case Map() | Choose() | Join():
            full = [p for p in ARRAYS.children(array) if set(p.axes) == set(array.axes)]
            return bool(full) and all(lies(p, wanted) for p in full)
        case Spread(of):
            return not of.axes or (set(of.axes) == set(array.axes) and lies(of, wanted))
        case _:
            return isinstance(array, Load | Dot | Value)


def _load(array: Load, order: tuple[int, ...]) -> Load:
    free = iter(array.axes)
    named = [None if isinstance(p, At) else next(free) for p in array.picks]
    axes = tuple(a for a in turned_entries(named, order) if a is not None)
    return replace(array, picks=turned_entries(array.picks, order), axes=axes)


def _as_it_lies(array: Array) -> Axes:
    """The order of the parts that have every axis, where they agree, else that of before."""
    full = {p.axes for p in ARRAYS.children(array) if set(p.axes) == set(array.axes)}
    return full.pop() if len(full) == 1 else array.axes


def _sorted(axes: Axes, wanted: Axes) -> Axes:
    """Those that are wanted in this order, the others behind them as they were."""
    return (*(a for a in wanted if a in axes), *(a for a in axes if a not in wanted))


def _of_product(array: Dot, wanted: Axes) -> Axes:
    """The axes of a product: those of both factors, of the left one, of the right one."""
    left, right = set(array.left.axes), set(array.right.axes)
    own = _sorted(array.axes, wanted)
    both = tuple(a for a in own if a in left & right)
    return (*both, *(a for a in own if a in left - right), *(a for a in own if a in right - left))
