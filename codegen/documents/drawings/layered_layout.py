"""Graphs as drawings: columns from left to right, in bands below each other where it takes several.

A node's column is the longest way to it. In a band every node has a lane, and so has a wire that
passes columns: the longest way takes the middle lane, what goes around it the lanes beside it. What
a later band needs leaves the band at its right and comes in again at the left of the next. The
same graph gives the same drawing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from codegen.documents.drawings.lanes import Band, Port
from codegen.documents.drawings.marks import Drawing, Mark, framed, moved
from codegen.documents.drawings.nodes import Net, Node
from codegen.documents.drawings.routing import Wired, wired
from codegen.latex.line_breaking import width as formula_width
from codegen.latex.unicode_text import plain

# in em
_WIDEST = 58.0
_SHAPES = (58.0, 72.0, 90.0, 110.0)
_PAGE = 1.25  # height by width
_BETWEEN, _TRACK = 1.5, 0.75


@dataclass(frozen=True)
class Graph:
    """Nodes in an order in which each stands behind what it needs, and the wires between them."""

    nodes: tuple[Node, ...]
    nets: tuple[Net, ...]


def drawn(graph: Graph) -> Drawing:
    """The graph's drawing, as many bands as it takes."""
    columns = _columns(graph)
    for widest in _SHAPES:
        drawing = framed(_marks(graph, columns, widest), _alternative(graph), "network")
        if drawing.height <= _PAGE * max(drawing.width, _WIDEST):
            break
    return drawing


def _alternative(graph: Graph) -> str:
    names = {n.key: n.name for n in graph.nodes}
    edges = []
    for net in graph.nets:
        label = ": ".join(plain(text).strip() for text in net.label if text)
        label = f" ({label})" if label else ""
        edges.append(f"{names[net.source]}{label} → {', '.join(names[s] for s in net.sinks)}")
    return "; ".join(edges)


# ---- columns and bands ---------------------------------------------------------------------------


def _columns(graph: Graph) -> tuple[tuple[Node, ...], ...]:
    """The nodes by the longest way to them; what needs nothing stands just before who needs it."""
    needs = {n.key: [net.source for net in graph.nets if n.key in net.sinks] for n in graph.nodes}
    users = {
        n.key: [s for net in graph.nets if net.source == n.key for s in net.sinks]
        for n in graph.nodes
    }
    rank: dict[str, int] = {}
    for node in graph.nodes:
        rank[node.key] = max((rank[k] + 1 for k in needs[node.key]), default=0)
    for node in graph.nodes:
        if not needs[node.key] and users[node.key]:
            rank[node.key] = max(0, min(rank[k] for k in users[node.key]) - 1)
    last = max(rank.values(), default=-1)
    return tuple(
        tuple(n for n in graph.nodes if rank[n.key] == k)
        for k in range(last + 1)
        if any(rank[n.key] == k for n in graph.nodes)
    )


def _bands(columns: Sequence[Sequence[Node]], graph: Graph, widest: float) -> list[tuple[int, int]]:
    """The cuts between columns: few bands, few wires from one to the next, much alike in width."""
    rank = {n.key: k for k, column in enumerate(columns) for n in column}
    wide = [_about(column, graph) for column in columns]
    crossing = [
        sum(rank[net.source] < k <= max(rank[s] for s in net.sinks) for net in graph.nets)
        for k in range(len(columns) + 1)
    ]
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(columns) + 1):
        options = []
        for start in range(end):
            total = sum(wide[start:end])
            if total > widest and end - start > 1:
                continue
            cost = 1.0 + 0.35 * max(0, crossing[start] - 1) + 0.5 * (total / widest) ** 2
            options.append((best[start][0] + cost, start))
        best.append(min(options))
    result: list[tuple[int, int]] = []
    end = len(columns)
    while end:
        result.append((best[end][1], end))
        end = best[end][1]
    return result[::-1]


def _about(column: Sequence[Node], graph: Graph) -> float:
    keys = {n.key for n in column}
    labels = [formula_width(t) for net in graph.nets if net.source in keys for t in net.label]
    return max(n.width for n in column) + max(labels, default=0.0) + 2.6


# ---- marks ---------------------------------------------------------------------------------------


def _marks(graph: Graph, columns: Sequence[tuple[Node, ...]], widest: float) -> list[Mark]:
    rank = {n.key: k for k, column in enumerate(columns) for n in column}
    cuts = _bands(columns, graph, widest)
    bands: list[Wired] = []
    before: tuple[str, ...] = ()
    for start, end in cuts:
        coming, going = [], []
        nets = []
        for net in graph.nets:
            here = tuple(s for s in net.sinks if start <= rank[s] < end)
            later = any(rank[s] >= end for s in net.sinks)
            known = rank[net.source] < start
            if known and (here or later):
                coming.append(Port(net.key))
            if later and rank[net.source] < end:
                going.append(Port(net.key))
            if (here or later) and rank[net.source] < end:
                nets.append((net, here))
        coming.sort(key=lambda p: before.index(p.net))
        band = wired(Band(tuple(columns[start:end]), tuple(nets), tuple(coming), tuple(going)))
        before = tuple(sorted(band.leaving, key=lambda k: band.leaving[k][1]))
        bands.append(band)
    return list(_stacked(bands))


def _stacked(bands: Sequence[Wired]) -> list[Mark]:
    """The bands below each other, with the wires from one to the next."""
    marks: list[Mark] = []
    top = 0.0
    left_of: dict[str, list[tuple[float, float]]] = {}
    for band in bands:
        # wires that come in: from the gutter above, down at the left
        coming = sorted(band.arriving, key=lambda key: band.arriving[key][1])
        dy = top - band.top
        for j, key in enumerate(coming):
            x, y = band.arriving[key]
            way = left_of.pop(key)
            at = -_TRACK * (j + 1)
            points = (*way, (at, way[-1][1]), (at, y + dy), (x, y + dy))
            marks.append(band.wire(key, points))
        marks.extend(moved(m, 0.0, dy) for m in band.marks)
        bottom = top + band.bottom - band.top
        going = sorted(band.leaving, key=lambda key: band.leaving[key][1])
        for j, key in enumerate(going):
            # the uppermost goes around the others: farthest to the right, lowest in the gutter
            x, y = band.leaving[key]
            at = band.right + _TRACK * (len(going) - j)
            gutter = bottom + _BETWEEN / 2 + _TRACK * (len(going) - 1 - j)
            left_of[key] = [(x, y + dy), (at, y + dy), (at, gutter)]
        top = bottom + _BETWEEN + _TRACK * max(0, len(going) - 1)
    return marks
