"""Lines of formulas: how wide a formula is, and where it is broken."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from codegen.latex.box import PLUS, TIMES, flat
from codegen.latex.tree import Accent, Atom, Fraction, Grid, Node, Root, Row, Script, Styled, tree

_TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|.", re.DOTALL)

# in em of the text's size; what isn't here is a letter
_WIDTHS = {
    **dict.fromkeys("=<>", 1.35),
    **dict.fromkeys("+-", 1.3),
    **dict.fromkeys("()[]|!'", 0.42),
    "&": 0.9,
    **dict.fromkeys((r"\left", r"\right", r"\limits", r"\nolimits"), 0.0),
    **dict.fromkeys((r"\text", r"\mathrm"), 0.0),
    **dict.fromkeys((r"\bigl", r"\bigr", r"\Bigl", r"\Bigr"), 0.1),
    **dict.fromkeys((r"\biggl", r"\biggr", r"\Biggl", r"\Biggr"), 0.3),
    **dict.fromkeys((r"\cdot", r"\times", r"\odot", r"\oslash"), 1.3),
    **dict.fromkeys((r"\le", r"\ge", r"\ne", r"\wedge", r"\vee"), 1.35),
    **dict.fromkeys((r"\log", r"\exp", r"\sin", r"\cos", r"\tan", r"\max", r"\min"), 1.8),
    **dict.fromkeys((r"\tanh", r"\sinh", r"\cosh"), 2.3),
    r"\arctan": 3.0,
    r"\sum": 1.5,
    r"\prod": 1.4,
    r"\bmod": 2.6,
    r"\infty": 1.0,
    r"\leftarrow": 1.6,
    r"\lfloor": 0.44,
    r"\rfloor": 0.44,
    ",": 0.45,
    r"\,": 0.17,
    r"\ ": 0.33,
    r"\quad": 1.0,
    r"\qquad": 2.0,
    r"\substack": 0.0,
    r"\operatorname": 0.17,
}
_LEAD = re.compile(rf"([{PLUS}{TIMES}]?)(\\,| \\cdot | \\odot | \\oslash | [-+] |)")
ODOT, OSLASH, TIMES_SIGN = r"\odot", r"\oslash", r"\times"
_NEW_LINE = Atom(r"\\")
_LETTER, _GRID, _ROOT = 0.58, 1.4, 0.95
_SCRIPT = 0.72


@lru_cache(maxsize=4096)  # asked again and again as lines are filled
def width(latex: str, stacked: bool = True) -> float:
    """About how wide a formula is, in em; its superscripts above its subscripts, or beside them."""
    return _width(tree(latex), stacked)


def _width(node: Node, stacked: bool) -> float:
    match node:
        case Row(parts):
            return _row(parts, stacked)
        case Fraction(over, under):
            return max(_width(over, stacked), _width(under, stacked)) + 0.25
        case Grid(_, inner):
            # its rows are under each other, what follows stands beside them
            return _GRID + _width(inner, stacked)
        case Root(inner):
            return _ROOT + _width(inner, stacked)
        case Accent(_, inner):
            return _LETTER + _width(inner, stacked)
        case Styled(command, inner):
            return _WIDTHS.get(command, _LETTER) + _width(inner, stacked)
        case Script(inner):
            return _SCRIPT * _width(inner, stacked)
        case Atom(token):
            return 0.0 if token.isspace() else _WIDTHS.get(token, _LETTER)


def _row(parts: Sequence[Node], stacked: bool) -> float:
    """The width of pieces beside each other; of several lines, that of the widest."""
    widest = total = scripts = 0.0
    for part in parts:
        if isinstance(part, Script):
            # a superscript stands above its subscript
            inner = _width(part, stacked)
            total += max(0.0, inner - scripts)
            scripts = max(scripts, inner) if stacked else 0.0
            continue
        scripts = 0.0
        if part == _NEW_LINE:
            widest, total = max(widest, total), 0.0
        else:
            total += _width(part, stacked)
    return max(widest, total)


def split(text: str, room: float, later: float) -> list[str]:
    """The text in lines no wider than `room`, or `later` from the second on, marks taken out.

    A line is broken at the outermost signs, else between factors; what can't be broken stays.
    """
    return [flat(line).strip() for line in _split(text, room, later)]


def _split(text: str, room: float, later: float) -> list[str]:
    pieces = _pieces(text) if width(text) > room else [text]
    if len(pieces) == 1:
        return [text]
    lines = [""]
    for piece in pieces:
        limit = later if len(lines) > 1 else room
        left = limit - width(lines[-1])
        if not lines[-1]:
            result = _split(_begun(piece) if len(lines) > 1 else piece, limit, later)
        elif width(piece) <= left:
            result = [piece]
        elif width(piece) > later and left > _begins(piece, len(lines)) * later:
            # too long for any line, so it begins on this one
            lead = _LEAD.match(piece)
            assert lead is not None
            result = _split(piece[lead.end() :], left - width(lead.group()), later)
            result[0] = lead.group() + result[0]
        else:
            lines.append("")
            result = _split(_begun(piece), later, later)
        lines[-1] += result[0]
        lines.extend(result[1:])
    return lines


def _begins(piece: str, line: int) -> float:
    """The part of a line that has to be left for a piece to begin there and go on below.

    A summand begins a line, unless little stands before it.
    """
    if not piece.startswith(PLUS):
        return 1 / 4
    return 3 / 4 if line == 1 else 1.0


def _begun(piece: str) -> str:
    """A piece at the beginning of a line: a factor with a sign that says what it is."""
    lead = _LEAD.match(piece)
    if lead is None or not piece.startswith(TIMES):
        return piece
    sign = lead.group(2).strip()
    rest = piece[lead.end() :].lstrip()
    return f"{{}}{sign if sign.startswith((ODOT, OSLASH)) else TIMES_SIGN} {rest}"


def _pieces(text: str) -> list[str]:
    """The text cut at the marks that stand least deep, signs before factors."""
    places = list(_marks(text))
    least = min((how for _, how in places), default=None)
    cuts = [0, *(at for at, how in places if how == least), len(text)]
    return [text[a:b] for a, b in pairwise(cuts) if b > a]


def _marks(text: str) -> Iterator[tuple[int, tuple[int, str]]]:
    """Marks outside of braces and tall delimiters, and how deep in parentheses they stand."""
    braces = depth = 0
    for result in _TOKEN.finditer(text):
        token = result.group()
        if token in ("{", r"\left", r"\begin"):
            braces += 1
        elif token in ("}", r"\right", r"\end"):
            braces -= 1
        elif token in ("(", "["):
            depth += 1
        elif token in (")", "]"):
            depth -= 1
        elif token in (PLUS, TIMES) and not braces and result.start():
            yield result.start(), (depth, token)
