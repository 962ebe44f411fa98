r"""`v_j(n)`: the sample, or the step, in brackets behind what it is a value of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from derive.readers.latex.syntax.nodes import (
    LATEX,
    Group,
    Node,
    Number,
    Product,
    Scripted,
    Sum,
    Symbol,
    bare,
)
from derive.readers.latex.text_facts import FUNCTION_LETTERS
from derive.readers.vocabulary import Vocabulary

_LETTERS = ("n", "k", "t", "m", "p")


def times(trees: Sequence[Node], vocabulary: Vocabulary) -> list[Node]:
    """The trees with such a mark as a superscript; of one sample without it.

    What has the step behind this one is the next value. A letter is such a mark where it stands so
    behind a name with subscripts, and nowhere as a subscript.
    """
    marks = {
        letter
        for tree in trees
        for node in LATEX.walk(tree)
        if isinstance(node, Product)
        for one, other in zip(node.items, node.items[1:], strict=False)
        if isinstance(one, Scripted) and one.below and (letter := _mark(one, other)[0])
    }
    below = {
        part.name
        for tree in trees
        for node in LATEX.walk(tree)
        if isinstance(node, Scripted)
        for one in node.below
        for part in LATEX.walk(one)
        if isinstance(part, Symbol)
    }
    marks -= below
    if not marks:
        return list(trees)

    def changed(node: Node) -> Node:
        new = LATEX.over(node, changed)
        if not isinstance(new, Product):
            return new
        items: list[Node] = []
        for item in new.items:
            letter, is_next = _mark(items[-1], item) if items else ("", False)
            if letter in marks:
                items[-1] = _marked(items[-1], item, is_next, vocabulary.batch is None)
            else:
                items.append(item)
        return items[0] if len(items) == 1 else replace(new, items=tuple(items))

    return [changed(tree) for tree in trees]


def _mark(one: Node, other: Node) -> tuple[str, bool]:
    """The letter in brackets behind a name, and whether it is the step behind this one."""
    base = one.base if isinstance(one, Scripted) else one
    primes = one.primes if isinstance(one, Scripted) else 0
    if not isinstance(base, Symbol) or base.kind != "letter" or primes:
        return "", False
    if base.name in FUNCTION_LETTERS or not isinstance(other, Group) or other.kind != "(":
        return "", False
    match bare(other.items[0]) if len(other.items) == 1 else None:
        case Symbol(name=name) if name in _LETTERS:
            return name, False
        case Sum(terms=(("+", Symbol(name=name)), ("+", Number(text="1")))) if name in _LETTERS:
            return name, True
    return "", False


def _marked(name: Node, mark: Node, is_next: bool, is_sample: bool) -> Node:
    if is_next:
        above: tuple[Node, ...] = (Symbol(mark.at, "new", "word"),)
    else:
        above = () if is_sample else (mark,)
    if isinstance(name, Scripted):
        return replace(name, above=(*name.above, *above))
    return Scripted(name.at, name, (), above, 0) if above else name
