"""Other nodes in the place of names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from derive.arrays.canonical import Builder
from derive.arrays.monomials import ONE, root
from derive.arrays.nodes import (
    Array,
    Determinant,
    Diagonal,
    Entrywise,
    Inverse,
    Literal,
    Norm,
    Product,
    Reduce,
    Trace,
    Transpose,
    Whole,
)


def rebuilt(make: Builder, node: Whole, known: Mapping[str, Whole]) -> Whole:
    """The same with other nodes for some names, in the plain form again."""

    def again(part: Whole) -> Whole:
        return rebuilt(make, part, known)

    match node:
        case Array(name=name):
            return known.get(name, node)
        case Product(left=left, right=right):
            return make.product(again(left), again(right))
        case Transpose(of=of, axes=None):
            return make.transpose(again(of))
        case Entrywise(op="+", args=args):
            return make.add(map(again, args))
        case Entrywise(op="-", args=(left, right)):
            return make.add([again(left), make.times([Literal(Fraction(-1)), again(right)])])
        case Entrywise(op="neg", args=(of,)):
            return make.times([Literal(Fraction(-1)), again(of)])
        case Entrywise(op="*", args=args):
            return make.times(map(again, args))
        case Entrywise(op="/", args=(over, under)):
            return make.times([again(over), Entrywise("/", (ONE, again(under)))])
        case Entrywise(op="**", args=(base, Literal(value=value))):
            return make.power(again(base), value)
        case Entrywise(op="sqrt", args=(of,)):
            return root(again(of))
        case Entrywise(op=op, args=args):
            return Entrywise(op, tuple(map(again, args)))
        case Inverse(of=of):
            return make.inverse(again(of))
        case Diagonal(of=of) if make.is_column(of):
            return make.diagonal(again(of))
        case Trace(of=of):
            return make.trace(again(of))
        case Reduce(op="sum", of=of, axes=None):
            return make.linear(again(of))
        case Reduce(of=of) | Diagonal(of=of) | Norm(of=of) | Determinant(of=of):
            return replace(node, of=again(of))
        case _:
            return node
