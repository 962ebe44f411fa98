"""Integers of C expressions: sums of products, so that what is equal is written alike."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod

Monomial = tuple[str, ...]


@dataclass(frozen=True)
class Int:
    """`sum of coefficient * variable * ...`; variables are names or whole C expressions."""

    terms: tuple[tuple[Monomial, int], ...] = ()

    def __add__(self, other: Int | int) -> Int:
        counts = dict(self.terms)
        for factors, coefficient in whole(other).terms:
            counts[factors] = counts.get(factors, 0) + coefficient
        return Int(tuple((m, c) for m, c in counts.items() if c))

    def __mul__(self, other: Int | int) -> Int:
        counts: dict[Monomial, int] = {}
        for left, one in self.terms:
            for right, two in whole(other).terms:
                factors = (*left, *right)
                like = next((m for m in counts if sorted(m) == sorted(factors)), factors)
                counts[like] = counts.get(like, 0) + one * two
        return Int(tuple((m, c) for m, c in counts.items() if c))

    def __sub__(self, other: Int | int) -> Int:
        return self + whole(other) * -1

    @property
    def number(self) -> int | None:
        """The value, where it is known."""
        if not self.terms:
            return 0
        (factors, value), *more = self.terms
        return value if not factors and not more else None

    @property
    def grows(self) -> bool:
        """Whether no term is taken away; variables are not negative."""
        return all(c > 0 for _, c in self.terms)

    def at_most(self, most: int) -> int:
        """The most that it is, with each variable no larger than that."""
        return sum(c * prod(_bound(f, most) for f in factors) for factors, c in self.terms if c > 0)

    def __str__(self) -> str:
        if not self.terms:
            return "0"
        # a plain number stands last, and something positive first
        ordered = sorted(self.terms, key=lambda term: (not term[0], term[1] < 0))
        text = ""
        for factors, coefficient in ordered:
            sign = "-" if coefficient < 0 else "+"
            text += f" {sign} " if text else "-" * (coefficient < 0)
            text += _product(factors, abs(coefficient))
        return text

    @property
    def factor(self) -> str:
        """The text, in brackets where it is a sum."""
        return f"({self})" if len(self.terms) > 1 or str(self).startswith("-") else str(self)


def whole(value: Int | int) -> Int:
    """A number as an integer."""
    return value if isinstance(value, Int) else Int((((), value),) if value else ())


def variable(name: str) -> Int:
    """A variable, or an expression that binds as tightly."""
    return Int((((name,), 1),))


def compared(left: Int, op: str, right: Int) -> str:
    """A comparison in which nothing is taken away on either side: `t >= 1`, not `t - 1 >= 0`."""
    terms = (left - right).terms
    more = Int(tuple((m, c) for m, c in terms if c > 0))
    less = Int(tuple((m, -c) for m, c in terms if c < 0))
    return f"{more} {op} {less}"


def at_least_nothing(count: Int) -> Int:
    """A count that a difference of extents may make negative, or else 0."""
    return count if count.grows else variable(f"largest(0, {count})")


def product(values: tuple[Int, ...]) -> Int:
    """The product of all."""
    result = whole(1)
    for value in values:
        result = result * value
    return result


def _bound(factor: str, most: int) -> int:
    """The most that a variable is, or an expression whatever its signs."""
    words = (re.findall(r"\w+\b(?!\()", part) for part in re.split(r"[-+,]", factor))
    return sum(prod(int(w) if w.isdigit() else most for w in part) for part in words)


def _product(factors: Monomial, coefficient: int) -> str:
    if not factors:
        return str(coefficient)
    text = "*".join(factors)
    return text if coefficient == 1 else f"{text}*{coefficient}"
