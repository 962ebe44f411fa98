"""Lanes of one band: which nodes and wires stand on one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from codegen.documents.drawings.nodes import Net, Node

Span = tuple[int, int]  # the first and the last column


@dataclass(frozen=True)
class Port:
    """The place where a net comes into a band or leaves it."""

    net: str


@dataclass(frozen=True)
class Band:
    """Columns of nodes; each net with those of its sinks that are here; the nets at both ends."""

    columns: tuple[tuple[Node, ...], ...]
    nets: tuple[tuple[Net, tuple[str, ...]], ...]
    coming: tuple[Port, ...] = ()
    going: tuple[Port, ...] = ()

    def places(self) -> dict[str, int]:
        """The column of each node, and of each port, which stand before the first and behind the
        last.
        """
        result = {n.key: k for k, column in enumerate(self.columns) for n in column}
        result.update({arrival(p.net): -1 for p in self.coming})
        result.update({departure(p.net): len(self.columns) for p in self.going})
        return result

    def edges(self) -> Iterator[tuple[str, str, str]]:
        """Net, source and sink of each connection, ports among them."""
        coming = {p.net for p in self.coming}
        going = {p.net for p in self.going}
        for net, sinks in self.nets:
            source = arrival(net.key) if net.key in coming else net.source
            for sink in sinks:
                yield net.key, source, sink
            if net.key in going:
                yield net.key, source, departure(net.key)


def arrival(net: str) -> str:
    """The key of the port by which a net comes in."""
    return f">{net}"


def departure(net: str) -> str:
    """The key of the port by which a net leaves."""
    return f"{net}>"


@dataclass(frozen=True)
class Lanes:
    """The lane of each node and port, and that of each net's wire past the columns."""

    nodes: Mapping[str, int]
    wires: Mapping[str, int]


def lanes(band: Band) -> Lanes:
    """A lane for everything, no two of which meet in a column."""
    return _Lanes(band).all()


class _Lanes:
    def __init__(self, band: Band) -> None:
        self.place = band.places()
        self.edges = list(band.edges())
        self.taken: dict[int, set[int]] = {}
        self.nodes: dict[str, int] = {}
        self.wires: dict[str, int] = {}

    def all(self) -> Lanes:
        straight: set[tuple[str, str]] = set()
        while path := self.path():
            self.put(path)
            straight.update(pairwise(path))
        for net in dict.fromkeys(n for n, _, _ in self.edges):
            past = [(u, v) for n, u, v in self.edges if n == net and self.columns(u, v)]
            past = [e for e in past if e not in straight or not self.level(*e)]
            if past:
                self.put_wire(net, past)
        return Lanes(self.nodes, self.wires)

    def path(self) -> tuple[str, ...]:
        """The longest way through what has no lane yet, the first of those that are equally long.

        It passes no node, so that all of it can stand on one line.
        """
        best: dict[str, tuple[str, ...]] = {}
        for key in sorted(self.place, key=lambda k: (self.place[k], _order(self.place, k))):
            if key in self.nodes:
                continue
            ways = [best[u] for _, u, v in self.edges if v == key and u in best]
            best[key] = (*max(ways, key=len, default=()), key)
        return max(best.values(), key=len, default=())

    def put(self, path: tuple[str, ...]) -> None:
        first, last = self.place[path[0]], self.place[path[-1]]
        columns = set(range(first, last + 1))
        # what only comes in, as a target does, stands below; what goes around stands above
        fed = any(v == path[0] for _, _, v in self.edges)
        around = [self.nodes[u] for _, u, v in self.edges if v == path[0] and u in self.nodes]
        lane = self.free(columns, around[0] if around else 0, up=fed)
        self.taken.setdefault(lane, set()).update(columns)
        self.nodes.update(dict.fromkeys(path, lane))

    def put_wire(self, net: str, edges: list[tuple[str, str]]) -> None:
        columns = set().union(*(self.columns(u, v) for u, v in edges))
        ends = [self.nodes[edges[0][0]], *(self.nodes[v] for _, v in edges)]
        own = [lane for lane in ends if not columns & self.taken.get(lane, set())]
        lane = own[0] if own else self.free(columns, min(ends), up=True)
        self.taken.setdefault(lane, set()).update(columns)
        self.wires[net] = lane

    def free(self, columns: set[int], near: int, up: bool) -> int:
        """The nearest lane that is free there."""
        for away in range(len(self.place) + len(self.edges) + 2):
            for lane in (near - away, near + away) if up else (near + away, near - away):
                if not columns & self.taken.get(lane, set()):
                    return lane
        raise AssertionError("there are more lanes than things to put on them")

    def columns(self, source: str, sink: str) -> set[int]:
        """The columns that a wire passes."""
        return set(range(self.place[source] + 1, self.place[sink]))

    def level(self, source: str, sink: str) -> bool:
        return self.nodes[source] == self.nodes[sink]


def _order(place: Mapping[str, int], key: str) -> int:
    return list(place).index(key)
