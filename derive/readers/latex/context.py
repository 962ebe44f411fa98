"""One formula on its way into the equation language: what all its readers share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from derive.errors import nearest
from derive.language.syntax import Num, Place, Refused, Syntax
from derive.readers.latex.name_resolution import Names
from derive.readers.latex.symbol_parts import SymbolParts
from derive.readers.latex.syntax.lexer import Text
from derive.readers.latex.syntax.nodes import Node, Number, Scripted, Symbol, bare
from derive.readers.latex.text_facts import Facts
from derive.readers.name_rules import letter_name

Scope = frozenset[str]
BATCH_SIZE = "the batch"  # a letter that is found once the whole formula is read
MOST_IN_A_ROW = 200
DEEPEST = 60


class NotByIndex(Exception):
    """The formula is one of whole arrays: something in it has no meaning by indices.

    `reason` is for an author who meant it by indices.
    """

    def __init__(self, at: int, reason: str) -> None:
        super().__init__(reason)
        self.at = at
        self.reason = reason

    @classmethod
    def bare(cls, at: int, name: str) -> NotByIndex:
        """A tensor with axes stands without subscripts."""
        return cls(at, f"'{name}' has axes and stands without subscripts; write them")


@dataclass
class Formula:
    """What is known while one formula is read, `tree` being all of it.

    `layer` is what the letter l stands for. `moved` tells by how much a letter of the left side
    was moved (`h_{t+1} = ...` gives `h[t]`). `left` is the tensor that the formula gives,
    `letters` are all that it binds. `reader` reads a value inside a value.
    """

    text: Text
    names: Names
    functions: Mapping[str, str]
    reader: Callable[[Formula, Node, Scope], Syntax]
    tree: Node
    layer: int | None = None
    moved: dict[str, int] = field(default_factory=dict)
    left: str = ""
    letters: frozenset[str] = frozenset()
    deep: int = 0

    @property
    def facts(self) -> Facts:
        """What the whole text says."""
        return self.names.facts

    def value(self, node: Node, scope: Scope) -> Syntax:
        """What a node means as a value."""
        return self.reader(self, node, scope)

    def place(self, node: Node | SymbolParts) -> Place:
        """Where a node stands in the user's text."""
        return self.text.place(node.at)

    def refuse(self, node: Node | SymbolParts, reason: str) -> Refused:
        """A problem at a node."""
        return Refused(self.place(node), reason)

    def number(self, node: Number) -> Num:
        """A number, exact."""
        if len(node.text) > 200:
            raise self.refuse(node, "this number is too long; write it with fewer digits")
        return Num(self.place(node), Fraction(node.text))

    def count(self, letter: str) -> int:
        """From which number a letter counts on paper."""
        return self.facts.counts.get(letter, self.facts.first)

    def offset(self, letter: str) -> int:
        """What a letter on paper is more than the letter of the equation."""
        return self.count(letter) - self.moved.get(letter, 0)

    def unknown(self, written: SymbolParts) -> Refused:
        """A name that means nothing, with the mapping that would tell what it means."""
        plain = written.plain
        shapes = self.names.shapes
        rank = len(written.below) or None
        alike = [n for n, e in shapes.items() if rank in (None, len(e)) and n[0] == plain[0]]
        near = nearest(plain, alike) if len(plain) > 2 else None
        if self.names.vocabulary is None:
            return self.refuse(written, f"'{written.shown}' is no name; write plain letters")
        return self.refuse(
            written,
            f"'{written.shown}' is no tensor of the model and no formula defines it; say which it "
            f'is, such as --names "{letter_name(plain)}={near or "..."}"',
        )


def letter_of(node: Node) -> str | None:
    """The letter that a node is: `i`, `i'`, `i_1`; None where it is none."""
    node = bare(node)
    match node:
        case Symbol(name=name, kind="letter"):
            return letter_name(name)
        case Scripted(base=Symbol(name=name, kind="letter"), below=(), above=(), primes=primes):
            return letter_name(name) + "_" * primes
        case Scripted(
            base=Symbol(name=name, kind="letter"), below=(below,), above=(), primes=0
        ) if isinstance(number := bare(below), Number) and number.text.isdigit():
            return f"{letter_name(name)}{number.text}"
        case _:
            return None
