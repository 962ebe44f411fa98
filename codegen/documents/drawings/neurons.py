"""The textbook's picture of a small fully connected network: circles are units, lines weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from codegen.documents.drawings.extents import of_sample
from codegen.documents.drawings.marks import Box, Circle, Drawing, Label, Line, Mark, framed
from codegen.latex.symbol import Symbol
from codegen.latex.symbols import Names, with_one
from codegen.latex.unicode_text import plain
from derive.ir.notation import Mul
from derive.ir.system import Layer, System
from derive.ir.tree import equation_reads, reads

MOST_UNITS = 8
_MOST_LAYERS = 6

# in em
_RADIUS, _APART, _ACROSS = 1.35, 3.3, 8.5
_TITLE, _END = 1.2, 4.6


@dataclass(frozen=True)
class _Column:
    """Units one below the other: their symbol, how many, and the layer that they are of."""

    symbol: Symbol
    count: int
    title: str
    weights: str
    kind: str


def units(system: System, names: Names) -> Drawing | None:
    """The drawing; None where the net isn't small, or isn't a chain of fully connected layers."""
    columns = _columns(system, names)
    if columns is None:
        return None
    target = [t for t in system.having("target") if len(of_sample(system, t.name)) <= 1]
    if len(target) != 1 or system.objective is None:
        return None
    marks = list(_marks(columns, str(names[target[0].name]), str(names[system.objective])))
    layers = " → ".join(
        f"{plain(str(c.symbol))} ({c.count}{', ' + c.title if c.title else ''})" for c in columns
    )
    objective = plain(str(names[system.objective]))
    return framed(
        marks,
        f"{layers} → {objective}; {plain(str(names[target[0].name]))} → {objective}",
        "network",
    )


def _columns(system: System, names: Names) -> list[_Column] | None:
    inputs = system.having("input")
    if len(inputs) != 1 or not 1 <= len(system.origin.layers) <= _MOST_LAYERS:
        return None
    before = inputs[0].name
    count = _count(system, before)
    if count is None:
        return None
    columns = [_Column(names.of(before), count, "", "", "input")]
    for layer in system.origin.layers:
        count = _count(system, layer.output)
        if count is None or layer.inputs != (before,) or not _is_full(system, layer):
            return None
        equation_blocks = layer.activation in ("", "identity")
        title = layer.type if equation_blocks else f"{layer.type}, {layer.activation}"
        own = [t for t in layer.tensors if system.table[t].role == "parameter"]
        weights = ", ".join(str(names[t]) for t in own)
        columns.append(_Column(names.of(layer.output), count, title, weights, "layer"))
        before = layer.output
    return columns


def _count(system: System, tensor: str) -> int | None:
    """The number of units of a sample, if few; None for what isn't a vector a sample."""
    shape = of_sample(system, tensor)
    count = shape[0].number if len(shape) == 1 else None
    return count if count is not None and 1 <= count <= MOST_UNITS else None


def _is_full(system: System, layer: Layer) -> bool:
    """Whether each unit is a weighted sum of all that comes in, and the rest works unit by unit."""
    sources = set(layer.inputs)
    summed = False
    for tensor in layer.tensors:
        equation = system.defined.get(tensor)
        if equation is None:
            continue
        if with_one(equation) in sources:
            sources.add(tensor)
            continue
        full = [
            t
            for t in equation.terms
            if t.reduce == "sum"
            and len(t.reduced) == 1
            and isinstance(t.body, Mul)
            and {system.table[r.tensor].role for r in reads(t.body) if r.tensor not in sources}
            == {"parameter"}
            and any(r.tensor in sources for r in reads(t.body))
        ]
        others = [t for t in equation.terms if t not in full]
        summed = summed or len(full) == 1
        if any(t.reduced for t in others) or (
            len(full) != 1 and _reads_any(system, tensor, sources)
        ):
            return False
    return summed


def _reads_any(system: System, tensor: str, sources: set[str]) -> bool:
    return any(r.tensor in sources for r in equation_reads(system.defined[tensor]))


# ---- marks ---------------------------------------------------------------------------------------


def _marks(columns: list[_Column], target: str, objective: str) -> Iterator[Mark]:
    places = [[(k * _ACROSS, y) for y in _heights(c.count)] for k, c in enumerate(columns)]
    for left, right in pairwise(places):
        for x, y in left:
            for x2, y2 in right:
                yield Line(_between((x, y), (x2, y2)), arrow=False, kind="weight")
    end = (len(columns) - 1) * _ACROSS + _END + _RADIUS
    for x, y in places[-1]:
        yield Line(_between((x, y), (end, 0.0)), arrow=True)
    below = 4.0
    yield Line(((end, below - _RADIUS), (end, _RADIUS)), dashed=True)
    for column, spots in zip(columns, places, strict=True):
        for k, (x, y) in enumerate(spots):
            yield Circle(x, y, _RADIUS, column.kind)
            yield Label(x, y, column.symbol.at(str(k)), small=True)
    yield Circle(end, 0.0, _RADIUS, "objective")
    yield Label(end, 0.0, objective)
    yield Box(end, below, 2 * _RADIUS, 2 * _RADIUS, "target")
    yield Label(end, below, target)
    top = min(y for spots in places for _, y in spots) - _RADIUS - _TITLE
    bottom = max(y for spots in places for _, y in spots) + _RADIUS + _TITLE
    for k, column in enumerate(columns[1:], 1):
        yield Label(k * _ACROSS, bottom, column.title, math=False, small=True)
        yield Label((k - 0.5) * _ACROSS, top, column.weights, small=True)


def _heights(count: int) -> list[float]:
    return [(k - (count - 1) / 2) * _APART for k in range(count)]


def _between(
    one: tuple[float, float], other: tuple[float, float]
) -> tuple[tuple[float, float], tuple[float, float]]:
    """From the edge of one circle to the edge of the other."""
    dx, dy = other[0] - one[0], other[1] - one[1]
    part = _RADIUS / (dx * dx + dy * dy) ** 0.5
    return (
        (one[0] + part * dx, one[1] + part * dy),
        (other[0] - part * dx, other[1] - part * dy),
    )
