"""A contraction of two arrays: loops around calls of `product`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from codegen.program.nodes import Array, Dot, Load, Reshape, Spread, Window
from codegen.targets.c.integers import Int, whole
from codegen.targets.c.loops import Line, Node
from codegen.targets.c.shapes import View, extents_of, shape_of, strides_of, view_of
from codegen.targets.c.walks import Walks, cleared
from derive.ir.notation import Axis


@dataclass(frozen=True)
class Strided:
    """An operand in memory: how far one step along each letter leads."""

    name: str
    start: Int
    strides: dict[Axis, Int]


def dot_nodes(walks: Walks, dot: Dot, view: View) -> list[Node]:
    """What fills `view` with the contraction."""
    extents = extents_of((dot.left, dot.right), walks.scope)
    left, right = _operand(walks, dot.left), _operand(walks, dot.right)
    out = Strided(view.home.name, view.start, dict(zip(dot.axes, view.strides, strict=True)))
    before = [*cleared(walks, view)]
    rows = [a for a in dot.left.axes if a in dot.axes and a not in dot.right.axes]
    columns = [a for a in dot.right.axes if a in dot.axes and a not in dot.left.axes]
    both = [a for a in dot.left.axes if a in dot.right.axes]
    batch = [a for a in both if a in dot.axes]
    summed = [a for a in both if a not in dot.axes]
    m, rows = _merged(rows, (left, out), extents)
    n, columns = _merged(columns, (right, out), extents)
    k, summed = _merged(summed, (left, right), extents)
    outer = [*batch, *rows, *columns, *summed]
    walks.scope.used.functions.add("product")

    def call(places: Sequence[Int]) -> list[Node]:
        at = dict(zip(outer, places, strict=True))
        sides = (left, m, k), (right, k, n), (out, m, n)
        texts = [_side(side, at, one, two) for side, one, two in sides]
        sizes = ", ".join(str(g.extent) for g in (m, n, k))
        return [Line(f"product({sizes}, {', '.join(texts)});")]

    letters = walks.letters(outer)
    return before + walks.loops(letters, [extents[a] for a in outer], call)


@dataclass(frozen=True)
class Group:
    """Letters that are walked as one: their last, and how far it all reaches."""

    last: Axis | None
    extent: Int


def _side(side: Strided, at: dict[Axis, Int], one: Group, two: Group) -> str:
    start = side.start
    for axis, place in at.items():
        start = start + place * side.strides.get(axis, Int())
    strides = [side.strides.get(g.last, Int()) if g.last else Int() for g in (one, two)]
    address = side.name if start.number == 0 else f"{side.name} + {start}"
    return f"{address}, {strides[0]}, {strides[1]}"


def _merged(
    axes: list[Axis], sides: tuple[Strided, Strided], extents: dict[Axis, Int]
) -> tuple[Group, list[Axis]]:
    """The last letters that lie one behind the other in both sides as one, and the others."""
    if not axes:
        return Group(None, whole(1)), []
    ordered = list(axes)
    last, extent = ordered.pop(), None
    extent = extents[last]
    inner, reach = last, extent
    while ordered:
        before = ordered[-1]
        steps = [(s.strides.get(before, Int()), s.strides.get(last, Int())) for s in sides]
        if any(outer != step * reach for outer, step in steps):
            break
        inner, reach = before, reach * extents[before]
        ordered.pop()
    assert inner is not None
    return Group(last, reach), ordered


def _operand(walks: Walks, array: Array) -> Strided:
    """An operand as a part of memory; where it isn't one, it becomes one."""
    found = strided(walks, array)
    if found is None:
        found = strided(walks, walks.stored(array, stem=f"{walks.stem}_side"))
        assert found is not None
    return found


def strided(walks: Walks, array: Array) -> Strided | None:
    """An array as a part of memory."""
    positional = _positional(walks, array)
    if positional is None:
        return None
    name, start, strides = positional
    if len(strides) != len(array.axes):
        return None
    return Strided(name, start, dict(zip(array.axes, strides, strict=True)))


def _positional(walks: Walks, array: Array) -> tuple[str, Int, list[Int]] | None:
    scope = walks.scope
    match array:
        case Load(tensor, picks):
            home = scope.home(tensor)
            if home.integer or home.number:
                return None
            view = view_of(home, picks, scope)
            strides = [
                Int() if n.number == 1 else s for n, s in zip(view.shape, view.strides, strict=True)
            ]
            return home.name, view.start, strides
        case Spread(of, axes):
            smaller = strided(walks, of)
            if smaller is None:
                return None
            return smaller.name, smaller.start, [smaller.strides.get(a, Int()) for a in axes]
        case Reshape(of, _, _):
            inner = _positional(walks, of)
            if inner is None:
                return None
            return inner[0], inner[1], list(strides_of(shape_of(array, scope)))
        case Window(of, position, start, runs):
            inner = _positional(walks, of)
            if inner is None or not _never_outside(walks, array):
                return None
            name, first, strides = inner
            step = strides[position]
            walked = [step * by for by, _, _ in runs]
            first = first + scope.integer(start) * step
            return name, first, [*strides[:position], *walked, *strides[position + 1 :]]
        case _:
            return None


def _never_outside(walks: Walks, window: Window) -> bool:
    scope = walks.scope
    extent = shape_of(window.of, scope)[window.position]
    low = high = scope.integer(window.start)
    for step, _, count in window.runs:
        last = scope.integer(count) - 1
        low = low + (last * step if step < 0 else 0)
        high = high + (last * step if step > 0 else 0)
    return scope.inside(low, extent)[0] and scope.inside(high, extent)[1]
