"""Drawings as SVG: within a page, or a file of its own that fits light and dark.

Labels become text; colours are variables of the style in `drawing.css`. No script, no link, no
identifier that another drawing on the same page could have too.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files
from math import hypot
from unicodedata import category

from codegen.documents.drawings.marks import SMALL, Box, Circle, Dot, Drawing, Label, Line, Mark
from codegen.latex.unicode_label import Piece, pieces

_EM = 16.0  # units of the picture, and pixels where it stands alone
_BASELINE = 0.32  # from the middle of a letter down to its baseline, in em
_WORDS = 0.92  # sans serif looks larger than the formulas beside it
_SCRIPT, _UP, _DOWN = 0.72, -0.36, 0.2
_ROUND = 0.45
_ARROW = ((0.0, 0.0), (-0.62, 0.24), (-0.5, 0.0), (-0.62, -0.24))
_STYLE = files("codegen") / "templates" / "derivation" / "drawing.css"

Point = tuple[float, float]


def inline_svg(drawing: Drawing) -> str:
    """The drawing as an element of a page that has the style itself."""
    return "\n".join(_element(drawing, ""))


def svg_file(drawing: Drawing) -> str:
    """The drawing as a file, with its style in it."""
    style = _STYLE.read_text(encoding="utf-8").strip()
    return "\n".join(_element(drawing, f"<style>\n{style}\n</style>")) + "\n"


def data_uri(drawing: Drawing) -> str:
    """The file as an address that holds it."""
    return f"data:image/svg+xml;base64,{b64encode(svg_file(drawing).encode()).decode()}"


def _element(drawing: Drawing, style: str) -> Iterator[str]:
    width, height = _n(drawing.width), _n(drawing.height)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="drawing" role="img" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
    )
    yield f"<title>{_text(drawing.alternative)}</title>"
    if style:
        yield style
    for mark in drawing.marks:
        yield from _mark(mark)
    yield "</svg>"


def _mark(mark: Mark) -> Iterator[str]:
    match mark:
        case Box(x, y, width, height, kind):
            yield (
                f'<rect class="box {_name(kind)}" x="{_n(x - width / 2)}" '
                f'y="{_n(y - height / 2)}" width="{_n(width)}" height="{_n(height)}" rx="4"/>'
            )
        case Circle(x, y, radius, kind):
            yield (
                f'<circle class="box {_name(kind)}" cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}"/>'
            )
        case Dot(x, y, kind):
            yield f'<circle class="dot {_name(kind)}" cx="{_n(x)}" cy="{_n(y)}" r="2.4"/>'
        case Line(points, arrow, dashed, kind):
            look = f"{_name(kind)} dashed" if dashed else _name(kind)
            path = _path(_shortened(points) if arrow else points)
            yield f'<path class="line {look}" d="{path}"/>'
            if arrow:
                yield f'<path class="arrow {_name(kind)}" d="{_arrow(*points[-2:])}"/>'
        case Label():
            yield _label(mark)


# ---- lines ---------------------------------------------------------------------------------------


def _path(points: Sequence[Point]) -> str:
    """Through the points, each corner rounded."""
    path = [f"M{_at(points[0])}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        first = _towards(corner, before, _ROUND)
        second = _towards(corner, after, _ROUND)
        path.append(f"L{_at(first)}Q{_at(corner)} {_at(second)}")
    path.append(f"L{_at(points[-1])}")
    return "".join(path)


def _towards(start: Point, end: Point, length: float) -> Point:
    """The point that lies so far from the start, and no farther than half of the way."""
    way = hypot(end[0] - start[0], end[1] - start[1])
    part = min(0.5, length / way) if way else 0.0
    return start[0] + part * (end[0] - start[0]), start[1] + part * (end[1] - start[1])


def _shortened(points: Sequence[Point]) -> Sequence[Point]:
    """The line without what its arrow's head covers."""
    return (*points[:-1], _towards(points[-1], points[-2], -_ARROW[2][0]))


def _arrow(before: Point, tip: Point) -> str:
    way = hypot(tip[0] - before[0], tip[1] - before[1]) or 1.0
    dx, dy = (tip[0] - before[0]) / way, (tip[1] - before[1]) / way
    corners = [(tip[0] + a * dx - b * dy, tip[1] + a * dy + b * dx) for a, b in _ARROW]
    return "M" + "L".join(map(_at, corners)) + "Z"


# ---- labels --------------------------------------------------------------------------------------


def _label(label: Label) -> str:
    size = _EM * (SMALL if label.small else 1.0) * (1.0 if label.math else _WORDS)
    place = f'x="{_n(label.x)}" y="{_number(label.y * _EM + _BASELINE * size)}"'
    inner = _spans(pieces(label.text), size) if label.math else _text(label.text)
    look = "formula" if label.math else "words"
    look = f'class="{look} {_name(label.anchor)}" font-size="{_number(size)}"'
    return f"<text {look} {place}>{inner}</text>"


def _spans(pieces: Sequence[Piece], size: float) -> str:
    """Pieces with scripts moved up and down, and what follows them back on the line.

    A subscript stands beside its superscript: under it, the width of a reader's font would count.
    """
    made, now = "", 0.0
    for piece in pieces:
        level = {1: _UP, 0: 0.0, -1: _DOWN}[piece.level] * size
        moves = f' dy="{_number(level - now)}"' if level != now else ""
        small = f' font-size="{_number(size * _SCRIPT)}"' if piece.level else ""
        slanted = ' class="slanted"' if piece.slanted else ""
        made += f"<tspan{slanted}{moves}{small}>{_text(piece.text)}</tspan>"
        now = level
    return made


# ---- text ----------------------------------------------------------------------------------------


def _text(text: str) -> str:
    return escape("".join(c if category(c)[0] != "C" else "?" for c in text))


def _name(kind: str) -> str:
    """A name of the style, and nothing else."""
    return re.sub(r"[^a-z]", "", kind)


def _at(point: Point) -> str:
    return f"{_n(point[0])} {_n(point[1])}"


def _n(em: float) -> str:
    return _number(em * _EM)


def _number(value: float) -> str:
    return f"{round(value, 1) + 0.0:g}"
