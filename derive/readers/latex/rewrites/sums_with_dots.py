r"""`w_1 x_1 + \dots + w_n x_n`: a sum whose terms are told by the first and the last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from derive.readers.latex.syntax.nodes import (
    LATEX,
    Node,
    Number,
    Product,
    Relation,
    Scripted,
    Sum,
    Symbol,
    placeless,
)
from derive.readers.vocabulary import Vocabulary

DOTS = "dots"
_LETTERS = "kjilpqr"


def sums_with_dots(trees: Sequence[Node], vocabulary: Vocabulary) -> list[Node]:
    r"""The trees with `\sum_{k=1}^{n}` for terms from 1 to n with dots between them."""
    return [_changed(tree, _free_letter(tree)) for tree in trees]


def _free_letter(tree: Node) -> str:
    used = {node.name for node in LATEX.walk(tree) if isinstance(node, Symbol)}
    return next((x for x in _LETTERS if x not in used), "")


def _changed(node: Node, letter: str) -> Node:
    new = LATEX.over(node, lambda part: _changed(part, letter))
    return _sum(new, letter) if isinstance(new, Sum) and letter else new


def _sum(node: Sum, letter: str) -> Node:
    terms = [term for _, term in node.terms]
    dots = next((k for k, t in enumerate(terms) if _is_dots(t)), 0)
    if not 0 < dots < len(terms) - 1 or any(sign != "+" for sign, _ in node.terms[1:]):
        return node
    last = terms[dots + 1]
    for start in range(dots):
        ends = set(_differences(terms[start], last))
        if len(ends) != 1:
            continue
        ((first, end),) = ends
        if _counts(first, end) and _follow(terms[start:dots], last, first):
            running = Symbol(node.at, letter, "letter")
            below = Relation(node.at, (running, first), ("=",))
            total = Scripted(node.at, Symbol(node.at, "sum", "command"), (below,), (end,), 0)
            whole = Product(node.at, (total, _with(terms[start], last, running)))
            signed = (node.terms[start][0], whole)
            kept = (*node.terms[:start], signed, *node.terms[dots + 2 :])
            return whole if len(kept) == 1 and signed[0] == "+" else replace(node, terms=kept)
    return node


def _is_dots(node: Node) -> bool:
    return isinstance(node, Symbol) and node.name == DOTS


def _counts(first: Node, end: Node) -> bool:
    """Whether the terms run from 0 or 1 to a letter."""
    starts = isinstance(first, Number) and first.text in ("0", "1")
    return starts and isinstance(end, Symbol) and end.kind == "letter"


def _follow(terms: Sequence[Node], last: Node, first: Node) -> bool:
    """Whether terms are the first, the second and so on."""
    assert isinstance(first, Number)
    numbers = (Number(0, str(int(first.text) + k)) for k in range(len(terms)))
    every = zip(terms, numbers, strict=True)
    return all(placeless(t) == placeless(_with(terms[0], last, n)) for t, n in every)


def _differences(one: Node, other: Node) -> Iterator[tuple[Node, Node]]:
    """The parts in which two trees differ, without their places."""
    inside = LATEX.children(one), LATEX.children(other)
    if type(one) is type(other) and inside[0] and len(inside[0]) == len(inside[1]):
        for a, b in zip(*inside, strict=True):
            yield from _differences(a, b)
    elif placeless(one) != placeless(other):
        yield placeless(one), placeless(other)


def _with(one: Node, other: Node, new: Node) -> Node:
    """The second of two trees with something else where they differ."""
    inside = LATEX.children(one), LATEX.children(other)
    if type(one) is type(other) and inside[0] and len(inside[0]) == len(inside[1]):
        pairs = zip(*inside, strict=True)
        return LATEX.rebuild(other, tuple(_with(a, b, new) for a, b in pairs))
    return other if placeless(one) == placeless(other) else new
