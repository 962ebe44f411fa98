r"""`h_\theta(x^{(i)})`: the output by name, with its parameters and its argument beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from derive.readers.latex.syntax.nodes import (
    LATEX,
    Group,
    Node,
    Operator,
    Product,
    Scripted,
    Symbol,
    bare,
    items_of,
)
from derive.readers.vocabulary import Vocabulary

_PARAMETERS = ("theta", "Theta", "w", "W", "b", "beta", "phi")
_INPUTS = ("x", "X")


def hypotheses(trees: Sequence[Node], _: Vocabulary) -> list[Node]:
    """The trees with such an output as a name that has the scripts of its argument."""
    return [_changed(tree) for tree in trees]


def _changed(node: Node) -> Node:
    new = LATEX.over(node, _changed)
    return _product(new) if isinstance(new, Product) else new


def _product(node: Product) -> Node:
    items: list[Node] = []
    for item in node.items:
        argument = _argument(item)
        if items and argument is not None and (output := _output(items[-1])) is not None:
            items[-1] = replace(argument, base=output, at=items[-1].at)
        else:
            items.append(item)
    return items[0] if len(items) == 1 else replace(node, items=tuple(items))


def _output(node: Node) -> Node | None:
    """The letter of an output that names its parameters below."""
    if not isinstance(node, Scripted) or node.above or not node.below:
        return None
    below = [i for part in node.below for i in items_of(bare(part))]
    names = [i.name for i in below if isinstance(i, Symbol) and i.name != ","]
    others = [i for i in below if not isinstance(i, Symbol | Operator)]
    return node.base if names and not others and set(names) <= set(_PARAMETERS) else None


def _argument(node: Node) -> Scripted | None:
    """An input in brackets, alone."""
    if not isinstance(node, Group) or node.kind != "(" or len(node.items) != 1:
        return None
    inner = bare(node.items[0])
    if isinstance(inner, Symbol) and inner.name in _INPUTS:
        return Scripted(inner.at, inner, (), (), 0)
    base = inner.base if isinstance(inner, Scripted) else None
    known = isinstance(base, Symbol) and base.name in _INPUTS
    return inner if known and isinstance(inner, Scripted) else None
