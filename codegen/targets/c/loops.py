"""Statements of C before they are text: lines, loops, branches and notes, as frozen data.

::

    Node = Line | Note | Loop | Branch | Block
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from codegen.targets.c.integers import Int
from codegen.targets.c.text import comment, wrapped


@dataclass(frozen=True)
class Line:
    """One statement of C, with its semicolon."""

    text: str


@dataclass(frozen=True)
class Note:
    """A comment: the formula of what follows."""

    text: str


@dataclass(frozen=True)
class Loop:
    """A letter runs over its extent, downwards if asked. `head` stands in the line above."""

    letter: str
    extent: Int
    body: tuple[Node, ...]
    down: bool = False
    head: str = ""


@dataclass(frozen=True)
class Branch:
    """What is done under a condition."""

    condition: str
    body: tuple[Node, ...]


@dataclass(frozen=True)
class Block:
    """Statements with variables of their own."""

    body: tuple[Node, ...]


Node = Line | Note | Loop | Branch | Block


def lines_of(nodes: Iterable[Node], depth: int = 1) -> Iterator[str]:
    """The lines of nodes."""
    indent = "    " * depth
    for node in nodes:
        match node:
            case Line(text):
                yield from wrapped(text, indent)
            case Note(text):
                for formula in text.split("; "):
                    yield from comment(formula, indent, "    ")
            case Loop(letter, extent, body, down, head):
                if not body:
                    continue
                if head:
                    yield f"{indent}{head}"
                if down:
                    first = f"integer {letter} = {extent - 1}; {letter} >= 0; {letter}--"
                else:
                    first = f"integer {letter} = 0; {letter} < {extent}; {letter}++"
                yield from _within(f"{indent}for ({first})", body, depth)
            case Branch(condition, body):
                if body:
                    yield from _within(f"{indent}if ({condition})", body, depth)
            case Block(body):
                yield f"{indent}{{"
                yield from lines_of(body, depth + 1)
                yield f"{indent}}}"


def _within(head: str, body: tuple[Node, ...], depth: int) -> Iterator[str]:
    """A head and what it governs, in braces unless that is one statement."""
    if len(body) == 1 and not isinstance(body[0], Note):
        yield head
        yield from lines_of(body, depth + 1)
        return
    yield f"{head} {{"
    yield from lines_of(body, depth + 1)
    yield "    " * depth + "}"
