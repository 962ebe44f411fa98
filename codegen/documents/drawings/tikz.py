"""Drawings as TikZ pictures, scaled where they are wider than the text or higher than a page."""

from __future__ import annotations

from collections.abc import Iterator

from codegen.documents.drawings.marks import Box, Circle, Dot, Drawing, Label, Line, Mark
from codegen.latex.box import flat
from codegen.latex.escape import tex_text

# of the page in em
_HEIGHT = 52.0
_BASELINE = 0.32

_FILLS = {
    "input": "green!9",
    "target": "green!9",
    "layer": "cyan!11",
    "objective": "orange!16",
}
_STROKES = {"weight": "black!38, line width=0.35pt", "curve": "blue!65!black, line width=0.9pt"}
_COLORS = {"curve": "blue!65!black", "objective": "orange!75!black"}
_ANCHORS = {"start": "base west", "middle": "base", "end": "base east"}


def tikz_picture(drawing: Drawing, width: float = 42.0) -> str:
    """The drawing for a document that has loaded the package tikz with its library arrows.meta.

    `width` is that of the text in em.
    """
    return "\n".join(_lines(drawing, width))


def _lines(drawing: Drawing, width: float) -> Iterator[str]:
    scale = min(1.0, width / drawing.width, _HEIGHT / drawing.height)
    options = "x=1em, y=-1em, line width=0.5pt, rounded corners=2.5pt, >={Stealth[round]}"
    if scale < 1.0:
        options += f", scale={_n(scale)}, transform shape"
    yield rf"\begin{{tikzpicture}}[{options}]"
    yield rf"\path[use as bounding box] (0,0) rectangle ({_n(drawing.width)},{_n(drawing.height)});"
    for mark in drawing.marks:
        yield _mark(mark)
    yield r"\end{tikzpicture}"


def _mark(mark: Mark) -> str:
    match mark:
        case Box(x, y, width, height, kind):
            corner = f"{_at(x - width / 2, y - height / 2)} rectangle "
            return rf"\path[{_look(kind)}] {corner}{_at(x + width / 2, y + height / 2)};"
        case Circle(x, y, radius, kind):
            return rf"\path[{_look(kind)}] {_at(x, y)} circle[radius={_n(radius)}em];"
        case Dot(x, y, kind):
            return rf"\fill[{_COLORS.get(kind, 'black!75')}] {_at(x, y)} circle[radius=1.6pt];"
        case Line(points, arrow, dashed, kind):
            look = _STROKES.get(kind, _COLORS.get(kind, "black!75"))
            options = ", ".join((*(["->"] * arrow), *(["dashed"] * dashed), look))
            return rf"\draw[{options}] {' -- '.join(_at(x, y) for x, y in points)};"
        case Label():
            return _label(mark)


def _look(kind: str) -> str:
    dashed = ", dashed" if kind == "target" else ""
    return f"draw={_COLORS.get(kind, 'black!60')}, fill={_FILLS.get(kind, 'black!4')}{dashed}"


def _label(label: Label) -> str:
    size = r"\footnotesize" if label.small else ""
    text = f"${flat(label.text)}$" if label.math else rf"\textsf{{{tex_text(label.text)}}}"
    options = f"anchor={_ANCHORS[label.anchor]}, inner sep=0pt"
    if size:
        options += f", font={size}"
    lower = _BASELINE * (0.85 if label.small else 1.0)
    return rf"\node[{options}] at {_at(label.x, label.y + lower)} {{{text}}};"


def _at(x: float, y: float) -> str:
    return f"({_n(x)},{_n(y)})"


def _n(value: float) -> str:
    return f"{round(value, 3) + 0.0:g}"
