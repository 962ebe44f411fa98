"""Sums whose value is known: by an assumption, or since an equation defines it.

From `m[n] = sum(i, x[n,i])/3` follows `sum(i, m[n] - x[n,i]) = 3*m[n] - 3*m[n] = 0`, and from
`sum(i, t[n,i]) == 1` that `sum(i, 0.9*t[n,i] + 1/30)` is 1. A body is written out as a sum of
products, element-wise equations put in where that helps; each product's sum has to be known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from derive.algebra.index_rules import elementwise, pull
from derive.algebra.simplify import simplify
from derive.ir.notation import Add, Affine, Axis, Equation, Expr, Mul, Number, Pow, Read, Term
from derive.ir.system import Assumption
from derive.ir.tree import (
    ONE,
    ZERO,
    add,
    divide,
    index,
    letters,
    mul,
    number,
    power,
    reads,
    replace_reads,
    substitute,
    walk,
)

_MOST_NODES = 60
_MOST_PRODUCTS = 16
_MOST_ROUNDS = 3

Product = tuple[tuple[Expr, Fraction], ...]  # factors with their powers
Products = dict[Product, Fraction]
Defined = Callable[[str], Equation | None]


@dataclass(frozen=True)
class _Pattern:
    """A sum of which the value is known: `sum(reduced, core) = value` at every place."""

    core: Expr
    reduced: tuple[Axis, ...]
    value: Expr
    source: str
    assumed: bool


@dataclass(frozen=True)
class KnownSum:
    """The value of a sum, the tensors whose equations say it, and the texts of assumptions."""

    value: Expr
    by: tuple[str, ...]
    under: tuple[str, ...]

    @property
    def reason(self) -> str:
        """Why it is that."""
        sources = (*(f"the equation of {name}" for name in self.by), *self.under)
        return f"the sum is known by {', '.join(sources)}"


class KnownSums:
    """The sums that a system's equations and assumptions give the values of."""

    def __init__(self, equations: Iterable[Equation], assumptions: Iterable[Assumption]) -> None:
        self.patterns: dict[str, list[_Pattern]] = {}
        for pattern in (*_assumed(assumptions), *_defined(equations)):
            first = next(reads(pattern.core), None)
            if first is not None and all(s.axis is not None for s in first.subscripts):
                self.patterns.setdefault(first.tensor, []).append(pattern)

    def of(self, term: Term, defined: Defined) -> KnownSum | None:
        """What the sum of a term is; None where that isn't known.

        `defined` gives the equation of a tensor, for those that may be put in.
        """
        if not self.patterns or not term.reduced or not term.plain or term.reduce != "sum":
            return None
        pulled = pull(term)
        body = pulled.core
        for _ in range(_MOST_ROUNDS):
            products = _products(body) if _is_short(body) else None
            if products is None:
                return None
            found = self._summed(products, term.reduced)
            if found is not None:
                return replace(found, value=pulled.wrap(found.value))
            more = _put_in(body, set(term.reduced), defined)
            if more == body:
                return None
            body = more
        return None

    def _summed(self, products: Products, reduced: Sequence[Axis]) -> KnownSum | None:
        run = set(reduced)
        parts: list[Expr] = []
        used: dict[_Pattern, None] = {}
        for product, coefficient in products.items():
            inside = tuple((b, e) for b, e in product if run & set(letters(b)))
            outside = mul(number(coefficient), *(_powered(f) for f in product if f not in inside))
            walked = {a for b, _ in inside for a in letters(b)} & run
            for axis in reduced:
                if axis not in walked:
                    outside = mul(outside, index(axis.extent))
            if inside:
                found = self._value(inside, walked)
                if found is None:
                    return None
                used[found[0]] = None
                outside = mul(outside, found[1])
            parts.append(outside)
        if not used:
            return None  # nothing varies in it: it is a count
        assumed = tuple(p.source for p in used if p.assumed)
        by = tuple(p.source for p in used if not p.assumed)
        return KnownSum(simplify(add(*parts)), by, assumed)

    def _value(self, inside: Product, run: set[Axis]) -> tuple[_Pattern, Expr] | None:
        wanted = dict(inside)
        for read in (r for base, _ in inside for r in reads(base)):
            for pattern in self.patterns.get(read.tensor, ()):
                places = _places(pattern, read)
                if places is None or not places.keys() >= set(pattern.reduced):
                    continue  # a letter of the sum that this read doesn't walk
                if {places[a].axis for a in pattern.reduced} != run:
                    continue
                core = _products(substitute(pattern.core, places))
                alike = [(dict(p), c) for p, c in (core or {}).items()]
                if alike == [(wanted, Fraction(1))]:
                    return pattern, substitute(pattern.value, places)
        return None


