"""Sums and other reductions as loops."""

from __future__ import annotations

from collections.abc import Sequence

from codegen.program.nodes import Reduce
from codegen.targets.c.integers import Int
from codegen.targets.c.loops import Block, Line, Loop, Node
from codegen.targets.c.shapes import View, shape_of
from codegen.targets.c.text import SUM, within
from codegen.targets.c.walks import Walks, cleared

_BEGIN = {"sum": "0", "prod": "1", "max": "-INFINITY", "min": "INFINITY"}


def reduce_nodes(walks: Walks, one: Reduce, view: View) -> list[Node]:
    """What fills `view` with a reduction of an element-wise array."""
    if one.op == "logsumexp":
        return _log_of_sum(walks, one, view)
    return _reduced(walks, one, view)


def _reduced(walks: Walks, one: Reduce, view: View) -> list[Node]:
    inner, shape = one.of.axes[-1:], shape_of(one.of, walks.scope)
    assert len(shape) == len(one.of.axes), "a reduction of an array without hidden axes"
    if inner and inner[0] not in one.letters and one.op in ("sum", "prod"):
        return _by_rows(walks, one, view, shape)
    return _one_by_one(walks, one, view, shape)


def _by_rows(walks: Walks, one: Reduce, view: View, shape: Sequence[Int]) -> list[Node]:
    """Row after row is added to the result, in the order of memory."""
    letters = walks.letters(one.of.axes)
    sign = "+=" if one.op == "sum" else "*="

    def add(places: Sequence[Int]) -> list[Node]:
        at = dict(zip(one.of.axes, places, strict=True))
        text, _ = walks.entries.number(one.of, places)
        return [Line(f"{view.home.name}[{view.index([at[a] for a in one.axes])}] {sign} {text};")]

    return [*cleared(walks, view, _BEGIN[one.op]), *walks.loops(letters, shape, add)]


def _one_by_one(walks: Walks, one: Reduce, view: View, shape: Sequence[Int]) -> list[Node]:
    """Each entry of the result by itself; a sum to one number, in double precision."""
    extent = dict(zip(one.of.axes, shape, strict=True))
    names = dict(zip(one.of.axes, walks.letters(one.of.axes), strict=True))
    kind = "double" if one.op == "sum" and not one.axes else "real"

    def entry(places: Sequence[Int]) -> list[Node]:
        at = dict(zip(one.axes, places, strict=True))

        def add(inner: Sequence[Int]) -> list[Node]:
            where = {**at, **dict(zip(one.letters, inner, strict=True))}
            text, _ = walks.entries.number(one.of, [where[a] for a in one.of.axes])
            return [Line(_step(walks, one.op, text))]

        run = [names[a] for a in one.letters]
        loops = walks.loops(run, [extent[a] for a in one.letters], add)
        index = view.index(places)
        cast = "(real)" if kind == "double" else ""
        return [
            Line(f"{kind} total = {_BEGIN[one.op]};"),
            *_summed(loops, one.op),
            Line(f"{view.home.name}[{index}] = {cast}total;"),
        ]

    kept = walks.loops([names[a] for a in one.axes], [extent[a] for a in one.axes], entry)
    return kept if one.axes else [Block(tuple(kept))]


def _summed(loops: list[Node], op: str) -> list[Node]:
    """The innermost loop, marked as a sum whose order is free."""
    loop = loops[0]
    if op != "sum" or not isinstance(loop, Loop):
        return loops
    if isinstance(loop.body[0], Loop):
        return [Loop(loop.letter, loop.extent, tuple(_summed(list(loop.body), op)))]
    return [Loop(loop.letter, loop.extent, loop.body, head="SUM(total)")]


def _step(walks: Walks, op: str, text: str) -> str:
    match op:
        case "sum":
            return f"total += {text};"
        case "prod":
            return f"total *= {text};"
        case _:
            name = "greater" if op == "max" else "smaller"
            walks.scope.used.functions.add(name)
            return f"total = {name}(total, {text});"


def _log_of_sum(walks: Walks, one: Reduce, view: View) -> list[Node]:
    """log(sum(exp(a))), shifted by the largest entry."""
    extent = dict(zip(one.of.axes, shape_of(one.of, walks.scope), strict=True))
    names = dict(zip(one.of.axes, walks.letters(one.of.axes), strict=True))
    walks.scope.used.functions |= {"greater", "exponential", "logarithm"}

    def entry(places: Sequence[Int]) -> list[Node]:
        at = dict(zip(one.axes, places, strict=True))

        def term(inner: Sequence[Int]) -> str:
            where = {**at, **dict(zip(one.letters, inner, strict=True))}
            return within(walks.entries.number(one.of, [where[a] for a in one.of.axes]), SUM)

        run, extents = [names[a] for a in one.letters], [extent[a] for a in one.letters]
        most = walks.loops(run, extents, lambda p: [Line(f"most = greater(most, {term(p)});")])
        total = walks.loops(
            run, extents, lambda p: [Line(f"total += exponential({term(p)} - most);")]
        )
        return [
            Line("real most = -INFINITY, total = 0;"),
            *most,
            Line("most = most - most == 0 ? most : 0;"),
            *_summed(total, "sum"),
            Line(f"{view.home.name}[{view.index(places)}] = most + logarithm(total);"),
        ]

    kept = walks.loops([names[a] for a in one.axes], [extent[a] for a in one.axes], entry)
    return kept if one.axes else [Block(tuple(kept))]
