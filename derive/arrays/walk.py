"""What stands inside a node."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from derive.arrays.nodes import (
    Array,
    Entrywise,
    Placed,
    Product,
    Transpose,
    Whole,
)


def parts(node: Whole) -> Iterator[Whole]:
    """The nodes directly inside, in order."""
    for field in fields(node):
        value = getattr(node, field.name)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, Placed):
                yield part  # type: ignore[misc]


def arrays(node: Whole) -> list[str]:
    """The names of the arrays inside, in order, repeats included."""
    if isinstance(node, Array):
        return [node.name]
    return [name for part in parts(node) for name in arrays(part)]


def turns(node: Whole) -> int:
    """How many transposes stand in a node."""
    return isinstance(node, Transpose) + sum(map(turns, parts(node)))


def leftwards(node: Whole) -> Whole:
    """The same with the products inside sums and products bracketed from the left."""
    match node:
        case Product(left=left, right=Product(left=middle, right=right)):
            return leftwards(Product(Product(left, middle), right))
        case Product(left=left, right=right):
            return Product(leftwards(left), leftwards(right))
        case Entrywise(op=op, args=args):
            return Entrywise(op, tuple(map(leftwards, args)))
        case _:
            return node
