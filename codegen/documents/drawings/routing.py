"""One band of a graph as marks: ways of its wires, boxes and labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from codegen.documents.drawings.band_places import LABEL, WIRE, Ends, Places
from codegen.documents.drawings.lanes import Band, arrival, departure
from codegen.documents.drawings.marks import Box, Label, Line, Mark

_LINE = 1.25  # in em

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
    """The band with places: wires first, then what stands on them."""
    ends = Ends(band)
    places = Places(ends)
    marks: list[Mark] = [*_wires(places), *_boxes(places), *_labels(places)]
    top = min(places.at(k) - tall / 2 for k, tall in places.height.items())
    bottom = max(places.at(k) + tall / 2 for k, tall in places.height.items())
    ys = [places.y[lane] for lane in (*ends.lanes.nodes.values(), *ends.lanes.wires.values())]
    coming = {p.net: (places.left[-1], places.at(arrival(p.net))) for p in band.coming}
    going = {p.net: (places.right[ends.last], places.at(departure(p.net))) for p in band.going}
    return Wired(
        marks=tuple(marks),
        right=places.right[ends.last],
        top=min(top, *ys) - WIRE,
        bottom=max(bottom, *ys) + WIRE,
        arriving=coming,
        leaving=going,
        dashed=frozenset(k for k, n in ends.net.items() if n.dashed),
    )


def _wires(places: Places) -> Iterator[Line]:
    ends = places.ends
    for net, source, sink in ends.edges:
        u, v = ends.place[source], ends.place[sink]
        start, end = places.at(source), places.port[net, sink]
        height = places.level(net, source, sink)
        points: list[Point] = [(places.out(source), start)]
        if v - u > 1 and height != start:
            x = places.track(u, net)
            points.extend(((x, start), (x, height)))
        if points[-1][1] != end:
            x = places.track(v - 1, net)
            points.extend(((x, points[-1][1]), (x, end)))
        points.append((places.into(sink), end))
        yield Line(tuple(points), arrow=sink in ends.nodes, dashed=ends.net[net].dashed)


def _boxes(places: Places) -> Iterator[Mark]:
    for key, node in places.ends.nodes.items():
        x, y = places.middle(key), places.at(key)
        if node.loops:
            yield from _loop(x, y - places.height[key] / 2, node.width)
        yield Box(x, y, node.width, places.height[key], node.kind)
        top = y - (len(node.lines) - 1) / 2 * _LINE
        for k, line in enumerate(node.lines):
            yield Label(x, top + k * _LINE, line.text, line.math, small=line.small)


def _labels(places: Places) -> Iterator[Mark]:
    for key in places.ends.nodes:
        label = places.ends.label_of(key)
        x, y = places.right[places.ends.place[key]] + 0.35, places.at(key)
        for text, side in zip(label, (-LABEL, LABEL), strict=False):
            yield Label(x, y + side, text, anchor="start", small=True)


def _loop(x: float, top: float, width: float) -> Iterator[Mark]:
    half = min(width / 2 - 0.4, 1.0)
    yield Line(((x + half, top), (x + half, top - 0.9), (x - half, top - 0.9), (x - half, top)))
