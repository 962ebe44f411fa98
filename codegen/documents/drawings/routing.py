"""One band of a graph as marks: places of its columns and lanes, ways of its wires."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from codegen.documents.drawings.lanes import Band, Lanes, arrival, departure, lanes
from codegen.documents.drawings.marks import SMALL, Box, Label, Line, Mark
from codegen.documents.drawings.nodes import Node
from codegen.latex.line_breaking import width as formula_width

# in em
_TRACK, _STUB, _TAIL = 0.7, 1.3, 0.5
_BETWEEN, _WIRE = 1.4, 0.5
_PORT = 0.8
_LABEL = 0.72
_LINE = 1.25
_MOST_TRIED = 5

Point = tuple[float, float]


@dataclass(frozen=True)
class Wired:
    """A band's marks and bounds, and where nets come in at its left and leave at its right."""

    marks: tuple[Mark, ...]
    right: float
    top: float
    bottom: float
    arriving: Mapping[str, Point]
    leaving: Mapping[str, Point]
    dashed: frozenset[str]

    def wire(self, net: str, points: Sequence[Point]) -> Line:
        """A wire of a net without its arrow, which stands where it arrives."""
        return Line(tuple(points), arrow=False, dashed=net in self.dashed)


def wired(band: Band) -> Wired:
    """The band with places."""
    return _Wiring(band).done()


