"""Making nodes in a plain form: transposes at the leaves, numbers in front, like addends together.

Vectors are columns here, as in matrix notation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction

from derive.whole.nodes import (
    Array,
    Count,
    Determinant,
    Diagonal,
    Entrywise,
    Extent,
    Fill,
    Identity,
    Inverse,
    Known,
    Literal,
    Norm,
    Product,
    Reduce,
    Trace,
    Transpose,
    Whole,
)
from derive.whole.text import chain
from derive.whole.walk import turns

ZERO = Literal(Fraction(0))
ONE = Literal(Fraction(1))
ONES = Fill(Fraction(1))


class Builder:
    """Makes nodes; knows which arrays are numbers and which matrices are symmetric."""

    def __init__(self, ranks: Mapping[str, int], symmetric: Iterable[str] = ()) -> None:
        self.ranks = ranks
        self.symmetric = frozenset(symmetric)

    def is_number(self, node: Whole) -> bool:
        """Whether a node is a single number."""
        match node:
            case Literal() | Known() | Count() | Extent() | Trace() | Norm() | Determinant():
                return True
            case Array(name=name):
                return not self.ranks.get(name, 0)
            case Reduce(axes=None):
                return True
            case Product(left=left, right=right):
                # a row times a column
                return self.is_row(left) and self.is_column(right)
            case Entrywise(args=args):
                return all(map(self.is_number, args))
            case _:
                return False

    def is_column(self, node: Whole) -> bool:
        """Whether a node is a column."""
        match node:
            case Array(name=name):
                return self.ranks.get(name) == 1
            case Fill(shape=None | (_,)):
                return True
            case Product(left=left, right=right):
                return self.is_column(right) and not self.is_row(left)
            case Entrywise(args=args):
                return any(map(self.is_column, args))
            case Reduce(axes=(1,)):
                return True
            case Diagonal(of=of):
                return not self.is_column(of)
            case _:
                return False

    def is_row(self, node: Whole) -> bool:
        """Whether a node is a row."""
        match node:
            case Transpose(of=of):
                return self.is_column(of)
            case Product(left=left, right=right):
                return self.is_row(left) and not self.is_column(right)
            case Entrywise(args=args):
                return any(map(self.is_row, args))
            case _:
                return False

    # ---- transposes ------------------------------------------------------------------------------

    def transpose(self, node: Whole) -> Whole:
        """The transpose, said at the leaves."""
        if self.is_number(node):
            return node
        match node:
            case Transpose(of=of, axes=None):
                return of
            case Array(name=name) if name in self.symmetric:
                return node
            case Inverse(of=of):
                return node if self.transpose(of) == of else Transpose(node)
            case Diagonal() if not self.is_column(node):
                return node
            case Identity():
                return node
            case Product(left=left, right=right):
                return Product(self.transpose(right), self.transpose(left))
            case Entrywise(op=op, args=args):
                turned = Entrywise(op, tuple(map(self.transpose, args)))
                return turned if turns(turned) < turns(node) + 1 else Transpose(node)
            case _:
                return Transpose(node)

    # ---- sums ------------------------------------------------------------------------------------

    def add(self, nodes: Iterable[Whole]) -> Whole:
        """A sum: like addends are one, in the order in which they came."""
        found: dict[Whole, Fraction] = {}
        for node in nodes:
            for factor, rest in self.addends(node):
                found[rest] = found.get(rest, Fraction(0)) + factor
        total: Whole | None = None
        for rest, factor in found.items():
            if not factor:
                continue
            if total is None:
                total = self.scaled(factor, rest)
            else:
                total = Entrywise(
                    "+" if factor > 0 else "-", (total, self.scaled(abs(factor), rest))
                )
        return ZERO if total is None else total

    def addends(self, node: Whole) -> list[tuple[Fraction, Whole]]:
        """What is added, each with its number."""
        match node:
            case Entrywise(op="+" | "-" as op, args=(left, right)):
                sign = 1 if op == "+" else -1
                return [
                    *self.addends(left),
                    *((sign * f, rest) for f, rest in self.addends(right)),
                ]
            case _:
                return [self.split(node)]

    def split(self, node: Whole) -> tuple[Fraction, Whole]:
        """The number in front, and the rest."""
        match node:
            case Literal(value=value):
                return value, ONE
            case Fill(value=value, shape=None) if value not in (0, 1):
                return value, ONES
            case Entrywise(op="neg", args=(of,)):
                factor, rest = self.split(of)
                return -factor, rest
            case Entrywise(op="*", args=(left, right)):
                one, first = self.split(left)
                other, second = self.split(right)
                if first == ONE:
                    return one * other, second
                if second == ONE:
                    return one * other, first
                return one * other, node if one * other == 1 else Entrywise("*", (first, second))
            case Entrywise(op="/", args=(over, under)):
                one, first = self.split(over)
                other, second = self.split(under)
                if other in (0, 1) and one == 1:
                    return Fraction(1), node
                if not other:
                    return Fraction(1), node
                rest = first if second == ONE else Entrywise("/", (first, second))
                return one / other, rest
            case Product(left=left, right=right):
                one, first = self.split(left)
                other, second = self.split(right)
                if one * other == 1 or ONE in (first, second):
                    return Fraction(1), node
                return one * other, Product(first, second)
            case _:
                return Fraction(1), node

    def scaled(self, factor: Fraction, node: Whole) -> Whole:
        """A number times a node: `x / 2`, `2 * x`, `-x`."""
        if node == ONE:
            return Literal(factor)
        if factor == 1:
            return node
        if factor == -1:
            return Entrywise("neg", (node,))
        if factor < 0:
            return Entrywise("neg", (self.scaled(-factor, node),))
        if factor.numerator == 1 and factor.denominator <= 1000:
            return Entrywise("/", (node, Literal(Fraction(factor.denominator))))
        return Entrywise("*", (Literal(factor), node))

    # ---- names replaced --------------------------------------------------------------------------

    def rebuilt(self, node: Whole, known: Mapping[str, Whole]) -> Whole:
        """The same with other nodes for some names, in the plain form again."""

        def again(part: Whole) -> Whole:
            return self.rebuilt(part, known)

        match node:
            case Array(name=name):
                return known.get(name, node)
            case Product(left=left, right=right):
                return self.product(again(left), again(right))
            case Transpose(of=of, axes=None):
                return self.transpose(again(of))
            case Entrywise(op="+", args=args):
                return self.add(map(again, args))
            case Entrywise(op="-", args=(left, right)):
                return self.add([again(left), self.times([Literal(Fraction(-1)), again(right)])])
            case Entrywise(op="neg", args=(of,)):
                return self.times([Literal(Fraction(-1)), again(of)])
            case Entrywise(op="*", args=args):
                return self.times(map(again, args))
            case Entrywise(op="/", args=(over, under)):
                return self.times([again(over), Entrywise("/", (ONE, again(under)))])
            case Entrywise(op="**", args=(base, Literal(value=value))):
                return self.power(again(base), value)
            case Entrywise(op="sqrt", args=(of,)):
                return root(again(of))
            case Entrywise(op=op, args=args):
                return Entrywise(op, tuple(map(again, args)))
            case Inverse(of=of):
                return self.inverse(again(of))
            case Diagonal(of=of) if self.is_column(of):
                return self.diagonal(again(of))
            case Reduce(of=of) | Diagonal(of=of) | Trace(of=of) | Norm(of=of) | Determinant(of=of):
                return replace(node, of=again(of))
            case _:
                return node

    # ---- products --------------------------------------------------------------------------------

    def times(self, nodes: Iterable[Whole]) -> Whole:
        """An entry-wise product: the number in front, other numbers next, divisors behind."""
        factor = Fraction(1)
        over: list[Whole] = []
        under: list[Whole] = []
        waiting = list(nodes)[::-1]
        while waiting:
            own, rest = self.split(waiting.pop())
            factor *= own
            match rest:
                case Literal(value=value) if value == 1:
                    pass
                case Entrywise(op="**", args=(base, Literal(value=value))) if value < 0:
                    under.append(self.power(base, -value))
                case Entrywise(op="*", args=args):
                    waiting.extend(reversed(args))
                case Entrywise(op="/", args=(top, bottom)):
                    waiting.append(top)
                    under.extend(_factors(bottom))
                case _:
                    over.append(rest)
        if not factor:
            return ZERO
        over, under = _cancelled(over, under)
        over, under = self._powers(over), self._powers(under)
        over.sort(key=lambda n: not self.is_number(n))
        if any(n != ONES and not self.is_number(n) for n in over):
            over = [n for n in over if n != ONES]
        shown: Whole | None = None
        for node in over:
            shown = node if shown is None else Entrywise("*", (shown, node))
        if not under:
            return self.scaled(factor, ONE if shown is None else shown)
        for node in under:
            own, rest = self.split(node)
            if own not in (0, 1):
                factor /= own
                under = [rest if n is node else n for n in under if n is not node or rest != ONE]
        if not under:
            return self.scaled(factor, ONE if shown is None else shown)
        under.sort(key=lambda n: not self.is_number(n))
        bottom = under[0]
        for node in under[1:]:
            bottom = Entrywise("*", (bottom, node))
        if shown is None:
            top = Literal(Fraction(factor.numerator))
            if factor.denominator != 1:
                bottom = Entrywise("*", (Literal(Fraction(factor.denominator)), bottom))
            return Entrywise("/", (top, bottom))
        if factor.denominator != 1:
            bottom = Entrywise("*", (Literal(Fraction(factor.denominator)), bottom))
            factor = Fraction(factor.numerator)
        return self.scaled(factor, Entrywise("/", (shown, bottom)))

    def _powers(self, nodes: list[Whole]) -> list[Whole]:
        """Equal factors as powers, in the order in which they came."""
        found: dict[Whole, Fraction] = {}
        for node in nodes:
            match node:
                case Entrywise(op="**", args=(base, Literal(value=value))):
                    found[base] = found.get(base, Fraction(0)) + value
                case _:
                    found[node] = found.get(node, Fraction(0)) + 1
        return [self.power(base, value) for base, value in found.items() if value]

    @staticmethod
    def power(base: Whole, exponent: Fraction) -> Whole:
        """A power of each entry: the square root by its name."""
        if exponent == 1:
            return base
        if exponent == Fraction(1, 2):
            return root(base)
        return Entrywise("**", (base, Literal(exponent)))

    def product(self, left: Whole, right: Whole) -> Whole:
        """A matrix product, numbers before it."""
        one, first = self.split(left)
        other, second = self.split(right)
        numbers: list[Whole] = []
        first = self._without_numbers(first, numbers)
        second = self._without_numbers(second, numbers)
        if isinstance(first, Identity):
            core = second
        elif isinstance(second, Identity):
            core = first
        else:
            core = self.chained([*chain(first), *chain(second)])
        return self.times([Literal(one * other), *numbers, core])

    def chained(self, nodes: list[Whole]) -> Whole:
        """A chain of factors; a matrix beside its inverse goes."""
        left: list[Whole] = []
        for node in nodes:
            if left and self.inverse(left[-1]) == node:
                left.pop()
            else:
                left.append(node)
        found: Whole | None = None
        for node in left:
            found = node if found is None else Product(found, node)
        return Identity() if found is None else found

    def inverse(self, node: Whole) -> Whole:
        """The inverse of a matrix."""
        match node:
            case Inverse(of=of):
                return of
            case Transpose(of=Inverse(of=of)):
                return self.transpose(of)
            case Transpose(of=of, axes=None):
                return self.transpose(Inverse(of))
            case _:
                return Inverse(node)

    def diagonal(self, of: Whole) -> Whole:
        """The matrix with a vector on its diagonal; of a number, the identity as often."""
        number, rest = self.split(of)
        numbers: list[Whole] = [Literal(number)]
        rest = self._without_numbers(rest, numbers)
        if self.is_number(rest):
            return self.times([*numbers, rest, Identity()])
        if rest == Fill(Fraction(1)):
            return self.times([*numbers, Identity()])
        return self.times([*numbers, Diagonal(rest)])

    def _without_numbers(self, node: Whole, numbers: list[Whole]) -> Whole:
        """The factors that are numbers, taken out of a product of entries."""
        match node:
            case Entrywise(op="*", args=(left, right)) if self.is_number(left):
                numbers.append(left)
                return self._without_numbers(right, numbers)
            case Entrywise(op="*", args=(left, right)) if self.is_number(right):
                numbers.append(right)
                return self._without_numbers(left, numbers)
            case Entrywise(op="/", args=(over, under)) if self.is_number(under) and over != ONE:
                numbers.append(Entrywise("/", (ONE, under)))
                return self._without_numbers(over, numbers)
            case _:
                return node


def root(base: Whole) -> Whole:
    """A square root: of a sum of squares the norm."""
    match base:
        case Entrywise(op="**", args=(Norm() as norm, Literal(value=value))) if value == 2:
            return norm
        case _:
            return Entrywise("sqrt", (base,))


def _factors(node: Whole) -> list[Whole]:
    match node:
        case Entrywise(op="*", args=args):
            return [f for a in args for f in _factors(a)]
        case _:
            return [node]


def _cancelled(over: list[Whole], under: list[Whole]) -> tuple[list[Whole], list[Whole]]:
    """Equal factors above and below the bar go."""
    above, below = list(over), []
    for node in under:
        if node in above:
            above.remove(node)
        else:
            below.append(node)
    return above, below
