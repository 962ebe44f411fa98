"""Formulas for a terminal: trees as one line of Unicode, `δ⁽²⁾_i = y_i (1 − y_i)`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from codegen.latex.characters import GREEK, SIGNS
from codegen.latex.tree import (
    ACCENTS,
    Accent,
    Atom,
    Fraction,
    Grid,
    Node,
    Root,
    Row,
    Script,
    Styled,
    tree,
)

_SPACED = "≤≥≠<>∧∨←⊙⊘−mod"
_NOTHING = (
    r"\left \right \limits \nolimits \displaystyle \bigl \bigr \Bigl \Bigr \biggl \biggr \Biggl "
    r"\Biggr \substack"
)
_LAYOUT = {**dict.fromkeys(_NOTHING.split(), ""), "&": " ", r"\\": "; "}
_ABOVE = dict(zip("0123456789+−=()Tni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵀⁿⁱ", strict=True))
_TIGHT = (
    ("( ", "("),
    (" )", ")"),
    ("[ ", "["),
    (" ]", "]"),
    (" ,", ","),
    (" ;", ";"),
    ("+ =", "+="),
    ("∂ ", "∂"),
)
# a minus sign with nothing to take away from
_UNARY = re.compile(r"(^|[(\[{⌊,;=≤≥<>←·⊙⊘] ?)− ")
_OPENING = (r"\lfloor", r"\lvert", r"\lVert")
_MINUS = Atom("-")


def plain(latex: str) -> str:
    """A formula as Unicode."""
    result = " ".join(_text(tree(latex)).split())
    for spaced, tight in _TIGHT:
        result = result.replace(spaced, tight)
    return _UNARY.sub(r"\1−", result)


def _text(node: Node, cells: bool = False) -> str:
    """A piece; `cells` where `&` parts the cells of a matrix or of cases."""
    match node:
        case Row(parts):
            return _row(parts, cells)
        case Fraction(over, under):
            sides = (" ".join(_text(n).split()).replace("∂ ", "∂") for n in (over, under))
            return " " + "/".join(map(_closed, sides)) + " "
        case Root(inner):
            text = _closed(_text(inner).strip())
            several = text[:1].isdigit() and not text.isdigit()  # 2π, of which all is meant
            return f"√({text})" if several else f"√{text}"
        case Script(inner, above):
            text = _text(inner).strip().replace(" ", "")
            return _superscript(text) if above else _subscript(text)
        case Accent(command, inner):
            return _text(inner) + ACCENTS[command]
        case Styled(_, inner):
            return _text(inner, cells)
        case Grid(kind, inner):
            text = " ".join(_text(inner, cells or kind != "aligned").split())
            return f"{{{text}}}" if kind == "cases" else f"[{text}]"
        case Atom(token):
            return ", " if cells and token == "&" else _atom(token)


def _row(parts: Sequence[Node], cells: bool) -> str:
    """Pieces beside each other; a minus sign behind an opening bar or bracket has one side."""
    text = ""
    opened = False
    for part in parts:
        if opened and isinstance(part, Atom) and part.token.isspace():
            continue
        text += "−" if opened and part == _MINUS else _text(part, cells)
        opened = isinstance(part, Atom) and part.token in _OPENING
    return text


def _atom(token: str) -> str:
    if token in SIGNS:
        sign = SIGNS[token]
        return f" {sign} " if sign in _SPACED and token != r"\top" else sign
    if token in _LAYOUT:
        return _LAYOUT[token]
    if token.isspace():
        return " "
    return f" {token} " if token in ("=", "+") else GREEK.get(token, token.removeprefix("\\"))


def _superscript(text: str) -> str:
    """With the characters that Unicode has."""
    if all(c in _ABOVE for c in text):
        return "".join(_ABOVE[c] for c in text)
    return f"^{_closed(text)}"


def _subscript(text: str) -> str:
    text = text.replace("mod", " mod ")
    return f"_{text}" if text.isalnum() or len(text) == 1 else f"_{{{text}}}"


def _closed(text: str) -> str:
    """In parentheses, unless it is one piece already."""
    simple = not any(c in text for c in " +−·/⊙⊘") or text.startswith("∂")
    return text if simple else f"({text})"
