"""Making nodes in a plain form: transposes at the leaves, numbers in front, like addends together.

Vectors are columns here, as in matrix notation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import pairwise

from derive.arrays.monomials import ONE, ONES, Monomials, power
from derive.arrays.nodes import (
    Array,
    Diagonal,
    Entrywise,
    Identity,
    Inverse,
    Literal,
    Norm,
    Product,
    Reduce,
    Trace,
    Transpose,
    Whole,
)
from derive.arrays.printer import chain, text
from derive.arrays.shortest_sum import is_ones, is_sum, shortest
from derive.arrays.walk import leftwards, turns


class Builder(Monomials):
    """Makes nodes; knows which arrays are numbers and which matrices are symmetric."""

    def __init__(self, ranks: Mapping[str, int], symmetric: Iterable[str] = ()) -> None:
        super().__init__(ranks)
        self.symmetric = frozenset(symmetric)

    # ---- transposes ------------------------------------------------------------------------------

    def transpose(self, node: Whole) -> Whole:
        """The transpose, put at the leaves."""
        if self.is_number(node):
            return node
        front, rest = self.in_front(node)
        if front != ONE:
            return self.times([front, self.transpose(rest)])
        match node:
            case Transpose(of=of, axes=None):
                return of
            case Array(name=name) if name in self.symmetric:
                return node
            case Inverse(of=of):
                turned = leftwards(self.transpose(of))
                return node if turned == leftwards(of) else Transpose(node)
            case Diagonal() if not self.is_column(node):
                return node
            case Identity():
                return node
            case Product(left=left, right=right):
                return leftwards(Product(self.transpose(right), self.transpose(left)))
            case Entrywise(op=op, args=args):
                turned = Entrywise(op, tuple(map(self.transpose, args)))
                return turned if turns(turned) < turns(node) + 1 else Transpose(node)
            case _:
                return Transpose(node)

    # ---- sums ------------------------------------------------------------------------------------

    def add(self, nodes: Iterable[Whole]) -> Whole:
        """A sum: like addends are one, in the order in which they came."""
        result: dict[Whole, Fraction] = {}
        for node in nodes:
            for factor, rest in self.addends(node):
                result[rest] = result.get(rest, Fraction(0)) + factor
        plain = {rest: self._of_ones(rest) for rest in result}
        if any(plain[rest] is None and not self.is_number(rest) for rest in result):
            # a number goes with every shape
            for rest, number in plain.items():
                if number is not None:
                    factor = result.pop(rest)
                    own, other = self.split(number)
                    result[other] = result.get(other, Fraction(0)) + own * factor
        return shortest(self, [(factor, rest) for rest, factor in result.items() if factor])

    def _of_ones(self, node: Whole) -> Whole | None:
        """The number of which a node has one in each entry; None where it isn't such a one."""
        front, rest = self.in_front(node)
        return front if is_ones(rest) else None

    def addends(self, node: Whole) -> list[tuple[Fraction, Whole]]:
        """The addends, each with its number."""
        match node:
            case Entrywise(op="+" | "-" as op, args=(left, right)):
                sign = 1 if op == "+" else -1
                return [
                    *self.addends(left),
                    *((sign * f, rest) for f, rest in self.addends(right)),
                ]
            case _:
                factor, rest = self.split(node)
                if abs(factor) == 1 and is_sum(rest):
                    return [(factor * f, part) for f, part in self.addends(rest)]
                return [(factor, rest)]

    # ---- numbers ---------------------------------------------------------------------------------

    def total(self, vector: Whole) -> Whole:
        """The sum of a vector: a scalar product, a squared length."""
        match vector:
            case Entrywise(op="**", args=(base, Literal(value=value))) if value == 2:
                return power(Norm(base), value)
            case Entrywise(op="*", args=(left, right)) if not self.is_number(left):
                return self.product(self.transpose(left), right)
            case Diagonal(of=of):
                return self.trace(of)
            case Entrywise(op="abs", args=(base,)):
                return Norm(base, 1)
            case _:
                return self.linear(vector)

    def linear(self, of: Whole) -> Whole:
        """A sum, numbers before it."""
        front, rest = self.in_front(of)
        return self.times([front, Reduce("sum", rest)])

    def trace(self, of: Whole) -> Whole:
        """A trace: of a column times a row the row times the column."""
        front, rest = self.in_front(of)
        factors = chain(rest)
        for k, (one, other) in enumerate(pairwise(factors), 1):
            if self.is_column(one) and self.is_row(other):
                row, column = self.chained(factors[k:]), self.chained(factors[:k])
                return self.times([front, self.product(row, column)])
        turned = self.transpose(rest)
        rest = turned if turns(turned) < turns(rest) else rest
        return self.times([front, Trace(rest)])

    # ---- products --------------------------------------------------------------------------------

    power = staticmethod(power)

    def product(self, left: Whole, right: Whole) -> Whole:
        """A matrix product, numbers before it."""
        one, first = self.in_front(left)
        other, second = self.in_front(right)
        if isinstance(first, Identity):
            core = second
        elif isinstance(second, Identity):
            core = first
        else:
            core = self.chained([*chain(first), *chain(second)])
        return self.times([one, other, core])

    def chained(self, nodes: list[Whole]) -> Whole:
        """A chain of factors; a matrix beside its inverse goes."""
        left: list[Whole] = []
        for node in nodes:
            if left and self.inverse(left[-1]) == node:
                left.pop()
            elif left and self.is_column(node) and isinstance(left[-1], Diagonal):
                left[-1] = self.times([left[-1].of, node])
            else:
                left.append(node)
        if len(left) == 2 and self.is_row(left[0]) and self.is_column(left[1]):
            return self.dot(self.transpose(left[0]), left[1])
        if len(left) > 2 and left[0] == Transpose(ONES) and self.is_column(left[-1]):
            return self.linear(self.chained(left[1 : -1 if left[-1] == ONES else None]))
        if len(left) > 2 and self.is_row(left[0]) and self.is_column(left[-1]):
            # a number is its own transpose
            turned = [self.transpose(node) for node in reversed(left)]
            left = turned if sum(map(turns, turned)) < sum(map(turns, left)) else left
        result: Whole | None = None
        for node in left:
            result = node if result is None else Product(result, node)
        return Identity() if result is None else result

    def dot(self, one: Whole, other: Whole) -> Whole:
        """A scalar product, as a sum where factors cancel."""
        if one == other:
            return power(Norm(one), Fraction(2))
        (front, one), (more, other) = self.in_front(one), self.in_front(other)
        if (front, more) != (ONE, ONE):
            return self.times([front, more, self.dot(one, other)])
        whole = self.times([one, other])
        if ONES in (one, other):
            return self.linear(whole)
        if len(text(whole)) <= min(len(text(one)), len(text(other))):
            return self.total(whole)
        return Product(self.transpose(one), other)

    def inverse(self, node: Whole) -> Whole:
        """The inverse of a matrix."""
        match node:
            case Inverse(of=of):
                return of
            case Transpose(of=Inverse(of=of)):
                return self.transpose(of)
            case Transpose(of=of, axes=None):
                return self.transpose(Inverse(of))
            case Diagonal(of=of) if self.is_column(of):
                return self.diagonal(self.times([Entrywise("/", (ONE, of))]))
            case _:
                return Inverse(node)

    def diagonal(self, of: Whole) -> Whole:
        """The matrix with a vector on its diagonal; of a number, the identity as often."""
        front, rest = self.in_front(of)
        if self.is_number(rest):
            return self.times([front, rest, Identity()])
        return self.times([front, Identity() if rest == ONES else Diagonal(rest)])
