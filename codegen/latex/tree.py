r"""Formulas as trees: the LaTeX that the printers write, read once for all who need its structure.

Widths, text for terminals and labels of drawings are made from these trees. A command that isn't
known here is an atom, so nothing is lost.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|\s+|.", re.DOTALL)
_MARKS = "\x01\x02"  # where a line may be broken

ACCENTS = {r"\tilde": "\u0303", r"\hat": "\u0302", r"\bar": "\u0304", r"\dot": "\u0307"}
STYLES = frozenset((r"\mathbf", r"\mathrm", r"\mathcal", r"\operatorname", r"\text", r"\mathrel"))


@dataclass(frozen=True, slots=True)
class Atom:
    """A letter, a sign, a command without arguments, or white space."""

    token: str


@dataclass(frozen=True, slots=True)
class Row:
    """Pieces beside each other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """A superscript or a subscript of what stands before it."""

    inner: Node
    above: bool


@dataclass(frozen=True, slots=True)
class Fraction:
    """A quotient with a bar."""

    over: Node
    under: Node


@dataclass(frozen=True, slots=True)
class Root:
    """A square root."""

    inner: Node


@dataclass(frozen=True, slots=True)
class Accent:
    """A letter with a sign above it."""

    command: str
    inner: Node


@dataclass(frozen=True, slots=True)
class Styled:
    """Upright, bold or calligraphic letters, or words."""

    command: str
    inner: Node


@dataclass(frozen=True, slots=True)
class Grid:
    r"""A matrix or cases: one row of pieces in which `&` and `\\` part the cells."""

    kind: str
    inner: Row


Node = Atom | Row | Script | Fraction | Root | Accent | Styled | Grid


def tree(latex: str) -> Row:
    """A formula as a tree."""
    return _Reader([t for t in _TOKEN.findall(latex) if t not in _MARKS]).row()


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.at = 0

    def row(self) -> Row:
        """Everything up to what closes it, or to the end."""
        parts: list[Node] = []
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            if token == "}":
                break
            if token == r"\end":
                self.argument()
                break
            parts.append(self.node(token))
        return Row(tuple(parts))

    def argument(self) -> Node:
        """A group in braces, or one piece."""
        while self.at < len(self.tokens) and self.tokens[self.at].isspace():
            self.at += 1
        if self.at == len(self.tokens):
            return Row(())
        self.at += 1
        return self.node(self.tokens[self.at - 1])

    def node(self, token: str) -> Node:
        """The piece that a token begins."""
        match token:
            case "{":
                return self.row()
            case "^" | "_":
                return Script(self.argument(), token == "^")
            case r"\frac":
                return Fraction(self.argument(), self.argument())
            case r"\sqrt":
                return Root(self.argument())
            case r"\begin":
                return Grid(letters(self.argument()), self.row())
            case _ if token in ACCENTS:
                return Accent(token, self.argument())
            case _ if token in STYLES:
                return Styled(token, self.argument())
            case _:
                return Atom(token)


def letters(node: Node) -> str:
    """The characters of a name in braces."""
    parts = node.parts if isinstance(node, Row) else (node,)
    return "".join(p.token for p in parts if isinstance(p, Atom))
