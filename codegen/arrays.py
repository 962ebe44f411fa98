"""Scalar bodies -> arrays with named axes: reads become slices or gathers, products dots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from codegen.contract import contract_order
from codegen.program import (
    Array,
    At,
    Choose,
    Count,
    Dot,
    Length,
    Load,
    Map,
    Pick,
    Reduce,
    Reshape,
    Span,
    Spread,
    Take,
    Value,
    Whole,
    Window,
)
from derive.conditions import conjuncts, decide, implied, not_negative
from derive.notation import (
    Add,
    Affine,
    Axis,
    Call,
    Compare,
    Constant,
    Dim,
    Expr,
    FloorDiv,
    Index,
    Logic,
    Mod,
    Mul,
    Number,
    Pow,
    Read,
    Tensor,
    affine,
)
from derive.numbers import as_decimal
from derive.rules import bounds, surely_not_negative
from derive.tree import (
    affine_axes,
    factors,
    index,
    index_reads,
    letters,
    mul,
    number,
    power,
    reads,
)

Run = tuple[int, Axis, Affine]  # of a window: the step, the letter, the count


@dataclass(frozen=True)
class Scene:
    """What holds while one term is lowered.

    `fixed` letters are a loop's, integers in the program; `ranges` narrows letters to a part of
    their extent; `order` is the order of axes that results should have; `known`
    differences are at least 0.
    """

    table: Mapping[str, Tensor]
    order: tuple[Axis, ...]
    fixed: frozenset[Axis] = frozenset()
    ranges: Mapping[Axis, tuple[int, Affine]] = field(default_factory=dict)
    known: frozenset[Affine] = frozenset()

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
        return Spread(array, axes, tuple(self.length(a) for a in axes))

    def count(self, value: Affine, *, as_float: bool = True) -> Count:
        """An integer, or an array of the integers that it is over the letters' ranges."""
        axes = self.free(affine_axes(value))
        spans = tuple((a, *self.ranges[a]) for a in axes if a in self.ranges)
        return Count(value, axes, as_float, spans)

    def free(self, found: Iterable[Axis]) -> tuple[Axis, ...]:
        """The letters that are axes, in order."""
        present = {a for a in found if a not in self.fixed}
        return tuple(a for a in self.order if a in present)

    def union(self, arrays: Iterable[Array]) -> tuple[Axis, ...]:
        """The axes of a result that arrays broadcast to."""
        return self.free(a for array in arrays for a in array.axes)


def lower(expr: Expr, scene: Scene) -> Array:
    """A body without reductions, as an array."""
    match expr:
        case Number() | Constant():
            return Value(expr)
        case Index(value):
            if not all(isinstance(a, Axis | Dim) for a, _ in value.terms):
                return _map("float", [lower_index(value, scene)], scene)
            return scene.count(value)
        case Read():
            return lower_read(expr, scene)
        case Add(args):
            return _map("add", [lower(a, scene) for a in args], scene)
        case Mul(args):
            return _quotient(args, scene)
        case Pow(base, Number(value)) if value < 0:
            below = lower(power(base, number(-value)), scene)
            return _map("div", [Value(number(1)), below], scene)
        case Pow(base, exponent):
            return _map("pow", [lower(base, scene), lower(exponent, scene)], scene)
        case Call("hold", (inside,)):
            return lower(inside, scene)
        case Call("where", (condition, yes, no)):
            if not scene.free(letters(condition)) and _is_known(condition, scene):
                true = replace(scene, known=scene.known | implied(condition))
                one, other = lower(yes, true), lower(no, scene)
                axes = scene.union([one, other])
                return Choose(condition, scene.spread(one, axes), scene.spread(other, axes), axes)
            padded = _padded(condition, yes, no, scene)
            if padded is not None:
                return padded
            parts = [_condition(condition, scene), lower(yes, scene), lower(no, scene)]
            return _map("where", parts, scene)
        case Call("delta", (left, right)):
            return _map("delta", [_integer(left, scene), _integer(right, scene)], scene)
        case Call(function, args):
            return _map(function, [lower(a, scene) for a in args], scene)
        case Compare() | Logic():
            return _condition(expr, scene)
        case _:
            raise AssertionError(f"{type(expr).__name__} can't be lowered")


