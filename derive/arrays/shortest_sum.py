"""Sums in the shortest form that a few rules find: products written out where terms cancel, a
common factor in front, no minus where a difference can be turned round."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Protocol

from derive.arrays.monomials import ONES, ZERO, Powers, scaled
from derive.arrays.nodes import ARRAYS, Entrywise, Product, Transpose, Whole
from derive.arrays.printer import chain, text

Addends = list[tuple[Fraction, Whole]]  # each with its number, which isn't 0
_MOST = 24  # terms that are looked at when products are written out


class Making(Protocol):
    """Who makes products and sums."""

    def times(self, nodes: Sequence[Whole]) -> Whole:
        """An entry-wise product."""

    def product(self, left: Whole, right: Whole) -> Whole:
        """A matrix product."""

    def monomial(self, node: Whole) -> tuple[Fraction, Powers]:
        """The number in front and the factors with their exponents."""

    def factors(self, node: Whole) -> list[Whole]:
        """The factors without the number, divisors as quotients."""

    def addends(self, node: Whole) -> Addends:
        """The addends, each with its number."""

    def add(self, nodes: Sequence[Whole]) -> Whole:
        """A sum."""

    def is_column(self, node: Whole) -> bool:
        """Whether a node is a column."""


def is_ones(node: Whole) -> bool:
    """Whether a node is a column or a row of ones, as long as its place demands."""
    return node in (ONES, Transpose(ONES))


def is_sum(node: Whole) -> bool:
    """Whether a node is a sum or a difference."""
    return isinstance(node, Entrywise) and node.op in ("+", "-")


def summed(make: Making, addends: Addends) -> Whole:
    """A sum as it is written, what is added before what is taken away."""
    if not addends:
        return ZERO
    if len(addends) == 1:
        return _turned(make, *addends[0])
    first = next((k for k, (factor, _) in enumerate(addends) if factor > 0), 0)
    total, *others = [addends[first], *addends[:first], *addends[first + 1 :]]
    result = scaled(*total)
    for factor, rest in others:
        other = _negated(make, rest) if factor < 0 else None
        sign = "+" if factor > 0 or other is not None else "-"
        result = Entrywise(sign, (result, scaled(abs(factor), other or rest)))
    return result


def _turned(make: Making, factor: Fraction, node: Whole) -> Whole:
    """A number times a node: `-2 * (x - y)` is `2 * (y - x)`."""
    other = _negated(make, node) if factor < 0 else None
    return scaled(factor, node) if other is None else scaled(-factor, other)


def _negated(make: Making, node: Whole, whole: Whole | None = None) -> Whole | None:
    """A node's negative by turning a difference round; None where there is none.

    One that stands elsewhere in the whole as well stays as it is.
    """
    whole = whole or node
    if is_sum(node):
        own = make.addends(node)
        if sum(n == node for n in ARRAYS.walk(whole)) == 1 and any(f < 0 for f, _ in own):
            return summed(make, [(-f, rest) for f, rest in own])
        return None
    match node:
        case Transpose(of=of, axes=None):
            other = _negated(make, of, whole)
            return None if other is None else Transpose(other)
        case Entrywise(op="/", args=(over, under)):
            other = _negated(make, over, whole)
            return None if other is None else Entrywise("/", (other, under))
        case Entrywise(op="*", args=(left, right)) | Product(left=left, right=right):
            product = isinstance(node, Product)
            one, last = _negated(make, left, whole), right
            if one is None:
                other = _negated(make, right, whole)
                if other is None:
                    return None
                one, last = left, other
            return Product(one, last) if product else Entrywise("*", (one, last))
        case _:
            return None


def _expanded(make: Making, addends: Addends) -> Addends | None:
    """Products of sums written out; None where there are none, or too many terms."""
    terms: list[tuple[Fraction, list[Whole]]] = []
    for factor, node in addends:
        own = _monomials(make, node)
        if own is None or len(terms) + len(own) > _MOST:
            return None
        terms += [(factor * f, parts) for f, parts in own]
    if len(terms) <= len(addends):
        return None
    result: dict[tuple[str, ...], tuple[Fraction, list[Whole]]] = {}
    for factor, parts in terms:
        key = tuple(sorted(map(text, parts)))
        known, _ = result.get(key, (Fraction(0), parts))
        result[key] = (known + factor, parts)
    products = [scaled(f, make.times(parts)) for f, parts in result.values() if f]
    return [pair for product in products for pair in make.addends(product)]


def _monomials(make: Making, node: Whole) -> list[tuple[Fraction, list[Whole]]] | None:
    """A node as a sum of products of entries; None where there are too many."""
    terms: list[tuple[Fraction, list[Whole]]] = [(make.monomial(node)[0], [])]
    for factor in make.factors(node):
        inner: list[tuple[Fraction, list[Whole]]] = [(Fraction(1), [factor])]
        if is_sum(factor):
            parts = [(f, _monomials(make, rest)) for f, rest in make.addends(factor)]
            inner = [(f * g, b) for f, part in parts for g, b in part or ()]
            if any(part is None for _, part in parts):
                return None
        if len(terms) * len(inner) > _MOST:
            return None
        terms = [(f * g, [*a, *b]) for f, a in terms for g, b in inner]
    return terms


def _gathered(make: Making, addends: Addends) -> Addends | None:
    """`A @ x - A @ y` as `A @ (x - y)`; None where no factor is common."""
    groups: dict[object, Addends] = {}
    for k, (factor, node) in enumerate(addends):
        parts = chain(node)
        alone = len(parts) < 2 or not make.is_column(node)
        groups.setdefault(k if alone else parts[0], []).append((factor, node))
    if len(groups) == len(addends):
        return None
    result: Addends = []
    for group in groups.values():
        if len(group) == 1:
            result += group
            continue
        rests = []
        for factor, node in group:
            first, *others = chain(node)
            rest = others[0]
            for other in others[1:]:
                rest = Product(rest, other)
            rests.append(scaled(factor, rest))
        result += make.addends(make.product(first, make.add(rests)))
    return result


def _factored(make: Making, addends: Addends) -> Addends | None:
    """`2 * x / n - 2 * y / n` as `2 * (x - y) / n`; None where no factor is common."""
    if len(addends) < 2:
        return None
    number = abs(addends[0][0])
    if any(abs(factor) != number for factor, _ in addends):
        number = Fraction(1)
    lists = [make.factors(node) for _, node in addends]
    common: list[Whole] = []
    for part in list(lists[0]):
        if all(part in own for own in lists):
            common.append(part)
            for own in lists:
                own.remove(part)
    if number == 1 and not common:
        return None
    rests = [
        scaled(factor / number, make.times(own))
        for (factor, _), own in zip(addends, lists, strict=True)
    ]
    return make.addends(scaled(number, make.times([make.add(rests), *common])))


# each rule with how much shorter its form has to be: s * (1 - s) stays, though s - s**2 is shorter
_RULES = ((_expanded, 0.6), (_gathered, 1.0), (_factored, 1.0))


def shortest(make: Making, addends: Addends) -> Whole:
    """A sum in the shortest of the forms that the rules give, one after the other."""
    best = summed(make, addends)
    for rule, most in _RULES:
        other = rule(make, make.addends(best))
        result = best if other is None else summed(make, other)
        best = result if len(text(result)) < most * len(text(best)) else best
    return best
