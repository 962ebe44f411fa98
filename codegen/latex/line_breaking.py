"""Lines of formulas: how wide a formula is, and where it is broken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from codegen.latex.box import PLUS, TIMES, flat

_TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|.", re.DOTALL)

# in em of the text's size; what isn't here is a letter
_WIDTHS = {
    **dict.fromkeys("=<>", 1.35),
    **dict.fromkeys("+-", 1.3),
    **dict.fromkeys("()[]|!'", 0.42),
    **dict.fromkeys((" ", "\n", PLUS, TIMES), 0.0),
    "&": 0.9,
    **dict.fromkeys((r"\left", r"\right", r"\limits", r"\text", r"\nolimits"), 0.0),
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
    r"\sqrt": 0.95,
    r"\substack": 0.0,
    r"\mathrm": 0.0,
    r"\operatorname": 0.17,
    r"\begin": 1.4,
    r"\end": 0.0,
}
_LEAD = re.compile(rf"([{PLUS}{TIMES}]?)(\\,| \\cdot | \\odot | \\oslash | [-+] |)")
ODOT, OSLASH, TIMES_SIGN = r"\odot", r"\oslash", r"\times"
_LETTER = 0.58
_SCRIPT = 0.72


def width(text: str, stacked: bool = True) -> float:
    """About how wide a formula is, in em; its superscripts above its subscripts, or beside them."""
    return _Measure(text, stacked).row()


class _Measure:
    def __init__(self, text: str, stacked: bool) -> None:
        self.tokens = list(_TOKEN.findall(text))
        self.stacked = stacked
        self.at = 0

    def row(self) -> float:
        """The width up to what closes it; of several rows, that of the widest."""
        widest = total = scripts = 0.0
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            if token == "}":
                break
            if token == r"\end":
                self.argument()
                break
            if token in "^_":
                # a superscript stands above its subscript
                inner = _SCRIPT * self.argument()
                total += max(0.0, inner - scripts)
                scripts = max(scripts, inner) if self.stacked else 0.0
                continue
            scripts = 0.0
            if token == r"\\":
                widest, total = max(widest, total), 0.0
            elif token == r"\begin":
                # its rows are under each other, what follows stands beside them
                self.argument()
                total += _WIDTHS[r"\begin"] + self.row() + _WIDTHS[r"\end"]
            else:
                total += self.piece(token)
        return max(widest, total)

    def piece(self, token: str) -> float:
        if token == "{":
            return self.row()
        if token == r"\frac":
            return max(self.argument(), self.argument()) + 0.25
        return _WIDTHS.get(token, _LETTER)

    def argument(self) -> float:
        while self.at < len(self.tokens) and self.tokens[self.at] == " ":
            self.at += 1
        if self.at == len(self.tokens):
            return 0.0
        token = self.tokens[self.at]
        self.at += 1
        return self.piece(token)


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
            found = _split(_begun(piece) if len(lines) > 1 else piece, limit, later)
        elif width(piece) <= left:
            found = [piece]
        elif width(piece) > later and left > _begins(piece, len(lines)) * later:
            # too long for any line, so it begins on this one
            lead = _LEAD.match(piece)
            assert lead is not None
            found = _split(piece[lead.end() :], left - width(lead.group()), later)
            found[0] = lead.group() + found[0]
        else:
            lines.append("")
            found = _split(_begun(piece), later, later)
        lines[-1] += found[0]
        lines.extend(found[1:])
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
    for found in _TOKEN.finditer(text):
        token = found.group()
        if token in ("{", r"\left", r"\begin"):
            braces += 1
        elif token in ("}", r"\right", r"\end"):
            braces -= 1
        elif token in ("(", "["):
            depth += 1
        elif token in (")", "]"):
            depth -= 1
        elif token in (PLUS, TIMES) and not braces and found.start():
            yield found.start(), (depth, token)
