"""Products of entries as a number and powers of nodes: the form in which factors are compared."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from derive.arrays.nodes import Entrywise, Fill, Literal, Norm, Product, Whole
from derive.arrays.orientation import Kinds

ZERO = Literal(Fraction(0))
ONE = Literal(Fraction(1))
ONES = Fill(Fraction(1))
Powers = dict[Whole, Fraction]
_LARGEST_DIVISOR = 1000  # a larger one is a number in front


class Monomials(Kinds):
    """Takes products of entries apart and puts them together in one form.

    In it stand the number, other numbers, the rest, and behind the bar the divisors, numbers first.
    """

    def monomial(self, node: Whole) -> tuple[Fraction, Powers]:
        """The number in front and the factors with their exponents, in the order of the text."""
        powers: Powers = {}
        number = self._gathered(node, 1, powers)
        return number, {base: value for base, value in powers.items() if value}

    def _gathered(self, node: Whole, sign: int, powers: Powers) -> Fraction:
        """Add a factor, or with the sign -1 a divisor, to the powers; give back its number."""
        match node:
            case Literal(value=value) if value or sign > 0:
                return value**sign
            case Fill(value=value, shape=None) if value not in (0, 1):
                return value**sign * self._gathered(ONES, sign, powers)
            case Entrywise(op="neg", args=(of,)):
                return -self._gathered(of, sign, powers)
            case Entrywise(op="*", args=(left, right)):
                first = self._gathered(left, sign, powers)
                return first * self._gathered(right, sign, powers)
            case Entrywise(op="/", args=(over, under)) if self.monomial(under)[0]:
                first = self._gathered(over, sign, powers)
                return first * self._gathered(under, -sign, powers)
            case Entrywise(op="**", args=(base, Literal(value=value))):
                powers[base] = powers.get(base, Fraction(0)) + sign * value
                return Fraction(1)
            case Product(left=left, right=right):
                one, first_rest = self.split(left)
                other, second_rest = self.split(right)
                if one * other not in (0, 1) and ONE not in (first_rest, second_rest):
                    rest = Product(first_rest, second_rest)
                    return (one * other) ** sign * self._gathered(rest, sign, powers)
            case _:
                pass
        powers[node] = powers.get(node, Fraction(0)) + sign
        return Fraction(1)

    def composed(self, number: Fraction, powers: Powers) -> Whole:
        """The product of a number and of powers."""
        if not number:
            return ZERO
        over = [power(base, value) for base, value in powers.items() if value > 0]
        under = [power(base, -value) for base, value in powers.items() if value < 0]
        if any(n != ONES and not self.is_number(n) for n in over):
            over = [n for n in over if n != ONES]
        shown, bottom = self._chained(over), self._chained(under)
        if not under:
            return scaled(number, shown)
        if shown != ONE and number.denominator != 1:
            bottom = Entrywise("*", (Literal(Fraction(number.denominator)), bottom))
            number = Fraction(number.numerator)
        return scaled(number, Entrywise("/", (shown, bottom)))

    def _chained(self, factors: list[Whole]) -> Whole:
        """Factors side by side, numbers first."""
        result: Whole = ONE
        for node in sorted(factors, key=lambda n: not self.is_number(n)):
            result = node if result == ONE else Entrywise("*", (result, node))
        return result

    def times(self, nodes: Iterable[Whole]) -> Whole:
        """An entry-wise product."""
        number, powers = Fraction(1), Powers()
        for node in nodes:
            number *= self._gathered(node, 1, powers)
        return self.composed(number, {base: value for base, value in powers.items() if value})

    def split(self, node: Whole) -> tuple[Fraction, Whole]:
        """The number in front, and the rest."""
        number, powers = self.monomial(node)
        return number, node if number == 1 else self.composed(Fraction(1), powers)

    def in_front(self, node: Whole) -> tuple[Whole, Whole]:
        """All factors that are numbers, as one, and the rest; of a number nothing is taken away."""
        number, powers = self.monomial(node)
        numbers = {base: value for base, value in powers.items() if self.is_number(base)}
        if len(numbers) == len(powers):
            numbers = {}
        if number == 1 and not numbers:
            return ONE, node
        rest = {base: value for base, value in powers.items() if base not in numbers}
        return self.composed(number, numbers), self.composed(Fraction(1), rest)

    def factors(self, node: Whole) -> list[Whole]:
        """The factors of a product without its number, divisors as quotients."""
        return [
            power(base, value) if value > 0 else Entrywise("/", (ONE, power(base, -value)))
            for base, value in self.monomial(node)[1].items()
        ]


def scaled(factor: Fraction, node: Whole) -> Whole:
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
    if factor < 0:
        return Entrywise("neg", (scaled(-factor, node),))
    if factor.numerator == 1 and factor.denominator <= _LARGEST_DIVISOR:
        return Entrywise("/", (node, Literal(Fraction(factor.denominator))))
    return Entrywise("*", (Literal(factor), node))


def power(base: Whole, exponent: Fraction) -> Whole:
    """A power of each entry: the square root by its name."""
    if exponent == 1:
        return base
    whole = exponent.denominator == 1
    match base:
        case Entrywise(op="**", args=(of, Literal(value=inner))) if (
            inner.denominator == 1 and whole
        ):
            return Entrywise("**", (of, Literal(inner * exponent)))
        case Entrywise(op="sqrt", args=(of,)) if whole and not exponent % 2:
            return power(of, exponent / 2)
        case _ if exponent == Fraction(1, 2):
            return root(base)
        case _:
            return Entrywise("**", (base, Literal(exponent)))


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