def _map(function: str, args: Sequence[Array], scene: Scene) -> Array:
    return Map(function, tuple(args), scene.union(args))


def _padded(condition: Expr, yes: Expr, no: Expr, scene: Scene) -> Array | None:
    """A read with another number than 0 outside, where the condition says no more than inside."""
    if not isinstance(yes, Read) or letters(no) or list(reads(no)):
        return None
    shape = scene.table[yes.tensor].shape
    ends = {
        difference
        for subscript, extent in zip(yes.subscripts, shape, strict=True)
        for end in outside_of(subscript, extent)
        if (difference := not_negative(end)) is not None
    }
    said = {not_negative(p) for p in conjuncts(condition) if decide(p) is not True}
    return _filled(lower_read(yes, scene), lower(no, scene)) if said == ends else None


def _filled(array: Array, fill: Array) -> Array | None:
    match array:
        case Window(of=of):
            inner = _filled(of, fill)
            return None if inner is None else replace(array, of=inner, fill=fill)
        case Load() | Reshape():
            return array
        case _:
            return None


def _is_known(condition: Expr, scene: Scene) -> bool:
    """Whether a condition reads no array: Python decides it."""
    found = (*reads(condition), *index_reads(condition))
    return all(scene.table[r.tensor].role in ("mode", "constant") for r in found)


def _condition(expr: Expr, scene: Scene) -> Array:
    match expr:
        case Compare(op, left, right):
            return _map(op, [_integer(left, scene), _integer(right, scene)], scene)
        case Logic(op, args):
            return _map(op, [_condition(a, scene) for a in args], scene)
        case _:
            return lower(expr, scene)


def _integer(expr: Expr, scene: Scene) -> Array:
    """Letters stay integers where they are compared."""
    if isinstance(expr, Index):
        return lower_index(expr.value, scene)
    if isinstance(expr, Read) and scene.table[expr.tensor].integer:
        return lower_read(expr, scene, as_integer=True)
    return lower(expr, scene)


def _quotient(args: tuple[Expr, ...], scene: Scene) -> Array:
    """A product as numerator and denominator, the sign and whole numbers in front."""
    over: list[Expr] = []
    under: list[Expr] = []
    sign = False
    for arg in args:
        match arg:
            case Pow(base, Number(value)) if value < 0:
                under.append(power(base, number(-value)))
            case Number(value):
                sign = value < 0
                top, bottom = abs(value.numerator), value.denominator
                if as_decimal(value):
                    over.append(number(abs(value)))
                    continue
                if top != 1:
                    over.append(number(top))
                if bottom != 1:
                    under.append(number(bottom))
            case _:
                over.append(arg)
    parts = [lower(a, scene) for a in over]
    result = parts[0] if len(parts) == 1 else _map("mul", parts, scene) if parts else None
    if under:
        below = [lower(a, scene) for a in under]
        divisor = below[0] if len(below) == 1 else _map("mul", below, scene)
        result = _map("div", [result or Value(number(1)), divisor], scene)
    result = result or Value(number(1))
    return _map("neg", [result], scene) if sign else result


def lower_sum(core: Expr, run: tuple[Axis, ...], scene: Scene) -> Array:
    """The sum of a body over letters: a contraction where it is a product of several arrays."""
    absent = [a for a in run if a not in letters(core)]
    run = tuple(a for a in run if a not in absent)
    value = _contracted(core, run, scene) if run else lower(core, scene)
    for axis in absent:
        if scene.length(axis) != affine(1):
            value = _map("mul", [Length(scene.length(axis)), value], scene)
    return value


