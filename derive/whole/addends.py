"""Sums in the shortest form that a few rules find: products written out where terms cancel, a
common factor in front, no minus where a difference can be turned round."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Protocol

from derive.whole.nodes import Entrywise, Fill, Literal, Product, Transpose, Whole
from derive.whole.text import chain, text

Addends = list[tuple[Fraction, Whole]]  # each with its number, which isn't 0
_ONE = Literal(Fraction(1))
_ONES = Fill(Fraction(1))
_MOST = 24  # terms that are looked at when products are written out


class Making(Protocol):
    """Who makes products and sums."""

    def times(self, nodes: Sequence[Whole]) -> Whole:
        """An entry-wise product."""

    def product(self, left: Whole, right: Whole) -> Whole:
        """A matrix product."""

    def split(self, node: Whole) -> tuple[Fraction, Whole]:
        """The number in front, and the rest."""

    def scaled(self, factor: Fraction, node: Whole) -> Whole:
        """A number times a node."""

    def addends(self, node: Whole) -> Addends:
        """What is added, each with its number."""

    def add(self, nodes: Sequence[Whole]) -> Whole:
        """A sum."""

    def is_column(self, node: Whole) -> bool:
        """Whether a node is a column."""


def is_ones(node: Whole) -> bool:
    """Whether a node is a column, a row or a matrix of ones, as long as its place demands."""
    turned = Transpose(_ONES)
    return node in (_ONES, turned, Product(_ONES, turned))


def is_sum(node: Whole) -> bool:
    """Whether a node is a sum or a difference."""
    return isinstance(node, Entrywise) and node.op in ("+", "-")


def summed(make: Making, addends: Addends) -> Whole:
    """A sum as it is written, what is added before what is taken away."""
    if not addends:
        return Literal(Fraction(0))
    if len(addends) == 1:
        return _turned(make, *addends[0])
    first = next((k for k, (factor, _) in enumerate(addends) if factor > 0), 0)
    order = [addends[first], *addends[:first], *addends[first + 1 :]]
    total = make.scaled(*order[0])
    for factor, rest in order[1:]:
        sign = "+" if factor > 0 else "-"
        total = Entrywise(sign, (total, make.scaled(abs(factor), rest)))
    return total


def _turned(make: Making, factor: Fraction, node: Whole) -> Whole:
    """A number times a node: `-2 * (x - y)` is `2 * (y - x)`."""
    if factor < 0:
        parts = chain(node)
        for k, part in enumerate(parts):
            across = isinstance(part, Transpose) and part.axes is None
            inner = part.of if isinstance(part, Transpose) and across else part
            own = make.addends(inner) if is_sum(inner) else []
            if any(f < 0 for f, _ in own):
                other = summed(make, [(-f, rest) for f, rest in own])
                parts[k] = Transpose(other) if across else other
                found = parts[0]
                for other in parts[1:]:
                    found = Product(found, other)
                return make.scaled(-factor, found)
    return make.scaled(factor, node)


def shortest(make: Making, addends: Addends) -> Whole:
    """A sum in the shortest of its forms."""
    best = summed(make, addends)
    for form in (_expanded, _gathered):
        other = form(make, make.addends(best))
        if other is not None:
            found = summed(make, other)
            best = found if len(text(found)) < len(text(best)) else best
    return best


def _expanded(make: Making, addends: Addends) -> Addends | None:
    """Products of sums written out; None where no terms meet."""
    terms: list[tuple[Fraction, list[Whole]]] = []
    for factor, node in addends:
        own = _monomials(make, node)
        if own is None or len(terms) + len(own) > _MOST:
            return None
        terms += [(factor * f, parts) for f, parts in own]
    if len(terms) <= len(addends):
        return None
    found: dict[tuple[str, ...], tuple[Fraction, list[Whole]]] = {}
    for factor, parts in terms:
        key = tuple(sorted(map(text, parts)))
        known, _ = found.get(key, (Fraction(0), parts))
        found[key] = (known + factor, parts)
    if len(found) == len(terms):
        return None
    products = [make.scaled(f, make.times(parts)) for f, parts in found.values() if f]
    return [pair for product in products for pair in make.addends(product)]


def _monomials(make: Making, node: Whole) -> list[tuple[Fraction, list[Whole]]] | None:
    """A node as a sum of products of entries; None where there are too many."""
    number, rest = make.split(node)
    match rest:
        case Entrywise(op="+" | "-" as op, args=(left, right)):
            one, other = _monomials(make, left), _monomials(make, right)
            if one is None or other is None:
                return None
            sign = 1 if op == "+" else -1
            found = [*one, *((sign * f, parts) for f, parts in other)]
        case Entrywise(op="*", args=(left, right)):
            one, other = _monomials(make, left), _monomials(make, right)
            if one is None or other is None or len(one) * len(other) > _MOST:
                return None
            found = [(f * g, [*a, *b]) for f, a in one for g, b in other]
        case Entrywise(op="/", args=(over, under)) if over != _ONE:
            one = _monomials(make, over)
            if one is None:
                return None
            found = [(f, [*a, Entrywise("/", (_ONE, under))]) for f, a in one]
        case _:
            found = [(Fraction(1), [] if rest == _ONE else [rest])]
    return [(number * f, parts) for f, parts in found] if len(found) <= _MOST else None


def _gathered(make: Making, addends: Addends) -> Addends | None:
    """`A @ x - A @ y` as `A @ (x - y)`; None where no factor is common."""
    groups: dict[object, Addends] = {}
    for k, (factor, node) in enumerate(addends):
        parts = chain(node)
        alone = len(parts) < 2 or not make.is_column(node)
        groups.setdefault(k if alone else parts[0], []).append((factor, node))
    if len(groups) == len(addends):
        return None
    found: Addends = []
    for group in groups.values():
        if len(group) == 1:
            found += group
            continue
        rests = []
        for factor, node in group:
            first, *others = chain(node)
            rest = others[0]
            for other in others[1:]:
                rest = Product(rest, other)
            rests.append(make.scaled(factor, rest))
        found += make.addends(make.product(first, make.add(rests)))
    return found
