"""Where everything of one band of a graph stands: lanes, columns, ports, tracks of its wires."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations

from codegen.documents.drawings.lanes import Band, Lanes, lanes
from codegen.documents.drawings.marks import SMALL
from codegen.documents.drawings.nodes import Node
from codegen.latex.line_breaking import width as formula_width

# in em
WIRE, LABEL = 0.5, 0.72
_TRACK, _STUB, _TAIL = 0.7, 1.3, 0.5
_BETWEEN = 1.4
_PORT = 0.8
_MOST_TRIED = 5


class Ends:
    """What a band's wires join: nodes and ports, each with its column and its lane."""

    def __init__(self, band: Band) -> None:
        self.band = band
        self.lanes: Lanes = lanes(band)
        self.place = band.places()
        self.edges = list(band.edges())
        self.nodes = {n.key: n for column in band.columns for n in column}
        self.net = {net.key: net for net, _ in band.nets}
        self.last = len(band.columns)

    def lane(self, net: str, source: str, sink: str) -> int:
        """The lane on which a wire comes to the column of its sink."""
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

    def label_of(self, key: str) -> tuple[str, ...]:
        """What stands at the net that a node gives."""
        return next((n.label for n in self.net.values() if n.source == key), ())


class Places:
    """The heights of lanes and ports, the ends of columns, the tracks of vertical wires."""

    def __init__(self, ends: Ends) -> None:
        self.ends = ends
        self.height = {k: self._tall(k, n) for k, n in ends.nodes.items()}
        self.y = self._lane_places()
        self.port = self._ports()
        self.tracks = {g: self._tracks(g) for g in range(-1, ends.last)}
        self.left, self.right = self._column_places()

    def at(self, key: str) -> float:
        """The height of a node's middle, or of a port."""
        return self.y[self.ends.lanes.nodes[key]]

    def level(self, net: str, source: str, sink: str) -> float:
        """The height at which a wire comes to the column of its sink."""
        return self.y[self.ends.lane(net, source, sink)]

    def middle(self, key: str) -> float:
        """The middle of a node's column."""
        column = self.ends.place[key]
        return (self.left[column] + self.right[column]) / 2

    def out(self, key: str) -> float:
        """Where wires leave a node or a port."""
        return self.middle(key) + self.ends.nodes[key].width / 2 if key in self.ends.nodes else 0.0

    def into(self, key: str) -> float:
        """Where wires come into a node or a port."""
        if key not in self.ends.nodes:
            return self.right[self.ends.last]
        return self.middle(key) - self.ends.nodes[key].width / 2

    def track(self, gap: int, net: str) -> float:
        """The place of a net's vertical wire in a gap: before the stub that ends in an arrow."""
        end = self.left[gap + 1] if gap + 1 <= self.ends.last else 0.0
        stub = _TAIL if gap == self.ends.last - 1 else _STUB
        many = len(self.tracks[gap])
        return end - stub - _TRACK * (many - 1 - self.tracks[gap][net] + 0.5) + 0.35

    def _tall(self, key: str, node: Node) -> float:
        """A node's height: room for its lines, and for the wires that come in above and below."""
        own = self.ends.lanes.nodes[key]
        coming = [self.ends.lane(n, u, v) for n, u, v in self.ends.edges if v == key]
        side = max(sum(lane < own for lane in coming), sum(lane > own for lane in coming))
        return max(node.height, 2 * side * _PORT + 0.6 if len(coming) > 1 else 0.0)

    def _lane_places(self) -> dict[int, float]:
        """The middle of each lane."""
        used = sorted({*self.ends.lanes.nodes.values(), *self.ends.lanes.wires.values()})
        result: dict[int, float] = {}
        y = 0.0
        for lane in used:
            tall = [t for k, t in self.height.items() if self.ends.lanes.nodes[k] == lane]
            half = max(tall, default=WIRE) / 2
            # a label stands above its wire and below it
            named = any(
                self.ends.lanes.nodes[k] == lane and self.ends.label_of(k) for k in self.ends.nodes
            )
            half = max(half, 2 * LABEL) if named else half
            y += half
            result[lane] = y
            y += half + _BETWEEN
        return result

    def _ports(self) -> dict[tuple[str, str], float]:
        """The heights at which wires meet their sinks: level with the sink where possible."""
        result: dict[tuple[str, str], float] = {}
        for key in self.ends.nodes:
            coming = [(self.level(n, u, v), n) for n, u, v in self.ends.edges if v == key]
            own = self.at(key)
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
        for net, _, sink in self.ends.edges:
            if sink not in self.ends.nodes:
                result[net, sink] = self.at(sink)
        return result

    def _verticals(self, gap: int) -> dict[str, tuple[float, float, list[float]]]:
        """The vertical wires behind a column, by net: where each comes from, and where it goes."""
        result: dict[str, tuple[float, list[float]]] = {}
        for net, source, sink in self.ends.edges:
            u, v = self.ends.place[source], self.ends.place[sink]
            height = self.level(net, source, sink)
            if u == gap:
                to = self.port[net, sink] if v == gap + 1 else height
                result.setdefault(net, (self.at(source), []))[1].append(to)
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
        x = self._gap(-1) if self.ends.band.coming else 0.0
        for k, column in enumerate(self.ends.band.columns):
            left[k] = x
            right[k] = x + max(n.width for n in column)
            x = right[k] + self._gap(k)
        left[self.ends.last] = right[self.ends.last] = (
            x if self.ends.band.going else right[self.ends.last - 1]
        )
        return left, right

    def _gap(self, column: int) -> float:
        keys = [k for k, p in self.ends.place.items() if p == column and k in self.ends.nodes]
        wide = [formula_width(t) * SMALL for k in keys for t in self.ends.label_of(k)]
        room = max(wide, default=-0.3) + 0.6
        end = _TAIL if column == self.ends.last - 1 else _STUB
        return room + _TRACK * len(self.tracks[column]) + end


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
