r"""Short formulas as plain characters: `W^{(1)}_{ij}`, `\delta`, `6 \times 14`, `\mathrm{mask}`.

A command that isn't known here stands by its name, so nothing is lost and nothing is a command.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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

_SIGNS = {**SIGNS, "*": "∗", "'": "′"}
_SPACED = "×·⊙←→=<>+"


@dataclass(frozen=True)
class Piece:
    """Characters of one look: slanted or upright; `level` is 1 above, -1 below, 0 on the line."""

    text: str
    slanted: bool = False
    level: int = 0


def pieces(latex: str) -> tuple[Piece, ...]:
    """The formula's characters in order, neighbours of one look together."""
    result: list[Piece] = []
    for piece in _pieces(tree(latex), 0, False):
        last = result[-1] if result else None
        if last and (last.slanted, last.level) == (piece.slanted, piece.level):
            result[-1] = Piece(last.text + piece.text, last.slanted, last.level)
        else:
            result.append(piece)
    return tuple(result)


def _pieces(node: Node, level: int, upright: bool) -> Iterator[Piece]:
    match node:
        case Row(parts):
            for part in parts:
                yield from _pieces(part, level, upright)
        case Script(inner, above):
            yield from _pieces(inner, level or (1 if above else -1), upright)
        case Accent(command, inner):
            for one in _pieces(inner, level, upright):
                yield Piece(one.text[:1] + ACCENTS[command] + one.text[1:], one.slanted, level)
        case Styled(_, inner):
            yield from _pieces(inner, level, True)
        case Fraction(over, under):
            yield from _pieces(over, level, upright)
            yield Piece("/", False, level)
            yield from _pieces(under, level, upright)
        case Root(inner) | Grid(_, inner):
            yield from _pieces(inner, level, upright)
        case Atom(token):
            yield from _atom(token, level, upright)


def _atom(token: str, level: int, upright: bool) -> Iterator[Piece]:
    if token in GREEK:
        yield Piece(GREEK[token], token[1].islower(), level)
    elif not token.isspace():
        text = _SIGNS.get(token, token)
        if text == ",":
            yield Piece(", ", False, level)
        elif text in _SPACED:
            yield Piece(text if level else f" {text} ", False, level)
        else:
            slanted = text.isalpha() and text == token and not upright
            yield Piece(text.removeprefix("\\"), slanted, level)
