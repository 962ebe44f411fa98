"""The tree of a formula in LaTeX: what stands on paper, before it is known what it means.

`at` is where a node begins, counted in characters of the whole text.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from derive.ir.walk import Tree


@dataclass(frozen=True)
class Number:
    """Digits, with a point or without."""

    at: int
    text: str


@dataclass(frozen=True)
class Symbol:
    """A letter, a Greek letter, a word in upright type, an operator's name such as `sum`.

    `name` is it in plain letters. `kind` is "letter", "word" or "command".
    """

    at: int
    name: str
    kind: str


@dataclass(frozen=True)
class Accent:
    """A hat, a bar, a tilde over something."""

    at: int
    name: str
    over: Node


@dataclass(frozen=True)
class Scripted:
    """Something with subscripts, superscripts and primes."""

    at: int
    base: Node
    below: tuple[Node, ...]
    above: tuple[Node, ...]
    primes: int


@dataclass(frozen=True)
class Over:
    """A fraction."""

    at: int
    top: Node
    bottom: Node


@dataclass(frozen=True)
class Root:
    """A root; `degree` is None for the square root."""

    at: int
    degree: Node | None
    of: Node


@dataclass(frozen=True)
class Group:
    """Something between delimiters: `kind` is one of `{ ( [ set | norm floor`."""

    at: int
    kind: str
    items: tuple[Node, ...]


@dataclass(frozen=True)
class Operator:
    """A sign between factors: `*`, `/`, `odot`, `oslash`, `otimes`, `%`."""

    at: int
    name: str


@dataclass(frozen=True)
class Product:
    """Things side by side, and the signs between them."""

    at: int
    items: tuple[Node, ...]


@dataclass(frozen=True)
class Sum:
    """Terms, each with its sign, `+` or `-`."""

    at: int
    terms: tuple[tuple[str, Node], ...]


@dataclass(frozen=True)
class Relation:
    """Sides with relations between them, such as `a = b = c`."""

    at: int
    sides: tuple[Node, ...]
    signs: tuple[str, ...]


@dataclass(frozen=True)
class Logic:
    """`and`, `or`, `not` over relations."""

    at: int
    op: str
    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Cases:
    """Values with the conditions under which they hold; None is otherwise."""

    at: int
    rows: tuple[tuple[Node, Node | None], ...]


Node = (
    Number
    | Symbol
    | Accent
    | Scripted
    | Over
    | Root
    | Group
    | Operator
    | Product
    | Sum
    | Relation
    | Logic
    | Cases
)
LATEX: Tree[Node] = Tree(Node)


def bare(node: Node) -> Node:
    """What stands in braces alone, without the braces."""
    while isinstance(node, Group) and node.kind == "{" and len(node.items) == 1:
        node = node.items[0]
    return node


def placeless(node: Node) -> Node:
    """The tree without its places, to be compared."""
    return replace(LATEX.over(node, placeless), at=0)


def items_of(node: Node) -> tuple[Node, ...]:
    """The factors of a product; of anything else itself."""
    node = bare(node)
    return node.items if isinstance(node, Product) else (node,)
