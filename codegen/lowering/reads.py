"""Reads -> slices, windows, gathers: what of a tensor one subscripted read is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codegen.lowering.context import TermContext, mapped
from codegen.program.nodes import (
    Array,
    At,
    Choose,
    Load,
    Pick,
    Reshape,
    Span,
    Take,
    Value,
    Whole,
    Window,
)
from derive.algebra.conditions import decide
from derive.algebra.index_rules import bounds, surely_not_negative
from derive.ir.notation import (
    Affine,
    Axis,
    Compare,
    Dim,
    Expr,
    FloorDiv,
    Index,
    Logic,
    Mod,
    Read,
    Tensor,
    affine,
)
from derive.ir.tree import affine_axes, index, index_reads, letters, number, reads

Run = tuple[int, Axis, Affine]  # of a window: the step, the letter, the count


def lower_read(read: Read, context: TermContext, as_integer: bool = False) -> Array:
    """One read: a slice where it can be one, else a window or a gather; 0 outside the tensor."""
    tensor = context.table[read.tensor]
    uses: dict[Axis, int] = {}
    for subscript in read.subscripts:
        for axis in context.free(affine_axes(subscript)):
            uses[axis] = uses.get(axis, 0) + 1
    picks: list[Pick] = []
    layout: list[Axis | int] = []
    windows: dict[int, tuple[Affine, tuple[tuple[int, Axis, Affine], ...]]] = {}
    outside: list[Expr] = []
    shape = list(tensor.shape)
    for k, (subscript, extent) in enumerate(zip(read.subscripts, tensor.shape, strict=True)):
        free = context.free(affine_axes(subscript))
        simple = all(isinstance(a, Axis | Dim) for a, _ in subscript.terms)
        if not free and simple:
            picks.append(At(subscript))
            outside.extend(outside_of(subscript, extent, context.known))
            continue
        span = span_of(subscript, extent, context) if simple and len(free) == 1 else None
        if not simple or any(uses[a] > 1 for a in free):
            picks.append(Whole())
            layout.append(k)
        elif span is not None:
            picks.append(span)
            layout.append(free[0])
        else:
            runs = runs_of(subscript, free, context)
            part = part_of(*runs, extent)
            if part is not None:
                runs, shape[k] = (affine(0), runs[1]), part.length
            picks.append(Whole() if part is None else part.span(extent))
            windows[k] = runs
            layout.append(-1 - k)
    if not as_integer and any(decide(end) is False for end in outside):
        none = context.free(letters(read))
        return context.spread(Value(number(0)), none)
    axes = tuple(a for a in layout if isinstance(a, Axis))
    array: Array = Load(
        read.tensor,
        tuple(picks),
        axes,
        integer=tensor.integer and not as_integer,
        constant=tensor.role == "constant",
    )
    if outside:
        condition = outside[0] if len(outside) == 1 else Logic("and", tuple(outside))
        array = Choose(condition, array, None, array.axes)
    if windows:
        array = _tiled(array, layout, windows, shape, context)
        array = _windowed(array, layout, windows)
        axes = array.axes
    gathered = [(p, k) for p, k in enumerate(layout) if isinstance(k, int) and k >= 0]
    if gathered:
        array = _gathered(array, read, tensor, layout, context)
    return array


def outside_of(
    subscript: Affine, extent: Affine, known: frozenset[Affine] = frozenset()
) -> list[Expr]:
    """The conditions under which a place that a loop's letter names is inside the axis."""
    ends = (
        Compare(">=", Index(subscript), number(0)),
        Compare("<", Index(subscript), index(extent)),
    )
    return [end for end in ends if decide(end, known) is not True]


def span_of(subscript: Affine, extent: Affine, context: TermContext) -> Pick | None:
    """A slice, where `letter + c`, `step*letter + c` or `c - letter` stays inside the axis."""
    letter = context.free(affine_axes(subscript))[0]
    sign = subscript.coefficient(letter)
    start, stop = context.span(letter)
    if sign > 1:
        return _stepped(subscript - affine(letter) * sign, sign, (start, stop), extent)
    if abs(sign) != 1:
        return None
    rest = subscript - affine(letter) * sign
    first = rest + start if sign == 1 else rest - stop + 1
    last = rest + stop if sign == 1 else rest - start + 1
    low, high = bounds(first), bounds(extent - last)
    if low is None or high is None:
        return None
    if not surely_not_negative(low[0]) or not surely_not_negative(high[0]):
        return None
    if sign == -1 and first != affine(0) and not surely_not_negative(low[0] - 1):
        return None  # where this is 0, the slice would end at -1, which is the other side
    if sign == 1 and first == affine(0) and last == extent:
        return Whole()
    return Span(first, None if last == extent else last, reverse=sign == -1)


def _stepped(rest: Affine, step: int, reach: tuple[int, Affine], extent: Affine) -> Pick | None:
    first, last = rest + reach[0] * step, rest + (reach[1] - 1) * step
    after = (extent - last).number
    low = bounds(first)
    if after is None or after < 1 or low is None or not surely_not_negative(low[0]):
        return None
    return Span(first, None if after <= step else last + 1, step=step)


