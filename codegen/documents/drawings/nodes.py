"""A graph before its layout: nodes with lines of text, and nets between them."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.documents.drawings.marks import SMALL, label_width
from codegen.latex.unicode_text import plain

_LINE = 1.25  # em
_LEAST = 2.0


@dataclass(frozen=True)
class Words:
    """One line in a node: a formula, or words."""

    text: str
    math: bool = False
    small: bool = False

    @property
    def width(self) -> float:
        """About how wide it is, in em."""
        return label_width(self.text, self.math) * (SMALL if self.small else 1.0)


@dataclass(frozen=True)
class Node:
    """A box with lines of text; `loops` where it reads what it gave before."""

    key: str
    lines: tuple[Words, ...]
    kind: str
    loops: bool = False

    @property
    def width(self) -> float:
        """In em."""
        return max(_LEAST, max((line.width for line in self.lines), default=0.0) + 1.1)

    @property
    def height(self) -> float:
        """In em."""
        return max(_LEAST, _LINE * len(self.lines) + 0.6)

    @property
    def name(self) -> str:
        """The first line, for who can't see it."""
        line = self.lines[0]
        return plain(line.text).strip() if line.math else line.text


@dataclass(frozen=True)
class Net:
    """A wire from a node to all that read it; the label's two lines are its symbol and extents."""

    key: str
    source: str
    sinks: tuple[str, ...]
    label: tuple[str, ...] = ()
    dashed: bool = False
