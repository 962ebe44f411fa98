"""Drawings as data: boxes, lines, arrows and labels at places, in em, y downwards.

`tikz` and `svg` print them; who draws says nothing of either.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Label:
    """LaTeX of a short formula, or plain words, at a place; `anchor` is start, middle or end."""

    x: float
    y: float
    text: str
    math: bool = True
    anchor: str = "middle"
    small: bool = False


@dataclass(frozen=True)
class Box:
    """A rectangle by its middle; `kind` chooses its look: tensor, layer, objective, …"""

    x: float
    y: float
    width: float
    height: float
    kind: str = "tensor"


@dataclass(frozen=True)
class Line:
    """A line through points; with an arrow at its end or not, solid or dashed."""

    points: tuple[tuple[float, float], ...]
    arrow: bool = True
    dashed: bool = False
    kind: str = "flow"


@dataclass(frozen=True)
class Dot:
    """A point."""

    x: float
    y: float


Mark = Box | Line | Label | Dot


@dataclass(frozen=True)
class Drawing:
    """Marks, in the order in which they are put on the page, and words for who can't see them."""

    width: float
    height: float
    marks: tuple[Mark, ...]
    alternative: str
