"""Edits of signs, terms, factors and powers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import combinations

from derive.answers.slips import mistakes as m
from derive.answers.slips.edits.context import Context
from derive.answers.slips.positions import Edit, Position, chosen, product
from derive.ir.notation import Add, Call, Compare, Expr, Index, Mul, Number, Pow, Read, Reduction
from derive.ir.tree import MINUS_ONE, number, reads

_HALF = Fraction(1, 2)
_NOT_FUNCTIONS = ("where", "hold", "delta")
_LIKE = ("sigmoid", "tanh", "exp", "relu", "softplus", "sin", "cos")


def sign_turned(position: Position, context: Context) -> Iterator[Edit]:
    """Another sign before all, before a term, or before an argument."""
    node, above = position.node, position.above
    inside = isinstance(above, Add) or (
        isinstance(above, Call) and above.function not in ("where", "hold")
    )
    if (above is None or inside) and not isinstance(node, Compare):
        mistake = m.SIGN_OF_ALL if above is None else m.SIGN_OF_PART
        yield position.replaced(mistake, _negative(node))


def _negative(node: Expr) -> Expr:
    match node:
        case Mul((first, *rest)) if first == MINUS_ONE and rest:
            return product(rest)
        case Number(value):
            return Number(-value)
        case _:
            return Mul((MINUS_ONE, node))


def term_dropped(position: Position, context: Context) -> Iterator[Edit]:
    """A sum without one of its terms, or one of its terms alone."""
    node = position.node
    if not isinstance(node, Add):
        return
    usual = m.TERM if position.above is None else m.TERM_INSIDE
    rests = [chosen(node.args, (k,))[1] for k in range(len(node.args))]
    for k, (arg, rest) in enumerate(zip(node.args, rests, strict=True)):
        mistake = m.NUMBER_ADDED if isinstance(arg, Number) else usual
        yield position.edit(mistake, rest[0] if len(rest) == 1 else Add(rest), arg, args=(k,))
    if len(node.args) > 2:
        for arg, rest in zip(node.args, rests, strict=True):
            yield position.edit(m.ALL_OTHER_TERMS, arg, Add(rest))


def factor_dropped(position: Position, context: Context) -> Iterator[Edit]:
    """A product without one of its factors, or without two that are made of one value."""
    node = position.node
    if not isinstance(node, Mul):
        return
    for k, arg in enumerate(node.args):
        if arg != MINUS_ONE:
            yield without_factors(position, node, (k,), m.FACTOR)
    for one, other in combinations(range(len(node.args)), 2):
        of_one = set(reads(node.args[one]))
        if of_one and of_one == set(reads(node.args[other])):
            yield without_factors(position, node, (one, other), m.FACTORS_OF_ONE_VALUE)


def without_factors(
    position: Position, node: Mul, which: Sequence[int], mistake: m.Mistake
) -> Edit:
    """A product without some of its factors; a factor that stays in it once less is a power."""
    gone, rest = chosen(node.args, which)
    before = product(gone)
    if len(gone) == 1 and not isinstance(before, Number) and _base(before) in map(_base, rest):
        mistake = m.REPEATED_FACTOR
    if isinstance(before, Call) and before.function == "sqrt" and _divides(before.args[0], rest):
        mistake = replace(mistake, forth="power")  # sqrt(d)/d becomes 1/d
    return position.edit(mistake, product(rest), before, args=which)


def _divides(base: Expr, rest: Sequence[Expr]) -> bool:
    """Whether a number is a divisor among the factors."""
    if not isinstance(base, Number) or base.value.denominator != 1:
        return False
    return any(
        isinstance(a, Number) and a.value.denominator % base.value.numerator == 0 for a in rest
    )


def _base(expr: Expr) -> Expr:
    return expr.base if isinstance(expr, Pow) else expr


def other_power(position: Position, context: Context) -> Iterator[Edit]:
    """Another exponent, a square too many, a root or a reciprocal left out or put on."""
    for mistake, new in _powers(position.node, position):
        yield position.replaced(mistake, new)


def _powers(node: Expr, position: Position) -> Iterator[tuple[m.Mistake, Expr]]:
    above = position.above
    match node:
        case Pow(base, Number(value)):
            yield from _exponents(base, value)
        case Call("sqrt", (Number(),)):
            pass
        case Call("sqrt", (base,)):
            yield m.POWER, base
            if not isinstance(above, Pow):
                yield m.INVERTED, Pow(node, MINUS_ONE)
                yield m.ROOT, Pow(node, number(3))
        case Mul(args) if isinstance(above, Add):
            rest = tuple(a for a in args if a != MINUS_ONE)
            if rest:
                signs = tuple(a for a in args if a == MINUS_ONE)
                yield m.TERM_SQUARED, Mul((*signs, Pow(Mul(rest), number(2))))
        case Read() | Add() | Reduction() | Index() | Call() if isinstance(above, Pow):
            if above.exponent == MINUS_ONE:
                yield m.POWER, Call("sqrt", (node,))
        case Call(function, _) if function in _NOT_FUNCTIONS:
            pass
        case Add() if position.whole_product:
            pass
        case Read() | Add() | Reduction() | Index() | Call() if not isinstance(above, Compare):
            yield m.POWER, Pow(node, number(2))
            yield m.INVERTED, Pow(node, MINUS_ONE)
            if not isinstance(node, Index):
                yield m.ROOT, Call("sqrt", (node,))


def _exponents(base: Expr, value: Fraction) -> Iterator[tuple[m.Mistake, Expr]]:
    others = (value + 1, value - 1, -value, value * 2, value / 2, value - _HALF, value + _HALF)
    for other in dict.fromkeys(others):
        if other not in (value, 0):
            # by an extent once more or once less: that is a factor, as it is by a number
            counts = isinstance(base, Index) and (other - value).denominator == 1
            new = base if other == 1 else Pow(base, Number(other))
            yield (m.POWER_OF_EXTENT if counts else m.POWER), new


def other_number(position: Position, context: Context) -> Iterator[Edit]:
    """A number twice, half, left out, or taken from 1."""
    node, above = position.node, position.above
    if not isinstance(node, Number) or isinstance(above, Pow):
        return
    if abs(node.value) != 1 or isinstance(above, Mul):
        for times in (Fraction(2), _HALF, 1 / node.value if node.value else Fraction(3)):
            yield position.replaced(m.NUMBER, Number(node.value * times))
    if 0 < node.value < 1:
        yield position.replaced(m.COMPLEMENT, Number(1 - node.value))


def scaled(position: Position, context: Context) -> Iterator[Edit]:
    """A factor too many, at every whole product: that of a sum is one before the sum."""
    node, above = position.node, position.above
    if isinstance(node, Number) and not isinstance(above, Pow):
        return
    takes = isinstance(above, Call) and above.function not in _NOT_FUNCTIONS
    if above is None or isinstance(above, Add) or takes:
        mistake = m.SCALE_OF_ALL if above is None else m.SCALE_OF_PART
        for scale in context.scales:
            kind = mistake
            if isinstance(scale, Pow) and isinstance(scale.base, Call):
                # the whole was divided by what only its root belongs under
                kind = replace(mistake, forth="power")
            elif isinstance(scale, Call):
                kind = replace(mistake, back="power")
            yield position.edit(kind, Mul((scale, node)), after=scale)


def other_function(position: Position, context: Context) -> Iterator[Edit]:
    """A function left out, or another one in its place."""
    match position.node:
        case Call(function, (inside,)) if function not in ("hold", "sqrt"):
            yield position.replaced(m.FUNCTION_LEFT_OUT, inside)
            for other in _LIKE:
                if other != function:
                    yield position.replaced(m.OTHER_FUNCTION, Call(other, (inside,)))