def runs_of(
    subscript: Affine, free: tuple[Axis, ...], context: TermContext
) -> tuple[Affine, tuple[Run, ...]]:
    """A subscript as the place where its letters begin, and a step and a count for each."""
    start = subscript
    runs = []
    for axis in free:
        step = subscript.coefficient(axis)
        start = start - affine(axis) * step + step * context.span(axis)[0]
        runs.append((step, axis, context.length(axis)))
    return start, tuple(runs)


def tiles(start: Affine, runs: Sequence[Run], extent: Affine) -> tuple[Run, ...] | None:
    """The runs as digits, the highest first, where they name each place of an axis just once."""
    if start != affine(0):
        return None
    ordered = sorted(runs, key=lambda run: -run[0])
    step = affine(1)
    for own, _, count in reversed(ordered):
        if affine(own) != step:
            return None
        if step.number is None:
            return None
        step = count * step.number
    return tuple(ordered) if step == extent else None


@dataclass(frozen=True)
class Part:
    """Places of an axis, one after the other, that lie inside it and aren't all of it."""

    start: int
    length: Affine

    def span(self, extent: Affine) -> Span:
        """The slice that they are."""
        last = self.length + self.start
        return Span(affine(self.start), None if last == extent else last)


def part_of(start: Affine, runs: Sequence[Run], extent: Affine) -> Part | None:
    """The part of an axis of which the runs are the digits; None where they are no such."""
    if start.number is None or extent.number is None or start.number < 0:
        return None
    length = affine(1)
    for _, _, count in runs:
        if count.number is None:
            return None
        length *= count.number
    inside = start.number + (length.number or 0) <= extent.number and length != extent
    return Part(start.number, length) if inside and tiles(affine(0), runs, length) else None


def _tiled(
    array: Array,
    layout: list[Axis | int],
    windows: Mapping[int, tuple[Affine, tuple[Run, ...]]],
    shape: Sequence[Affine],
    context: TermContext,
) -> Array:
    """Windows that lie side by side and fill their axis are a matter of shape."""
    wanted: list[Axis | int] = []
    for place in layout:
        digits = None
        if isinstance(place, int) and place < 0:
            start, runs = windows[-1 - place]
            digits = tiles(start, runs, shape[-1 - place])
        wanted.extend([a for _, a, _ in digits] if digits else [place])
    if wanted == layout:
        return array
    layout[:] = wanted
    extents = [
        context.length(a) if isinstance(a, Axis) else shape[a if a >= 0 else -1 - a] for a in wanted
    ]
    return Reshape(array, tuple(a for a in wanted if isinstance(a, Axis)), tuple(extents))


def _windowed(
    array: Array,
    layout: list[Axis | int],
    windows: Mapping[int, tuple[Affine, tuple[tuple[int, Axis, Affine], ...]]],
) -> Array:
    while any(isinstance(k, int) and k < 0 for k in layout):
        position = max(p for p, k in enumerate(layout) if isinstance(k, int) and k < 0)
        tag = layout[position]
        assert isinstance(tag, int)
        start, runs = windows[-1 - tag]
        layout[position : position + 1] = [axis for _, axis, _ in runs]
        axes = tuple(a for a in layout if isinstance(a, Axis))
        array = Window(array, position, start, runs, axes)
    return array


def _gathered(
    array: Array, read: Read, tensor: Tensor, layout: list[Axis | int], context: TermContext
) -> Array:
    positions, indices, checked = [], [], False
    for position, k in enumerate(layout):
        if not isinstance(k, int):
            continue
        subscript = read.subscripts[k]
        positions.append(position)
        indices.append(lower_index(subscript, context))
        reach = bounds(subscript)
        extent = tensor.shape[k]
        checked = checked or (
            reach is None
            or not surely_not_negative(reach[0])
            or not surely_not_negative(extent - 1 - reach[1])
        )
    first = context.union(indices)
    rest = tuple(a for a in layout if isinstance(a, Axis))
    return Take(array, tuple(positions), tuple(indices), (*first, *rest), checked)


def lower_index(subscript: Affine, context: TermContext) -> Array:
    """A subscript as an array of integers."""
    plain = Affine(
        tuple((a, c) for a, c in subscript.terms if isinstance(a, Axis | Dim)), subscript.constant
    )
    parts: list[Array] = []
    for atom, coefficient in sorted(subscript.terms, key=lambda pair: pair[1] < 0):
        match atom:
            case Read():
                part: Array = lower_read(atom, context, as_integer=True)
            case FloorDiv(of, by):
                part = mapped("//", [lower_index(of, context), Value(number(by))], context)
            case Mod(of, by):
                part = mapped("%", [lower_index(of, context), Value(number(by))], context)
            case _:
                continue
        if abs(coefficient) != 1:
            part = mapped("mul", [Value(number(abs(coefficient))), part], context)
        parts.append(part if coefficient > 0 else mapped("neg", [part], context))
    if plain.terms or plain.constant or not parts:
        parts.append(context.count(plain, as_float=False))
    return parts[0] if len(parts) == 1 else mapped("add", parts, context)


def reads_any(expr: Expr, names: frozenset[str]) -> bool:
    """Whether a body reads one of the tensors, in values or inside subscripts."""
    return any(r.tensor in names for r in (*reads(expr), *index_reads(expr)))
