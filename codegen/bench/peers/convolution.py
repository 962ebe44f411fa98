"""A contraction with windows is a correlation, for which libraries have one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from codegen.program.nodes import Array, Dot, Load, Value, Whole, Window
from derive.ir.notation import Affine, Axis
from derive.ir.tree import ZERO


@dataclass(frozen=True)
class Walk:
    """How a kernel goes along an axis: from `start` on, so many places, so far apart.

    `dilation` is how far apart its own `reach` entries lie.
    """

    start: int
    stride: int
    count: int
    dilation: int
    reach: int

    def ends(self, size: int) -> tuple[int, int]:
        """How many zeros stand before and behind an axis of this size."""
        last = self.start + self.stride * (self.count - 1) + self.dilation * (self.reach - 1)
        return -self.start, max(last + 1 - size, 0)


@dataclass(frozen=True)
class Convolution:
    """A correlation of `of`, batch and channels first, with a kernel under `kernel_axes`.

    `order` turns (batch, out, places) to the wanted axes.
    """

    of: Load
    kernel: Array
    kernel_axes: tuple[Axis, ...]
    walks: tuple[Walk, ...]
    order: tuple[int, ...]


def convolution(array: Dot, integer: Callable[[Affine], int]) -> Convolution | None:
    """The correlation that a contraction is, if it is one."""
    for windows, kernel in ((array.left, array.right), (array.right, array.left)):
        if isinstance(windows, Window) and not isinstance(kernel, Window):
            return _read(array, windows, kernel, integer)
    return None


def _read(
    array: Dot, windows: Window, kernel: Array, integer: Callable[[Affine], int]
) -> Convolution | None:
    nested = _nested(windows)
    of = nested[-1].of
    summed = [a for a in windows.axes if a in kernel.axes and a not in array.axes]
    out = [a for a in kernel.axes if a not in windows.axes]
    if not isinstance(of, Load) or of.integer or len(of.axes) != 2 or len(out) != 1:
        return None
    batch, channel = of.axes
    whole = all(isinstance(p, Whole) for p in of.picks)
    if not whole or [w.position for w in nested] != [*range(2, len(of.picks))]:
        return None
    walks: list[Walk] = []
    places: list[Axis] = []
    inside: list[Axis] = []
    for one in nested:
        runs = {a: (step, integer(count)) for step, a, count in one.runs}
        inner, outer = ([a for a in runs if (a in summed) == inside_] for inside_ in (True, False))
        start = integer(one.start)
        if len(inner) != 1 or len(outer) != 1 or start > 0 or _filled(one):
            return None
        walks.append(Walk(start, *runs[outer[0]], *runs[inner[0]]))
        places += outer
        inside += inner
    lying = (batch, out[0], *places)
    steps = (w.stride > 0 and w.dilation > 0 for w in walks)
    if set(summed) != {channel, *inside} or set(lying) != set(array.axes) or not all(steps):
        return None
    order = tuple(lying.index(a) for a in array.axes)
    return Convolution(of, kernel, (out[0], channel, *inside), tuple(walks), order)


def _nested(windows: Window) -> Sequence[Window]:
    result = [windows]
    while isinstance(result[-1].of, Window):
        result.append(result[-1].of)
    return result


def _filled(one: Window) -> bool:
    return one.fill not in (None, Value(ZERO))
