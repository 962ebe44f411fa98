r"""`dW^{[1]} = ...`: some write the derivative of the objective as a differential."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from derive.readers.latex.name_resolution import OBJECTIVE
from derive.readers.latex.symbol_parts import parts_of
from derive.readers.latex.syntax.nodes import (
    LATEX,
    Node,
    Over,
    Product,
    Relation,
    Scripted,
    Symbol,
    bare,
    items_of,
)
from derive.readers.vocabulary import Vocabulary

_NO_TENSORS = ("d", "t", "E", "L", "J", "C", "ell", "loss", "cost")


def differentials(trees: Sequence[Node], _: Vocabulary) -> list[Node]:
    """The trees with `dX` as a derivative, where a left side is one."""
    if not any(isinstance(t, Relation) and _is_differential(items_of(t.sides[0])) for t in trees):
        return list(trees)
    return [_changed(t) for t in trees]


def _is_differential(items: Sequence[Node]) -> bool:
    if len(items) != 2 or not _is_d(items[0]):
        return False
    result = parts_of(items[1])
    return result is not None and result.base not in _NO_TENSORS


def _is_d(node: Node) -> bool:
    node = bare(node)
    return isinstance(node, Symbol) and node.name == "d" and node.kind in ("letter", "word")


def _changed(node: Node) -> Node:
    if isinstance(node, Over) and len(items_of(node.bottom)) > 1:
        return node  # a derivative already
    if isinstance(node, Product):
        return _product(node)
    return LATEX.over(node, _changed)


def _product(node: Product) -> Node:
    items: list[Node] = []
    k = 0
    while k < len(node.items):
        pair = node.items[k : k + 2]
        if len(pair) == 2 and _is_differential(pair):
            items.append(_derivative(pair[0].at, pair[1]))
            k += 2
        else:
            items.append(_changed(node.items[k]))
            k += 1
    return items[0] if len(items) == 1 else replace(node, items=tuple(items))


def _derivative(at: int, by: Node) -> Node:
    r"""`\frac{\partial E}{\partial X}`, with the scripts of X that are no part of its name."""
    turned = None
    if isinstance(by, Scripted):
        marks = [a for a in by.above if _turns(a)]
        if marks:
            turned = marks[0]
            by = replace(by, above=tuple(a for a in by.above if a is not turned))
    mark = Symbol(at, "partial", "command")
    top = Product(at, (mark, Symbol(at, OBJECTIVE, "word")))
    result: Node = Over(at, top, Product(at, (mark, by)))
    return result if turned is None else Scripted(at, result, (), (turned,), 0)


def _turns(node: Node) -> bool:
    inner = bare(node)
    return isinstance(inner, Symbol) and inner.name in ("T", "top")
