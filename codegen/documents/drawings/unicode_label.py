r"""Short formulas as plain characters: `W^{(1)}_{ij}`, `\delta`, `6 \times 14`, `\mathrm{mask}`.

It reads the part of LaTeX that names of tensors and extents are made of. A command that it doesn't
know is told by its name, so nothing is lost and nothing is a command.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from unicodedata import lookup

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\s+|.", re.DOTALL)

_SIGNS = {
    r"\times": " × ",
    r"\cdot": " · ",
    r"\odot": " ⊙ ",
    r"\leftarrow": " ← ",
    r"\to": " → ",
    r"\lvert": "|",
    r"\rvert": "|",
    r"\lfloor": "⌊",
    r"\rfloor": "⌋",
    r"\prime": "′",
    r"\partial": "∂",
    r"\infty": "∞",
    r"\dots": "…",
    r"\ell": "ℓ",
    r"\quad": "  ",
    r"\,": " ",
    r"\ ": " ",
    "-": "−",
    "*": "∗",
    "'": "′",
    "=": " = ",
    "<": " < ",
    ">": " > ",
    "+": " + ",
    ",": ", ",
}
_ACCENTS = {r"\tilde": "\u0303", r"\hat": "\u0302", r"\bar": "\u0304", r"\dot": "\u0307"}
_UPRIGHT = frozenset((r"\mathrm", r"\operatorname", r"\text", r"\mathcal"))
_GREEK_FORMS = {"epsilon": "ϵ", "varepsilon": "ε", "phi": "ϕ", "varphi": "φ"}
_NAME = re.compile(r"[A-Za-z]+")


@dataclass(frozen=True)
class Piece:
    """Characters of one look: slanted or upright; `level` is 1 above, -1 below, 0 on the line."""

    text: str
    slanted: bool = False
    level: int = 0


def pieces(latex: str) -> tuple[Piece, ...]:
    """The formula's characters in order, neighbours of one look together."""
    found: list[Piece] = []
    for piece in _Reader(latex).row(0, False):
        last = found[-1] if found else None
        if last and (last.slanted, last.level) == (piece.slanted, piece.level):
            found[-1] = Piece(last.text + piece.text, last.slanted, last.level)
        else:
            found.append(piece)
    return tuple(found)


def plain(latex: str) -> str:
    """The formula in one line of characters, for who can't see it."""
    marks = {1: "^", 0: "", -1: "_"}
    told, level = "", 0
    for piece in pieces(latex):
        told += (marks[piece.level] if piece.level != level else "") + piece.text
        level = piece.level
    return told


class _Reader:
    def __init__(self, latex: str) -> None:
        self.tokens = _TOKEN.findall(latex)
        self.at = 0

    def row(self, level: int, upright: bool) -> Iterator[Piece]:
        """Everything up to the closing brace or the end."""
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            if token == "}":
                return
            yield from self.piece(token, level, upright)

    def argument(self, level: int, upright: bool) -> tuple[Piece, ...]:
        """What a command or a script takes."""
        while self.at < len(self.tokens) and self.tokens[self.at].isspace():
            self.at += 1
        if self.at == len(self.tokens):
            return ()
        token = self.tokens[self.at]
        self.at += 1
        return tuple(self.piece(token, level, upright))

    def piece(self, token: str, level: int, upright: bool) -> Iterator[Piece]:
        if token in "^_":
            yield from self.argument(level or (1 if token == "^" else -1), upright)
        elif token == "{":
            yield from self.row(level, upright)
        elif token in _SIGNS:
            sign = _SIGNS[token]
            yield Piece(sign.strip() if level and token != "," else sign, False, level)
        elif token in _ACCENTS:
            for one in self.argument(level, upright):
                yield Piece(one.text[:1] + _ACCENTS[token] + one.text[1:], one.slanted, level)
        elif token in _UPRIGHT:
            yield from self.argument(level, True)
        elif token == r"\frac":
            yield from self.argument(level, upright)
            yield Piece("/", False, level)
            yield from self.argument(level, upright)
        elif token.startswith("\\"):
            yield self.named(token[1:], level)
        elif token.isspace():
            return
        else:
            yield Piece(token, token.isalpha() and not upright, level)

    def named(self, name: str, level: int) -> Piece:
        """A Greek letter, an escaped character, or a name as it is."""
        if name in _GREEK_FORMS:
            return Piece(_GREEK_FORMS[name], True, level)
        if _NAME.fullmatch(name):
            size = "CAPITAL" if name[0].isupper() else "SMALL"
            try:
                greek = lookup(f"GREEK {size} LETTER {_GREEK_NAMES.get(name, name).upper()}")
            except KeyError:
                return Piece(name, False, level)
            return Piece(greek, size == "SMALL", level)
        return Piece(name, False, level)


_GREEK_NAMES = {"lambda": "lamda", "Lambda": "lamda"}