def _contracted(core: Expr, run: tuple[Axis, ...], scene: Scene) -> Array:
    groups = _groups(core, set(run), scene)
    arrays = [lower(g, _natural(g, scene)) for g in groups]
    if len(arrays) == 1:
        return _reduced(arrays[0], run, scene)
    while len(arrays) > 1:
        first, second = contract_order(arrays, run)
        left, right = arrays[first], arrays[second]
        others = [a for k, a in enumerate(arrays) if k not in (first, second)]
        needed = {a for other in others for a in other.axes}
        summed = tuple(a for a in run if a not in needed)
        arrays = [*others, _pair(left, right, summed, scene)]
    left_over = tuple(a for a in run if a in arrays[0].axes)
    return _reduced(arrays[0], left_over, scene)


def _natural(group: Expr, scene: Scene) -> Scene:
    """The order of axes that an array in the group has in memory, where one has them all."""
    wanted = set(scene.free(letters(group)))
    for read in reads(group):
        axes = tuple(a for s in read.subscripts if (a := s.axis) is not None and a in wanted)
        if len(axes) == len(read.subscripts) and set(axes) == wanted and len(axes) == len(wanted):
            return replace(scene, order=axes)
    return scene


def _reduced(array: Array, run: tuple[Axis, ...], scene: Scene) -> Array:
    if not run:
        return array
    return Reduce("sum", array, run, tuple(a for a in array.axes if a not in run))


def _pair(left: Array, right: Array, run: tuple[Axis, ...], scene: Scene) -> Array:
    """Two arrays multiplied and summed over `run`; letters of one alone are summed first."""
    left = _reduced(left, tuple(a for a in run if a in left.axes and a not in right.axes), scene)
    right = _reduced(right, tuple(a for a in run if a in right.axes and a not in left.axes), scene)
    shared = [a for a in run if a in left.axes and a in right.axes]
    if not shared:
        return _map("mul", [left, right], scene)
    both = [a for a in left.axes if a in right.axes and a not in shared]
    mine = [a for a in left.axes if a not in right.axes]
    theirs = [a for a in right.axes if a not in left.axes]
    place = {a: k for k, a in enumerate(scene.order)}
    if mine and theirs and min(place[a] for a in theirs) < min(place[a] for a in mine):
        left, right, mine, theirs = right, left, theirs, mine
    return Dot(left, right, (*both, *mine, *theirs))


def _groups(core: Expr, run: set[Axis], scene: Scene) -> list[Expr]:
    """The factors of a product, those with the same letters together."""
    found: list[tuple[frozenset[Axis], list[Expr]]] = []
    for factor in factors(core):
        mine = frozenset(scene.free(letters(factor)))
        for axes, parts in found:
            if axes == mine:
                parts.append(factor)
                break
        else:
            found.append((mine, [factor]))
    # a factor that adds no letter to another is multiplied in, unless it makes a product of two
    changed = True
    while changed and len(found) > 1:
        changed = False
        for k, (axes, parts) in enumerate(found):
            hosts = [h for h, (other, _) in enumerate(found) if h != k and axes < other]
            if hosts and (len(found) > 2 or not axes & run):
                host = min(hosts, key=lambda h: len(found[h][0]))
                merged = {id(p) for p in (*parts, *found[host][1])}
                together = [f for f in factors(core) if id(f) in merged]
                found[host] = (found[host][0], together)
                del found[k]
                changed = True
                break
    return [mul(*parts) for _, parts in found]


def lower_read(read: Read, scene: Scene, as_integer: bool = False) -> Array:
    """One read: a slice where it can be one, else a window or a gather; 0 outside the tensor."""
    tensor = scene.table[read.tensor]
    uses: dict[Axis, int] = {}
    for subscript in read.subscripts:
        for axis in scene.free(affine_axes(subscript)):
            uses[axis] = uses.get(axis, 0) + 1
    picks: list[Pick] = []
    layout: list[Axis | int] = []
    windows: dict[int, tuple[Affine, tuple[tuple[int, Axis, Affine], ...]]] = {}
    outside: list[Expr] = []
    for k, (subscript, extent) in enumerate(zip(read.subscripts, tensor.shape, strict=True)):
        free = scene.free(affine_axes(subscript))
        simple = all(isinstance(a, Axis | Dim) for a, _ in subscript.terms)
        if not free and simple:
            picks.append(At(subscript))
            outside.extend(outside_of(subscript, extent, scene.known))
            continue
        span = _span(subscript, extent, scene) if simple and len(free) == 1 else None
        if not simple or any(uses[a] > 1 for a in free):
            picks.append(Whole())
            layout.append(k)
        elif span is not None:
            picks.append(span)
            layout.append(free[0])
        else:
            picks.append(Whole())
            windows[k] = runs_of(subscript, free, scene)
            layout.append(-1 - k)
    if not as_integer and any(decide(end) is False for end in outside):
        none = scene.free(letters(read))
        return scene.spread(Value(number(0)), none)
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
        array = _tiled(array, layout, windows, tensor.shape, scene)
        array = _windowed(array, layout, windows)
        axes = array.axes
    gathered = [(p, k) for p, k in enumerate(layout) if isinstance(k, int) and k >= 0]
    if gathered:
        array = _gathered(array, read, tensor, layout, scene)
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


