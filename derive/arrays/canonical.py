"""Making nodes in a plain form: transposes at the leaves, numbers in front, like addends together.

Vectors are columns here, as in matrix notation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import pairwise

from derive.arrays.nodes import (
    Array,
    Diagonal,
    Entrywise,
    Fill,
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
from derive.arrays.orientation import Kinds
from derive.arrays.printer import chain, text
from derive.arrays.shortest_sum import is_ones, is_sum, shortest
from derive.arrays.walk import leftwards, turns

ZERO = Literal(Fraction(0))
ONE = Literal(Fraction(1))
ONES = Fill(Fraction(1))


class Builder(Kinds):
    """Makes nodes; knows which arrays are numbers and which matrices are symmetric."""

    def __init__(self, ranks: Mapping[str, int], symmetric: Iterable[str] = ()) -> None:
        super().__init__(ranks)
        self.symmetric = frozenset(symmetric)

    # ---- transposes ------------------------------------------------------------------------------

    def transpose(self, node: Whole) -> Whole:
        """The transpose, said at the leaves."""
        if self.is_number(node):
            return node
        number, rest = self.split(node)
        numbers: list[Whole] = [Literal(number)]
        rest = self._without_numbers(rest, numbers)
        if rest != node:
            return self.times([*numbers, self.transpose(rest)])
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
        plain = {rest: self._of_ones(rest) for rest in found}
        if any(plain[rest] is None and not self.is_number(rest) for rest in found):
            # a number goes with every shape
            for rest, number in plain.items():
                if number is not None:
                    factor = found.pop(rest)
                    own, other = self.split(number)
                    found[other] = found.get(other, Fraction(0)) + own * factor
        return shortest(self, [(factor, rest) for rest, factor in found.items() if factor])

    def _of_ones(self, node: Whole) -> Whole | None:
        """The number of which a node has one in each entry; None where it isn't such a one."""
        numbers: list[Whole] = []
        return self.times(numbers) if is_ones(self._without_numbers(node, numbers)) else None

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
                factor, rest = self.split(node)
                if abs(factor) == 1 and is_sum(rest):
                    return [(factor * f, part) for f, part in self.addends(rest)]
                return [(factor, rest)]

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
        if isinstance(node, Entrywise) and node.op == "/" and node.args[0] == ONE:
            over, under = Literal(Fraction(factor.numerator)), node.args[1]
            if factor.denominator != 1:
                under = Entrywise("*", (Literal(Fraction(factor.denominator)), under))
            return Entrywise("/", (over, under))
        if factor == 1:
            return node
        if factor == -1:
            return Entrywise("neg", (node,))
        if factor < 0:
            return Entrywise("neg", (self.scaled(-factor, node),))
        if factor.numerator == 1 and factor.denominator <= 1000:
            return Entrywise("/", (node, Literal(Fraction(factor.denominator))))
        return Entrywise("*", (Literal(factor), node))

    # ---- numbers ---------------------------------------------------------------------------------

    def total(self, vector: Whole) -> Whole:
        """The sum of a vector: a scalar product, a squared length."""
        match vector:
            case Entrywise(op="**", args=(base, Literal(value=value))) if value == 2:
                return self.power(Norm(base), value)
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
        factor, rest = self.split(of)
        numbers: list[Whole] = [Literal(factor)]
        rest = self._without_numbers(rest, numbers)
        return self.times([*numbers, Reduce("sum", rest)])

    def trace(self, of: Whole) -> Whole:
        """A trace: of a column times a row the row times the column."""
        factor, rest = self.split(of)
        numbers: list[Whole] = [Literal(factor)]
        rest = self._without_numbers(rest, numbers)
        factors = chain(rest)
        for k, (one, other) in enumerate(pairwise(factors), 1):
            if self.is_column(one) and self.is_row(other):
                row, column = self.chained(factors[k:]), self.chained(factors[:k])
                return self.times([*numbers, self.product(row, column)])
        turned = self.transpose(rest)
        rest = turned if turns(turned) < turns(rest) else rest
        return self.times([*numbers, Trace(rest)])

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
                    for part in _factors(bottom):
                        # what is below a bar below the bar is above it
                        own, inner = self.split(part)
                        if isinstance(inner, Entrywise) and inner.op == "/" and own:
                            factor /= own
                            under.extend(f for f in _factors(inner.args[0]) if f != ONE)
                            waiting.append(inner.args[1])
                        else:
                            under.append(part)
                case _:
                    over.append(rest)
        if not factor:
            return ZERO
        over, under = self._powers(over, under)
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

    def _powers(self, over: list[Whole], under: list[Whole]) -> tuple[list[Whole], list[Whole]]:
        """Equal factors as powers, in the order in which they came, on one side of the bar."""
        found: dict[Whole, Fraction] = {}
        for sign, nodes in ((1, over), (-1, under)):
            for node in nodes:
                base, value = node, Fraction(1)
                match node:
                    case Entrywise(op="**", args=(of, Literal(value=raised))):
                        base, value = of, raised
                    case _:
                        pass
                found[base] = found.get(base, Fraction(0)) + sign * value
        sides: tuple[list[Whole], list[Whole]] = ([], [])
        for base, value in found.items():
            if value:
                sides[value < 0].append(self.power(base, abs(value)))
        return sides

    @staticmethod
    def power(base: Whole, exponent: Fraction) -> Whole:
        """A power of each entry: the square root by its name."""
        if exponent == 1:
            return base
        match base:
            case Entrywise(op="**", args=(of, Literal(value=inner))) if (
                inner.denominator == exponent.denominator == 1
            ):
                return Entrywise("**", (of, Literal(inner * exponent)))
            case Entrywise(op="sqrt", args=(of,)) if exponent.denominator == 1 and not (
                exponent % 2
            ):
                return Builder.power(of, exponent / 2)
            case _:
                pass
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
        found: Whole | None = None
        for node in left:
            found = node if found is None else Product(found, node)
        return Identity() if found is None else found

    def dot(self, one: Whole, other: Whole) -> Whole:
        """A scalar product, as a sum where factors cancel."""
        if one == other:
            return self.power(Norm(one), Fraction(2))
        numbers: list[Whole] = []
        one, other = (self._without_numbers(part, numbers) for part in (one, other))
        if numbers:
            return self.times([*numbers, self.dot(one, other)])
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
            case Entrywise(op="/", args=(over, under)) if not self.is_number(over):
                return Entrywise("/", (self._without_numbers(over, numbers), under))
            case _:
                return node


def root(base: Whole) -> Whole:
    """A square root: of a sum of squares the norm."""
    match base:
        case Entrywise(op="**", args=(Norm() as norm, Literal(value=value))) if value == 2:
            return norm
        case Entrywise(op="*", args=(left, right)) if all(
            isinstance(root(part), Norm) for part in (left, right)
        ):
            return Entrywise("*", (root(left), root(right)))
        case _:
            return Entrywise("sqrt", (base,))


def _factors(node: Whole) -> list[Whole]:
    match node:
        case Entrywise(op="*", args=args):
            return [f for a in args for f in _factors(a)]
        case _:
            return [node]
