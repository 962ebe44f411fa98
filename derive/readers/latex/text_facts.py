"""What all formulas of a text say together, before any of them is understood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from derive.language.syntax import Refused
from derive.readers.latex.symbol_parts import parts_of, subscripts
from derive.readers.latex.syntax.lexer import Text
from derive.readers.latex.syntax.nodes import (
    LATEX,
    Accent,
    Group,
    Node,
    Number,
    Over,
    Product,
    Relation,
    Scripted,
    Sum,
    Symbol,
    bare,
    items_of,
)
from derive.readers.name_rules import letter_name

BIG = ("sum", "prod", "max", "min")
FUNCTION_LETTERS = ("f", "g", "h", "phi", "varphi", "psi", "sigma", "rho", "varrho", "F", "Phi")
DEFINING = ("=", ":=", "<-")
MOST_NODES_DEEP = 120


@dataclass
class Facts:
    """What a text says as a whole.

    `used` and `defined` hold names with their layers, `read` the names on right sides, `before` and
    `after` what stands inside an
    activation and what one gives. `counts` tells from which number a letter counts, `ends` which
    letter runs up to a name, such as `N`. `ranks` are the numbers of subscripts that are certain,
    `batch` the letters that walk the batch. `per_sample`: a gradient divides by the batch's size
    what it makes of error terms, which are then those of one sample.
    """

    used: set[tuple[str, str]] = field(default_factory=set)
    defined: set[tuple[str, str]] = field(default_factory=set)
    before: set[str] = field(default_factory=set)
    after: set[str] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)
    ends: dict[str, str] = field(default_factory=dict)
    ranks: dict[tuple[str, str], int] = field(default_factory=dict)
    batch: set[str] = field(default_factory=set)
    per_sample: bool = False
    read: set[str] = field(default_factory=set)

    @property
    def first(self) -> int:
        """From which number letters count that no sum tells of: 1 where all that do say so."""
        return 1 if set(self.counts.values()) == {1} else 0


def check_depth(node: Node, text: Text) -> None:
    """Raise `Refused` where a tree is too deep to be walked."""
    level: list[Node] = [node]
    for _ in range(MOST_NODES_DEEP):
        level = [p for n in level for p in LATEX.children(n)]
        if not level:
            return
    raise Refused(
        text.place(node.at), "this is nested too deeply; split it with named intermediates"
    )


def gather(formulas: Sequence[Node], text: Text) -> Facts:
    """The facts of all formulas. Raises `Refused` where they contradict each other."""
    facts = Facts()
    for formula in formulas:
        _left(formula, facts)
        for node in LATEX.walk(formula):
            _note(node, facts, text)
    return facts


def _left(formula: Node, facts: Facts) -> None:
    if not isinstance(formula, Relation) or formula.signs[0] not in DEFINING:
        return
    for node in LATEX.walk(formula.sides[-1]):
        read = parts_of(node) if isinstance(node, Symbol | Scripted) else None
        if read is not None:
            facts.read.add(read.base)
    first = items_of(formula.sides[0])[0]
    result = parts_of(first)
    if result is None:
        is_slope = isinstance(first, Over | Scripted) or len(items_of(formula.sides[0])) > 1
        facts.per_sample |= is_slope and _divides(formula.sides[-1])
        return
    # what is defined is no power: a number above belongs to the name
    number = result.doubtful.text if result.doubtful is not None else ""
    facts.defined.add((result.base, result.layer or number))
    last = items_of(formula.sides[-1])
    called = parts_of(last[0])
    if (
        called
        and len(last) == 2
        and isinstance(last[1], Group)
        and not called.below
        and (called.base in FUNCTION_LETTERS or called.is_word)
    ):
        facts.after.add(result.base)


def _divides(right: Node) -> bool:
    """Whether a value has an error term and, outside of all ends of sums, the batch's size."""
    names: set[str] = set()

    def gather(node: Node) -> None:
        if isinstance(node, Scripted) and isinstance(node.base, Symbol) and node.base.name in BIG:
            return
        result = parts_of(node)
        if result is not None:
            names.add(result.base if result.below or result.layer else f"bare {result.base}")
        for part in LATEX.children(node):
            gather(part)

    gather(right)
    sizes = ("bare N", "bare m", "bare B", "bare M")
    return any(x in names for x in sizes) and bool({"delta", "bare delta"} & names)


def _note(node: Node, facts: Facts, text: Text) -> None:
    if isinstance(node, Symbol | Scripted | Accent):
        result = parts_of(node)
        if result is not None:
            facts.used.add((result.base, result.layer))
            if result.doubtful is not None and not result.layer:
                facts.used.add((result.base, result.doubtful.text))  # so may W^2
            below = bare(result.below[0]) if len(result.below) == 1 else None
            if isinstance(below, Number) and not result.layer:
                facts.used.add((result.base, below.text))  # W_2 has a layer, no subscript
            elif isinstance(below, Symbol) and not result.layer:
                facts.used.add((result.base, below.name))  # so may W_{out}
            plain = [bare(b) for b in result.below]
            if plain and all(isinstance(b, Symbol) or _letters(b) for b in plain):
                rank = sum(len(items_of(b)) for b in plain)
                facts.ranks.setdefault((result.base, result.layer), rank)
    if isinstance(node, Scripted) and isinstance(node.base, Symbol) and node.base.name in BIG:
        for below in node.below:
            for item in subscripts(below):
                _range(item, node, facts, text)
    if isinstance(node, Product):
        for one, other in zip(node.items, node.items[1:], strict=False):
            _applied(one, other, facts)


def _letters(node: Node) -> bool:
    return isinstance(node, Product) and all(isinstance(i, Symbol | Scripted) for i in node.items)


def _applied(one: Node, other: Node, facts: Facts) -> None:
    """`f(z)` and `f'(z)`: what stands inside is what an activation is given."""
    called = parts_of(one)
    if not (called and isinstance(other, Group) and other.kind == "("):
        return
    if called.below and not called.primes:
        return
    if called.base not in FUNCTION_LETTERS and not called.primes:
        return
    if len(other.items) == 1:
        inner = parts_of(other.items[0])
        if inner is not None:
            facts.before.add(inner.base)


def _range(item: Node, node: Scripted, facts: Facts, text: Text) -> None:
    item = bare(item)
    if not isinstance(item, Relation) or item.signs[0] not in ("=", "<="):
        return
    letter, start = item.sides[:2]
    if item.signs[0] == "<=":
        letter, start = start, letter
    if not isinstance(letter, Symbol) or not isinstance(start, Number):
        return
    name = letter_name(letter.name)
    if start.text in ("0", "1"):
        count = int(start.text)
        if facts.counts.setdefault(name, count) != count:
            raise Refused(
                text.place(node.at),
                f"'{name}' counts from 0 in one sum and from 1 in another; count from one of them",
            )
    for above in node.above:
        inner = bare(above)
        end = inner.terms[0][1] if isinstance(inner, Sum) else inner
        if isinstance(end, Symbol):
            facts.ends.setdefault(letter_name(end.name), name)


def bound_letters(tree: Node) -> frozenset[str]:
    """Every letter that a sum of a formula binds."""
    result = set()
    for node in LATEX.walk(tree):
        if isinstance(node, Scripted) and isinstance(node.base, Symbol) and node.base.name in BIG:
            for below in node.below:
                for inner in LATEX.walk(below):
                    if isinstance(inner, Symbol) and inner.kind == "letter":
                        result.add(letter_name(inner.name))
    return frozenset(result)
