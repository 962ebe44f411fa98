"""Sums of monomials with integer exponents of either sign, over exact rationals.

A monomial is a sorted tuple of `(generator, exponent)`, a generator a small integer; a sum maps
monomials to coefficients that aren't 0. What a generator stands for, others know.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

Monomial = tuple[tuple[int, int], ...]
Sum = dict[Monomial, Fraction]
Frozen = tuple[tuple[Monomial, Fraction], ...]

UNIT: Monomial = ()


def constant(value: Fraction) -> Sum:
    """A number."""
    return {UNIT: value} if value else {}


def generator(which: int, exponent: int = 1) -> Sum:
    """A generator alone, to a power."""
    return {((which, exponent),): Fraction(1)}


def times(one: Monomial, other: Monomial) -> Monomial:
    """The product of two monomials."""
    if not one or not other:
        return one or other
    exponents = dict(one)
    for which, exponent in other:
        exponents[which] = exponents.get(which, 0) + exponent
    return tuple(sorted((g, e) for g, e in exponents.items() if e))


def inverted(monomial: Monomial) -> Monomial:
    """One over a monomial."""
    return tuple((g, -e) for g, e in monomial)


def added(one: Mapping[Monomial, Fraction], other: Mapping[Monomial, Fraction]) -> Sum:
    """The sum of two."""
    result = dict(one)
    add_to(result, other)
    return result


def add_to(total: Sum, other: Mapping[Monomial, Fraction]) -> None:
    """Add one in place."""
    for monomial, coefficient in other.items():
        before = total.get(monomial)
        if before is None:
            total[monomial] = coefficient
        elif after := before + coefficient:
            total[monomial] = after
        else:
            del total[monomial]


def multiplied(one: Mapping[Monomial, Fraction], other: Mapping[Monomial, Fraction]) -> Sum:
    """The product of two, written out."""
    result: Sum = {}
    for left, a in one.items():
        for right, b in other.items():
            monomial = times(left, right)
            before = result.get(monomial)
            result[monomial] = a * b if before is None else before + a * b
    return {m: c for m, c in result.items() if c}


def scaled(one: Mapping[Monomial, Fraction], by: Monomial, factor: Fraction) -> Sum:
    """Each term times a monomial and a number that isn't 0."""
    return {times(m, by): c * factor for m, c in one.items()}


def common(one: Mapping[Monomial, Fraction]) -> Monomial:
    """The monomial that divides every term and leaves no exponent negative."""
    least: dict[int, int] = {}
    count: dict[int, int] = {}
    for monomial in one:
        for which, exponent in monomial:
            least[which] = min(least.get(which, exponent), exponent)
            count[which] = count.get(which, 0) + 1
    everywhere = ((g, e if count[g] == len(one) else min(e, 0)) for g, e in least.items())
    return tuple(sorted((g, e) for g, e in everywhere if e))


def primitive(one: Mapping[Monomial, Fraction]) -> tuple[Fraction, Monomial, Frozen]:
    """A number, a monomial and what remains when both are divided out: equal for equal shapes.

    What remains has no monomial in common, and its first term's coefficient is 1.
    """
    shared = common(one)
    rest = scaled(one, inverted(shared), Fraction(1)) if shared else one
    first = min(rest)
    leading = rest[first]
    return leading, shared, tuple(sorted((m, c / leading) for m, c in rest.items()))
