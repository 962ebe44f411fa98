"""The context in which one term is lowered: letters in order, those of loops, their ranges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from codegen.program.nodes import Array, Count, Map, Spread
from derive.ir.notation import Affine, Axis, Expr, Tensor
from derive.ir.tree import affine_axes


@dataclass(frozen=True)
class TermContext:
    """The context in which one term is lowered.

    `fixed` letters are a loop's, integers in the program; `ranges` narrows letters to a part of
    their extent; `order` is the order of axes that results should have; `known`
    differences are at least 0; `lowered` are parts of the term that are arrays already.
    """

    table: Mapping[str, Tensor]
    order: tuple[Axis, ...]
    fixed: frozenset[Axis] = frozenset()
    ranges: Mapping[Axis, tuple[int, Affine]] = field(default_factory=dict)
    known: frozenset[Affine] = frozenset()
    lowered: Mapping[Expr, Array] = field(default_factory=dict)

    def span(self, axis: Axis) -> tuple[int, Affine]:
        """The range over which a letter runs here."""
        return self.ranges.get(axis, (0, axis.extent))

    def length(self, axis: Axis) -> Affine:
        """How many places that range has."""
        start, stop = self.span(axis)
        return stop - start

    def spread(self, array: Array, axes: tuple[Axis, ...]) -> Array:
        """The array with exactly these axes in this order."""
        if array.axes == axes:
            return array
        return Spread(array, axes, self.shape(axes))

    def shape(self, axes: tuple[Axis, ...]) -> tuple[Affine, ...]:
        """How many places the letters' ranges have."""
        return tuple(self.length(a) for a in axes)

    def count(self, value: Affine, *, as_float: bool = True) -> Count:
        """An integer, or an array of the integers that it is over the letters' ranges."""
        axes = self.free(affine_axes(value))
        spans = tuple((a, *self.ranges[a]) for a in axes if a in self.ranges)
        return Count(value, axes, as_float, spans)

    def free(self, letters: Iterable[Axis]) -> tuple[Axis, ...]:
        """The letters that are axes, in order."""
        present = {a for a in letters if a not in self.fixed}
        return tuple(a for a in self.order if a in present)

    def union(self, arrays: Iterable[Array]) -> tuple[Axis, ...]:
        """The axes of a result that arrays broadcast to."""
        return self.free(a for array in arrays for a in array.axes)


def mapped(function: str, args: Sequence[Array], context: TermContext) -> Array:
    """A function of arrays, over all of their axes."""
    return Map(function, tuple(args), context.union(args))
