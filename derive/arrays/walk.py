"""The parts of a node."""

from __future__ import annotations

from derive.arrays.nodes import ARRAYS, Array, Entrywise, Product, Transpose, Whole


def arrays(node: Whole) -> list[str]:
    """The names of the arrays inside, in order, repeats included."""
    return [n.name for n in ARRAYS.walk(node) if isinstance(n, Array)]


def turns(node: Whole) -> int:
    """The number of transposes in a node."""
    return sum(isinstance(n, Transpose) for n in ARRAYS.walk(node))


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
