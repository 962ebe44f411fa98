"""How large arrays are, position by position, and where slices of tensors lie in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from codegen.program.nodes import (
    Array,
    At,
    Count,
    Fold,
    Join,
    Length,
    Load,
    Matrix,
    Pick,
    Reshape,
    Span,
    Spread,
    Take,
    Value,
    Whole,
    Window,
)
from codegen.program.walk import ARRAYS
from codegen.targets.c.integers import Int, product, whole
from codegen.targets.c.scope import Home, Scope
from derive.ir.notation import Axis


@dataclass(frozen=True)
class View:
    """A part of an array in memory: where it begins, and for each axis its extent and stride."""

    home: Home
    start: Int
    shape: tuple[Int, ...]
    strides: tuple[Int, ...]

    def index(self, places: Sequence[Int]) -> Int:
        """Where an entry lies."""
        steps = (p * s for p, s in zip(places, self.strides, strict=True))
        return sum(steps, Int()) + self.start

    @property
    def address(self) -> str:
        """A pointer to the first entry."""
        return self.home.name if self.start.number == 0 else f"{self.home.name} + {self.start}"

    @property
    def is_dense(self) -> bool:
        """Whether the entries lie one behind the other, in order."""
        return self.strides == strides_of(self.shape)


def strides_of(shape: Sequence[Int]) -> tuple[Int, ...]:
    """The strides of an array whose entries lie one behind the other."""
    return tuple(product(tuple(shape[k + 1 :])) for k in range(len(shape)))


def view_of(home: Home, picks: Sequence[Pick] | None, scope: Scope) -> View:
    """A slice of a tensor."""
    if picks is None:
        return View(home, Int(), home.shape, strides_of(home.shape))
    start, shape, strides = Int(), [], []
    for pick, extent, stride in zip(picks, home.shape, strides_of(home.shape), strict=True):
        match pick:
            case Whole():
                shape.append(extent)
                strides.append(stride)
            case At(place):
                start = start + scope.integer(place) * stride
            case Span(first, stop, reverse, step):
                low = scope.integer(first)
                high = extent if stop is None else scope.integer(stop)
                shape.append(_count(high - low, step, scope))
                start = start + (high - 1 if reverse else low) * stride
                strides.append(stride * (-1 if reverse else step))
    return View(home, start, tuple(shape), tuple(strides))


def _count(length: Int, step: int, scope: Scope) -> Int:
    return length if step == 1 else scope.divided(length + (step - 1), step, "/")


def shape_of(array: Array, scope: Scope) -> tuple[Int, ...]:
    """The extents of an array, at all its positions."""
    match array:
        case Load(tensor, _, axes) if scope.homes[tensor].number:
            return scope.shape(a.extent for a in axes)
        case Load(tensor, picks):
            return view_of(scope.homes[tensor], picks, scope).shape
        case Window(of, position, _, runs):
            counts = tuple(scope.integer(count) for _, _, count in runs)
            old = shape_of(of, scope)
            return (*old[:position], *counts, *old[position + 1 :])
        case Fold(of, position, size, _, runs):
            old = shape_of(of, scope)
            return (*old[:position], scope.integer(size), *old[position + len(runs) :])
        case Reshape(shape=shape):
            return scope.shape(shape)
        case Take(of, positions, indices, axes):
            letters = axes[: len({a for i in indices for a in i.axes})]
            first = extents_of(indices, scope)
            rest = (n for k, n in enumerate(shape_of(of, scope)) if k not in positions)
            return (*(first[a] for a in letters), *rest)
        case Spread(of, axes, shape):
            own = extents_of((of,), scope)
            return tuple(
                own[a] if a in own else scope.integer(e) for a, e in zip(axes, shape, strict=True)
            )
        case Join(parts, along, axes):
            sizes = [extents_of((p,), scope) for p in parts]
            total = sum((s[along] for s in sizes), Int())
            every = extents_of(parts, scope)
            return tuple(total if a == along else every[a] for a in axes)
        case Count(axes=axes, spans=spans):
            reach = {a: scope.integer(stop) - start for a, start, stop in spans}
            return tuple(reach[a] if a in reach else scope.integer(a.extent) for a in axes)
        case Matrix(_, of, letters, axes):
            reach = extents_of((of,), scope)
            return tuple(reach.get(a, reach[letters[0]]) for a in axes)
        case Value() | Length():
            return ()
        case _:
            parts = tuple(ARRAYS.children(array))
            own = extents_of(parts, scope)
            return tuple(own.get(a) or scope.integer(a.extent) for a in array.axes)


def extents_of(arrays: Sequence[Array], scope: Scope) -> dict[Axis, Int]:
    """How far letters run in arrays that broadcast against each other."""
    result: dict[Axis, Int] = {}
    for array in arrays:
        shape = shape_of(array, scope)
        if len(shape) != len(array.axes):
            continue
        for axis, extent in zip(array.axes, shape, strict=True):
            if axis not in result or result[axis].number == 1:
                result[axis] = extent
    return result


def whole_load(tensor: str, axes: tuple[Axis, ...], rank: int) -> Load:
    """All of a tensor."""
    return Load(tensor, (Whole(),) * rank, axes)


def one() -> Int:
    """An extent of 1."""
    return whole(1)