def _span(subscript: Affine, extent: Affine, scene: Scene) -> Pick | None:
    """A slice, where a subscript `letter + c` or `c - letter` stays inside the axis."""
    letter = scene.free(affine_axes(subscript))[0]
    sign = subscript.coefficient(letter)
    if abs(sign) != 1:
        return None
    start, stop = scene.span(letter)
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


def runs_of(
    subscript: Affine, free: tuple[Axis, ...], scene: Scene
) -> tuple[Affine, tuple[Run, ...]]:
    """A subscript as the place where its letters begin, and a step and a count for each."""
    start = subscript
    runs = []
    for axis in free:
        step = subscript.coefficient(axis)
        start = start - affine(axis) * step + step * scene.span(axis)[0]
        runs.append((step, axis, scene.length(axis)))
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


def _tiled(
    array: Array,
    layout: list[Axis | int],
    windows: Mapping[int, tuple[Affine, tuple[Run, ...]]],
    shape: tuple[Affine, ...],
    scene: Scene,
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
        scene.length(a) if isinstance(a, Axis) else shape[a if a >= 0 else -1 - a] for a in wanted
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
    array: Array, read: Read, tensor: Tensor, layout: list[Axis | int], scene: Scene
) -> Array:
    positions, indices, checked = [], [], False
    for position, k in enumerate(layout):
        if not isinstance(k, int):
            continue
        subscript = read.subscripts[k]
        positions.append(position)
        indices.append(lower_index(subscript, scene))
        reach = bounds(subscript)
        extent = tensor.shape[k]
        checked = checked or (
            reach is None
            or not surely_not_negative(reach[0])
            or not surely_not_negative(extent - 1 - reach[1])
        )
    first = scene.union(indices)
    rest = tuple(a for a in layout if isinstance(a, Axis))
    return Take(array, tuple(positions), tuple(indices), (*first, *rest), checked)


def lower_index(subscript: Affine, scene: Scene) -> Array:
    """A subscript as an array of integers."""
    plain = Affine(
        tuple((a, c) for a, c in subscript.terms if isinstance(a, Axis | Dim)), subscript.constant
    )
    parts: list[Array] = []
    for atom, coefficient in sorted(subscript.terms, key=lambda pair: pair[1] < 0):
        match atom:
            case Read():
                part: Array = lower_read(atom, scene, as_integer=True)
            case FloorDiv(of, by):
                part = _map("//", [lower_index(of, scene), Value(number(by))], scene)
            case Mod(of, by):
                part = _map("%", [lower_index(of, scene), Value(number(by))], scene)
            case _:
                continue
        if abs(coefficient) != 1:
            part = _map("mul", [Value(number(abs(coefficient))), part], scene)
        parts.append(part if coefficient > 0 else _map("neg", [part], scene))
    if plain.terms or plain.constant or not parts:
        parts.append(scene.count(plain, as_float=False))
    return parts[0] if len(parts) == 1 else _map("add", parts, scene)


def reads_any(expr: Expr, names: frozenset[str]) -> bool:
    """Whether a body reads one of the tensors, in values or inside subscripts."""
    return any(r.tensor in names for r in (*reads(expr), *index_reads(expr)))
