"""Drawings as data: boxes, circles, lines, labels and dots at places, in em, y downwards.

`tikz` and `svg` print them; who draws says nothing of either. A `kind` chooses a mark's look.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from unicodedata import east_asian_width

from codegen.latex.line_breaking import width as formula_width

KINDS = ("input", "target", "parameter", "layer", "tensor", "objective", "weight", "flow", "curve")

# how much smaller a small label is
SMALL = 0.82


@dataclass(frozen=True)
class Label:
    """LaTeX of a short formula, or plain words; y is the middle of a letter without ascender.

    `anchor` is start, middle or end, and says which point of the text stands at x.
    """

    x: float
    y: float
    text: str
    math: bool = True
    anchor: str = "middle"
    small: bool = False

    @property
    def width(self) -> float:
        """About how wide it is."""
        return label_width(self.text, self.math) * (SMALL if self.small else 1.0)


@dataclass(frozen=True)
class Box:
    """A rectangle by its middle."""

    x: float
    y: float
    width: float
    height: float
    kind: str = "tensor"


@dataclass(frozen=True)
class Circle:
    """A circle by its middle."""

    x: float
    y: float
    radius: float
    kind: str = "tensor"


@dataclass(frozen=True)
class Line:
    """A line through points; with an arrow at its end or not, solid or dashed, corners rounded."""

    points: tuple[tuple[float, float], ...]
    arrow: bool = True
    dashed: bool = False
    kind: str = "flow"


@dataclass(frozen=True)
class Dot:
    """A point."""

    x: float
    y: float
    kind: str = "flow"


Mark = Box | Circle | Line | Label | Dot


@dataclass(frozen=True)
class Drawing:
    """Marks in the order in which they are put on the page, and words for who can't see them.

    `name` is what a file of it is called by.
    """

    width: float
    height: float
    marks: tuple[Mark, ...]
    alternative: str
    name: str = "drawing"


def label_width(text: str, math: bool) -> float:
    """About how wide a label is, in em: scripts side by side, words by their letters."""
    if math:
        return formula_width(text, stacked=False)
    return sum(1.0 if east_asian_width(c) in "WF" else 0.52 for c in text)


def moved(mark: Mark, dx: float, dy: float) -> Mark:
    """A mark at another place."""
    if isinstance(mark, Line):
        return replace(mark, points=tuple((x + dx, y + dy) for x, y in mark.points))
    return replace(mark, x=mark.x + dx, y=mark.y + dy)


def framed(marks: Iterable[Mark], alternative: str, name: str, margin: float = 0.3) -> Drawing:
    """A drawing of just the size of its marks."""
    marks = tuple(marks)
    left, top, right, bottom = zip(*map(_bounds, marks), strict=True)
    dx, dy = margin - min(left), margin - min(top)
    return Drawing(
        width=max(right) + dx + margin,
        height=max(bottom) + dy + margin,
        marks=tuple(moved(m, dx, dy) for m in marks),
        alternative=alternative,
        name=name,
    )


def _bounds(mark: Mark) -> tuple[float, float, float, float]:
    match mark:
        case Line(points):
            xs, ys = zip(*points, strict=True)
            return min(xs), min(ys), max(xs), max(ys)
        case Box(x, y, width, height):
            return x - width / 2, y - height / 2, x + width / 2, y + height / 2
        case Circle(x, y, radius):
            return x - radius, y - radius, x + radius, y + radius
        case Label(x, y, anchor=anchor):
            half = 0.7 * (SMALL if mark.small else 1.0)
            left = x - mark.width * {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor]
            return left, y - half, left + mark.width, y + half
        case Dot(x, y):
            return x - 0.15, y - 0.15, x + 0.15, y + 0.15
