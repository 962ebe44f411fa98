r"""`dW^{[1]} = ...`: some write the derivative of the objective as a differential."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from itertools import pairwise
from typing import Any

from derive.latex.names import OBJECTIVE
from derive.latex.nodes import (
    Node,
    Operator,
    Over,
    Product,
    Relation,
    Scripted,
    Symbol,
    bare,
    items_of,
    parts_of,
)
from derive.latex.spelling import spell

_NO_TENSORS = ("d", "t", "E", "L", "J", "C", "ell", "loss", "cost")
_VALUES = ("z", "Z", "a", "A", "h", "H", "y", "Y", "s", "S")
_SIZES = ("N", "m", "B", "M", "n")


def divides_later(trees: Sequence[Node]) -> bool:
    r"""Whether `dW = \frac1m dZ A^T` divides by the number of samples, and no `dZ` before does."""
    found: dict[bool, bool] = {}
    for tree in trees:
        if not isinstance(tree, Relation):
            continue
        left = items_of(tree.sides[0])
        if _is_differential(left) and (by := spell(left[1])) is not None:
            is_value = by.base in _VALUES
            found[is_value] = found.get(is_value, False) or _divides(tree.sides[-1])
    return found.get(False, False) and found.get(True) is False


def _divides(node: Node) -> bool:
    """Whether the number of samples stands below a fraction bar or behind a slash."""
    if isinstance(node, Over):
        below = bare(node.bottom)
        if isinstance(below, Symbol) and below.name in _SIZES:
            return True
    if isinstance(node, Product):
        for one, other in pairwise(node.items):
            if isinstance(one, Operator) and one.name == "/" and isinstance(other, Symbol):
                return other.name in _SIZES
    return any(map(_divides, parts_of(node)))


def differentials(trees: Sequence[Node]) -> list[Node]:
    """The trees with `dX` as a derivative, where a left side is one."""
    if not any(isinstance(t, Relation) and _is_differential(items_of(t.sides[0])) for t in trees):
        return list(trees)
    return [_changed(t) for t in trees]


def _is_differential(items: Sequence[Node]) -> bool:
    if len(items) != 2 or not _is_d(items[0]):
        return False
    found = spell(items[1])
    return found is not None and found.base not in _NO_TENSORS


def _is_d(node: Node) -> bool:
    node = bare(node)
    return isinstance(node, Symbol) and node.name == "d" and node.kind in ("letter", "word")


def _changed(node: Any) -> Any:
    if isinstance(node, tuple):
        return tuple(map(_changed, node))
    if isinstance(node, Over) and len(items_of(node.bottom)) > 1:
        return node  # a derivative already
    if isinstance(node, Product):
        return _product(node)
    if not hasattr(node, "at"):
        return node
    return replace(node, **{f.name: _changed(getattr(node, f.name)) for f in fields(node)})


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
    found: Node = Over(at, top, Product(at, (mark, by)))
    return found if turned is None else Scripted(at, found, (), (turned,), 0)


def _turns(node: Node) -> bool:
    inner = bare(node)
    return isinstance(inner, Symbol) and inner.name in ("T", "top")