class _Wiring:
    def __init__(self, band: Band) -> None:
        self.band = band
        self.lanes: Lanes = lanes(band)
        self.place = band.places()
        self.edges = list(band.edges())
        self.nodes = {n.key: n for column in band.columns for n in column}
        self.net = {net.key: net for net, _ in band.nets}
        self.last = len(band.columns)
        self.height = {k: self._tall(k, n) for k, n in self.nodes.items()}
        self.y = self._lane_places()
        self.port = self._ports()
        self.tracks = {g: self._tracks(g) for g in range(-1, self.last)}
        self.left, self.right = self._column_places()

    def done(self) -> Wired:
        """Wires first, then what stands on them."""
        marks: list[Mark] = [*self._wires(), *self._boxes(), *self._labels()]
        top = min(self._at(k) - tall / 2 for k, tall in self.height.items())
        bottom = max(self._at(k) + tall / 2 for k, tall in self.height.items())
        ys = [self.y[lane] for lane in (*self.lanes.nodes.values(), *self.lanes.wires.values())]
        coming = {p.net: (self.left[-1], self._at(arrival(p.net))) for p in self.band.coming}
        going = {
            p.net: (self.right[self.last], self._at(departure(p.net))) for p in self.band.going
        }
        return Wired(
            marks=tuple(marks),
            right=self.right[self.last],
            top=min(top, *ys) - _WIRE,
            bottom=max(bottom, *ys) + _WIRE,
            arriving=coming,
            leaving=going,
            dashed=frozenset(k for k, n in self.net.items() if n.dashed),
        )

    # ---- places ----------------------------------------------------------------------------------

    def _tall(self, key: str, node: Node) -> float:
        """A node's height: room for its lines, and for the wires that come in above and below."""
        own = self.lanes.nodes[key]
        coming = [self._lane(n, u, v) for n, u, v in self.edges if v == key]
        side = max(sum(lane < own for lane in coming), sum(lane > own for lane in coming))
        return max(node.height, 2 * side * _PORT + 0.6 if len(coming) > 1 else 0.0)

    def _lane_places(self) -> dict[int, float]:
        """The middle of each lane."""
        used = sorted({*self.lanes.nodes.values(), *self.lanes.wires.values()})
        result: dict[int, float] = {}
        y = 0.0
        for lane in used:
            tall = [t for k, t in self.height.items() if self.lanes.nodes[k] == lane]
            half = max(tall, default=_WIRE) / 2
            # a label stands above its wire and below it
            named = any(self.lanes.nodes[k] == lane and self._label_of(k) for k in self.nodes)
            half = max(half, 2 * _LABEL) if named else half
            y += half
            result[lane] = y
            y += half + _BETWEEN
        return result

    def _at(self, key: str) -> float:
        return self.y[self.lanes.nodes[key]]

    def _ports(self) -> dict[tuple[str, str], float]:
        """The heights at which wires meet their sinks: level with the sink where possible."""
        result: dict[tuple[str, str], float] = {}
        for key in self.nodes:
            coming = [(self._height(n, u, v), n) for n, u, v in self.edges if v == key]
            own = self._at(key)
            above = sorted(((h, n) for h, n in coming if h < own), reverse=True)
            level = [n for h, n in coming if h == own]
            below = sorted((h, n) for h, n in coming if h > own)
            if len(coming) == 1:
                result[coming[0][1], key] = own
                continue
            step = min(_PORT, (self.height[key] - 0.6) / 2 / max(len(above), len(below), 1))
            odd = 0.0 if level else -0.5
            result.update({(n, key): own - (k + 1 + odd) * step for k, (_, n) in enumerate(above)})
            result.update({(n, key): own for n in level})
            result.update({(n, key): own + (k + 1 + odd) * step for k, (_, n) in enumerate(below)})
        for net, _, sink in self.edges:
            if sink not in self.nodes:
                result[net, sink] = self._at(sink)
        return result

    def _height(self, net: str, source: str, sink: str) -> float:
        """The height at which a wire comes to the column of its sink."""
        return self.y[self._lane(net, source, sink)]

    def _lane(self, net: str, source: str, sink: str) -> int:
        if self.place[sink] - self.place[source] == 1 or self._straight(net, source, sink):
            return self.lanes.nodes[source]
        return self.lanes.wires[net]

    def _straight(self, net: str, source: str, sink: str) -> bool:
        """Whether a wire past columns stays on the lane of both its ends."""
        return self.lanes.nodes[source] == self.lanes.nodes[sink] and (
            net not in self.lanes.wires
            or self.lanes.wires[net] == self.lanes.nodes[source]
            or self._is_free(source, sink)
        )

    def _is_free(self, source: str, sink: str) -> bool:
        lane = self.lanes.nodes[source]
        between = range(self.place[source] + 1, self.place[sink])
        return not any(self.lanes.nodes[k] == lane and p in between for k, p in self.place.items())

    def _verticals(self, gap: int) -> dict[str, tuple[float, float, list[float]]]:
        """The vertical wires behind a column, by net: where each comes from, and where it goes."""
        result: dict[str, tuple[float, list[float]]] = {}
        for net, source, sink in self.edges:
            u, v = self.place[source], self.place[sink]
            height = self._height(net, source, sink)
            if u == gap:
                to = self.port[net, sink] if v == gap + 1 else height
                result.setdefault(net, (self._at(source), []))[1].append(to)
            elif v == gap + 1:
                result.setdefault(net, (height, []))[1].append(self.port[net, sink])
            elif u < gap < v - 1:
                result.setdefault(net, (height, []))[1].append(height)
        return {
            net: (start, max(abs(e - start) for e in ends), ends)
            for net, (start, ends) in result.items()
        }

    def _tracks(self, gap: int) -> dict[str, int]:
        """The order of what goes up or down in one gap, such that few wires cross."""
        every = self._verticals(gap)
        moving = [net for net, (_, far, _) in every.items() if far > 1e-9]
        if len(moving) > _MOST_TRIED:
            return {net: k for k, net in enumerate(sorted(moving, key=lambda n: every[n][0]))}
        best = min(permutations(moving), key=lambda order: _crossings(order, every))
        return {net: k for k, net in enumerate(best)}

    def _column_places(self) -> tuple[dict[int, float], dict[int, float]]:
        """The left and right end of each column; ports have no width."""
        left, right = {-1: 0.0}, {-1: 0.0}
        x = self._gap(-1) if self.band.coming else 0.0
        for k, column in enumerate(self.band.columns):
            left[k] = x
            right[k] = x + max(n.width for n in column)
            x = right[k] + self._gap(k)
        left[self.last] = right[self.last] = x if self.band.going else right[self.last - 1]
        return left, right

    def _gap(self, column: int) -> float:
        keys = [k for k, p in self.place.items() if p == column and k in self.nodes]
        wide = [formula_width(t) * SMALL for k in keys for t in self._label_of(k)]
        room = max(wide, default=-0.3) + 0.6
        end = _TAIL if column == self.last - 1 else _STUB
        return room + _TRACK * len(self.tracks[column]) + end

    def _track(self, gap: int, net: str) -> float:
        """The place of a net's vertical wire in a gap: before the stub that ends in an arrow."""
        end = self.left[gap + 1] if gap + 1 <= self.last else 0.0
        stub = _TAIL if gap == self.last - 1 else _STUB
        many = len(self.tracks[gap])
        return end - stub - _TRACK * (many - 1 - self.tracks[gap][net] + 0.5) + 0.35

    # ---- marks -----------------------------------------------------------------------------------

    def _wires(self) -> Iterator[Line]:
        for net, source, sink in self.edges:
            u, v = self.place[source], self.place[sink]
            start, end = self._at(source), self.port[net, sink]
            height = self._height(net, source, sink)
            points: list[Point] = [(self._out(source), start)]
            if v - u > 1 and height != start:
                x = self._track(u, net)
                points.extend(((x, start), (x, height)))
            if points[-1][1] != end:
                x = self._track(v - 1, net)
                points.extend(((x, points[-1][1]), (x, end)))
            points.append((self._into(sink), end))
            yield Line(tuple(points), arrow=sink in self.nodes, dashed=self.net[net].dashed)

    def _out(self, key: str) -> float:
        return self._middle(key) + self.nodes[key].width / 2 if key in self.nodes else 0.0

    def _into(self, key: str) -> float:
        if key not in self.nodes:
            return self.right[self.last]
        return self._middle(key) - self.nodes[key].width / 2

    def _middle(self, key: str) -> float:
        column = self.place[key]
        return (self.left[column] + self.right[column]) / 2

    def _boxes(self) -> Iterator[Mark]:
        for key, node in self.nodes.items():
            x, y = self._middle(key), self._at(key)
            if node.loops:
                yield from _loop(x, y - self.height[key] / 2, node.width)
            yield Box(x, y, node.width, self.height[key], node.kind)
            top = y - (len(node.lines) - 1) / 2 * _LINE
            for k, line in enumerate(node.lines):
                yield Label(x, top + k * _LINE, line.text, line.math, small=line.small)

    def _labels(self) -> Iterator[Mark]:
        for key in self.nodes:
            label = self._label_of(key)
            x, y = self.right[self.place[key]] + 0.35, self._at(key)
            for text, side in zip(label, (-_LABEL, _LABEL), strict=False):
                yield Label(x, y + side, text, anchor="start", small=True)

    def _label_of(self, key: str) -> tuple[str, ...]:
        return next((n.label for n in self.net.values() if n.source == key), ())


def _loop(x: float, top: float, width: float) -> Iterator[Mark]:
    half = min(width / 2 - 0.4, 1.0)
    yield Line(((x + half, top), (x + half, top - 0.9), (x - half, top - 0.9), (x - half, top)))


def _crossings(order: Sequence[str], every: Mapping[str, tuple[float, float, list[float]]]) -> int:
    """The number of crossings of a vertical wire with those that come in or leave."""
    count = 0
    for k, net in enumerate(order):
        start, _, ends = every[net]
        low, high = min(start, *ends), max(start, *ends)
        for other, (begin, _, goals) in every.items():
            if other == net:
                continue
            before = other in order and order.index(other) < k
            passing = goals if before else (begin,)
            count += sum(low < y < high for y in passing)
            # lying on each other is worse than crossing
            count += 10 * sum(y in (low, high) for y in passing)
    return count