def _assumed(assumptions: Iterable[Assumption]) -> Iterator[_Pattern]:
    for assumption in assumptions:
        left = assumption.left.terms
        if len(left) == 1 and left[0].reduce == "sum" and left[0].reduced:
            yield _Pattern(
                left[0].body, left[0].reduced, assumption.right, assumption.text, assumed=True
            )


def _defined(equations: Iterable[Equation]) -> Iterator[_Pattern]:
    """`m[n] = sum(i, x[n,i])/3`: the sum is `3*m[n]`; a factor has to be a number of its own."""
    for equation in equations:
        term = equation.terms[0]
        if len(equation.terms) > 1 or term.reduce != "sum" or not term.reduced or not term.plain:
            continue
        pulled = pull(term)
        front = pulled.wrap(ONE)
        if next(reads(front), None) is None and front != ZERO:
            value = divide(Read(equation.tensor, term.target), front)
            yield _Pattern(pulled.core, term.reduced, value, equation.tensor, assumed=False)


def _places(pattern: _Pattern, read: Read) -> Mapping[Axis, Affine] | None:
    """The letters of a pattern put to those of a read of its first tensor."""
    first = next(reads(pattern.core))
    places: dict[Axis, Affine] = {}
    for mine, theirs in zip(first.subscripts, read.subscripts, strict=True):
        axis = mine.axis
        assert axis is not None
        if theirs.axis is None or places.setdefault(axis, theirs) != theirs:
            return None
        if axis.extent != theirs.axis.extent:
            return None
    known = {a for e in (pattern.core, pattern.value) for a in letters(e)}
    return places if known <= places.keys() else None


def _put_in(body: Expr, run: set[Axis], defined: Defined) -> Expr:
    """The body with element-wise equations in the place of what walks along the sum."""

    def change(read: Read) -> Expr | None:
        equation = defined(read.tensor)
        if equation is None or not run & set(letters(read)) or not elementwise(equation):
            return None
        if len(equation.terms) > 1:
            return None
        places = dict(zip(equation.axes, read.subscripts, strict=True))
        return substitute(equation.terms[0].body, places)

    return replace_reads(body, change)


def _products(expr: Expr) -> Products | None:
    """An expression as a sum of products; None where these are too many."""
    result: Products | None
    match expr:
        case Number(value):
            return {(): value} if value else {}
        case Add(args):
            result = {}
            for arg in args:
                part = _products(arg)
                if part is None:
                    return None
                for product, coefficient in part.items():
                    result[product] = result.get(product, Fraction(0)) + coefficient
            return _few({p: c for p, c in result.items() if c})
        case Mul(args):
            result = {(): Fraction(1)}
            for arg in args:
                part = _products(arg)
                if part is None or result is None:
                    return None
                result = _multiplied(result, part)
            return result
        case Pow(base, Number(value)):
            inner = _products(base)
            if inner is not None and len(inner) == 1 and value.denominator == 1:
                ((product, coefficient),) = inner.items()
                raised = tuple((b, e * value) for b, e in product)
                return {raised: coefficient ** int(value)}
            return {((base, value),): Fraction(1)}
        case _:
            return {((expr, Fraction(1)),): Fraction(1)}


def _multiplied(one: Products, other: Products) -> Products | None:
    if len(one) * len(other) > _MOST_PRODUCTS:
        return None
    result: Products = {}
    for mine, a in one.items():
        for theirs, b in other.items():
            powers = dict(mine)
            for base, exponent in theirs:
                powers[base] = powers.get(base, Fraction(0)) + exponent
            product = tuple(sorted(((b_, e) for b_, e in powers.items() if e), key=repr))
            result[product] = result.get(product, Fraction(0)) + a * b
    return {p: c for p, c in result.items() if c}


def _is_short(body: Expr) -> bool:
    return sum(1 for _ in walk(body)) <= _MOST_NODES


def _few(products: Products) -> Products | None:
    return products if len(products) <= _MOST_PRODUCTS else None


def _powered(factor: tuple[Expr, Fraction]) -> Expr:
    base, exponent = factor
    return base if exponent == 1 else power(base, number(exponent))
