"""Left subscripts that aren't plain letters: where along a tensor's axes a value goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from codegen.lowering.context import TermContext
from codegen.lowering.reads import Run, lower_index, outside_of, runs_of, span_of, tiles
from codegen.program.nodes import Array, At, Fold, Pick, Reshape, Span, Whole
from derive.ir.notation import Affine, Axis, Dim, Expr, affine
from derive.ir.tree import affine_axes


@dataclass(frozen=True)
class Target:
    """Where a value goes, axis by axis; axes with one fixed place are `inside` some conditions.

    `out` are the letters of the other axes. Under each of these a value has the letters of
    `layout`: one, the digits of a place, or those of a fold; none where integer `indices` name the
    place, at `positions` of `out`.
    """

    shape: tuple[Affine, ...]
    picks: tuple[Pick, ...]
    out: tuple[Axis, ...]
    layout: tuple[tuple[Axis, ...], ...]
    folds: tuple[tuple[int, Affine, tuple[Run, ...]], ...]
    tiled: bool
    positions: tuple[int, ...]
    indices: tuple[Array, ...]
    inside: tuple[Expr, ...]

    @property
    def rest(self) -> tuple[Axis, ...]:
        """The letters of axes at whose places a value lies as it is."""
        return tuple(a for k, a in enumerate(self.out) if k not in self.positions)

    @property
    def extents(self) -> tuple[Affine, ...]:
        """The extents of the axes that `out` names."""
        pairs = zip(self.picks, self.shape, strict=True)
        return tuple(e for p, e in pairs if not isinstance(p, At))


@dataclass
class _Axes:
    """A target as far as its axes were looked at."""

    context: TermContext
    uses: dict[Axis, int]
    picks: list[Pick] = field(default_factory=list)
    out: list[Axis] = field(default_factory=list)
    layout: list[tuple[Axis, ...]] = field(default_factory=list)
    folds: list[tuple[int, Affine, tuple[Run, ...]]] = field(default_factory=list)
    tiled: bool = False
    positions: list[int] = field(default_factory=list)
    indices: list[Array] = field(default_factory=list)
    inside: list[Expr] = field(default_factory=list)

    def look_at(self, subscript: Affine, extent: Affine, letter: Axis) -> None:
        """One more axis."""
        free = self.context.free(affine_axes(subscript))
        simple = all(isinstance(a, Axis | Dim) for a, _ in subscript.terms)
        if not free and simple:
            self.picks.append(At(subscript))
            self.inside.extend(outside_of(subscript, extent))
            return
        position = len(self.out)
        self.out.append(letter)
        if not simple or any(self.uses[a] > 1 for a in free):
            self.picks.append(Whole())
            self.indices.append(lower_index(subscript, self.context))
            self.positions.append(position)
            self.layout.append(())
        elif subscript.axis is not None and subscript.axis.extent == extent:
            self.picks.append(narrowed(subscript, self.context))
            self.layout.append(free)
        elif len(free) == 1 and (slice_ := span_of(subscript, extent, self.context)):
            self.picks.append(slice_)
            self.layout.append(free)
        else:
            self._walked(subscript, extent, free, position)

    def _walked(
        self, subscript: Affine, extent: Affine, free: tuple[Axis, ...], position: int
    ) -> None:
        """Several letters walk the axis: as digits of its places, or over each other."""
        self.picks.append(Whole())
        start, runs = runs_of(subscript, free, self.context)
        digits = tiles(start, runs, extent)
        if digits:
            self.tiled = True
            self.layout.append(tuple(a for _, a, _ in digits))
        else:
            self.folds.append((position, start, runs))
            self.layout.append(free)


def uses_of(target: Sequence[Affine], context: TermContext) -> dict[Axis, int]:
    """How many subscripts each letter stands in."""
    uses: dict[Axis, int] = {}
    for subscript in target:
        for axis in context.free(affine_axes(subscript)):
            uses[axis] = uses.get(axis, 0) + 1
    return uses


def target_of(
    target: Sequence[Affine],
    letters: Sequence[Axis],
    shape: tuple[Affine, ...],
    context: TermContext,
) -> Target:
    """Where the left subscripts of a term lead; `letters` are those of the tensor's axes."""
    axes = _Axes(context, uses_of(target, context))
    for subscript, extent, letter in zip(target, shape, letters, strict=True):
        axes.look_at(subscript, extent, letter)
    return Target(
        shape,
        tuple(axes.picks),
        tuple(axes.out),
        tuple(axes.layout),
        tuple(axes.folds),
        axes.tiled,
        tuple(axes.positions),
        tuple(axes.indices),
        tuple(axes.inside),
    )


def laid_out(value: Array, target: Target, first: tuple[Axis, ...], context: TermContext) -> Array:
    """The value with an axis for each of the target's, behind the `first` ones of its indices."""
    value = context.spread(value, (*first, *(a for group in target.layout for a in group)))
    for position, start, runs in reversed(target.folds):
        at = len(first) + sum(len(group) for group in target.layout[:position])
        after = (*value.axes[:at], target.out[position], *value.axes[at + len(runs) :])
        value = Fold(value, at, target.extents[position], start, runs, after)
    if not target.tiled:
        return value
    sizes = [context.length(a) for a in first]
    free = [p for p in target.picks if not isinstance(p, At)]
    for position, (pick, extent) in enumerate(zip(free, target.extents, strict=True)):
        if position not in target.positions:
            part = isinstance(pick, Span)
            sizes.append(context.length(target.layout[position][0]) if part else extent)
    return Reshape(value, (*first, *target.rest), tuple(sizes))


def short_first(target: Sequence[Affine], context: TermContext) -> tuple[Axis, ...]:
    """The order in which short letters of a left subscript come first: `_fold` loops over those."""
    short = dict.fromkeys(
        a
        for s in target
        if len(group := context.free(affine_axes(s))) > 1
        for a in group
        if a.extent.number is not None and a.extent != max((b.extent for b in group), key=_size)
    )
    return (*short, *(a for a in context.order if a not in short))


def _size(extent: Affine) -> float:
    return float("inf") if extent.number is None else extent.number


def narrowed(subscript: Affine, context: TermContext) -> Pick:
    """The part of an axis that a plain letter walks."""
    axis = subscript.axis
    if axis is None or axis not in context.ranges:
        return Whole()
    start, stop = context.ranges[axis]
    return Span(affine(start), None if stop == axis.extent else stop)
