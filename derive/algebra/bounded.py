"""Slopes that are infinity over infinity, or 0 times infinity, in forms that stay bounded.

`exp(x)/(1 + exp(x))` is no number from x = 710 on, in single precision from 89 on; `sigmoid(x)`
is 1 there. What is cheapest to write is what SymPy makes of a quotient first: both are offered,
and the bounded one has fewer functions. A quotient by squares is told through its result instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy

from derive.algebra.sympy_bridge import named

Sympy = Any
_SIGMOID = named("sigmoid")
_SQUARE = 2
_MOST = 60  # operations; a longer quotient is no polynomial that is worth finding


def bounded_forms(value: Sympy, whole: Sympy) -> Iterator[Sympy]:
    """Equal forms with sigmoid or tanh; `whole` is the value as one quotient."""
    if value.has(sympy.sinh) and value.has(sympy.cosh):
        yield value.replace(sympy.sinh, lambda u: sympy.tanh(u) * sympy.cosh(u))
    if not value.has(sympy.exp) or sympy.count_ops(whole) > _MOST:
        return
    _, under = sympy.fraction(whole)
    for exponent in _exponents(under):
        form = _by_sigmoid(whole, exponent)
        if form is not None:
            yield form


def by_result(value: Sympy, inside: Sympy, result: Sympy) -> Sympy | None:
    """The slope of `y = x/(1 + x**2)` as `1/(1 + x**2) - 2*x*y/(1 + x**2)`; `x*exp(-x**2)` alike.

    `(1 - x**2)/(1 + x**2)**2` is infinity over infinity at 1e20 in single precision, where y and
    its slope are 0. `value` is the slope of `inside`, which `result` is. None for all else.
    """
    factors = sympy.Mul.make_args(inside)
    fading = [f for f in factors if _fades(f)]
    if not fading or sympy.count_ops(value) > _MOST:
        return None
    rest = sympy.Mul(*fading)
    linear = inside / rest
    numerator, _ = sympy.fraction(sympy.together(value))
    for symbol in sorted(linear.free_symbols & rest.free_symbols, key=sympy.default_sort_key):
        if _degree(linear, symbol) != 1 or _degree(numerator, symbol) < _SQUARE:
            continue
        slopes = [_relative_slope(f, symbol) for f in fading]
        if None not in slopes and sympy.cancel(value - inside.diff(symbol)) == 0:
            return rest * linear.diff(symbol) + result * sympy.Add(*slopes)
    return None


def _fades(factor: Sympy) -> bool:
    """Whether it is a divisor or an exponential."""
    return isinstance(factor, sympy.exp) or bool(factor.is_Pow and factor.exp.is_negative)


def _relative_slope(factor: Sympy, symbol: Sympy) -> Sympy | None:
    """f'/f of a power of a square, or of an exponential of one."""
    inside = factor.args[0]
    if _degree(inside, symbol) not in range(_SQUARE + 1):
        return None
    slope = inside.diff(symbol)
    return slope if isinstance(factor, sympy.exp) else factor.exp * slope / inside


def _degree(value: Sympy, symbol: Sympy) -> int:
    """The degree of a polynomial; -1 where it is none."""
    return int(sympy.degree(value, symbol)) if value.is_polynomial(symbol) else -1


def _exponents(under: Sympy) -> Iterator[Sympy]:
    """Each u of the divisors `1 + exp(u)`."""
    for factor in sympy.Mul.make_args(sympy.factor_terms(under)):
        base = factor.base if factor.is_Pow and factor.exp.is_Integer else factor
        match base.args:
            case (sympy.S.One, sympy.exp() as other) if base.is_Add:
                yield other.args[0]


def _by_sigmoid(whole: Sympy, exponent: Sympy) -> Sympy | None:
    """A quotient as a polynomial in `q = sigmoid(u)`, by `exp(u) = q/(1 - q)`, where it is one.

    Of `1 - q` becomes `sigmoid(-u)`, which loses no digits where q is nearly 1. An odd power of
    `exp(u/2)` is told through `cosh(u/2)`, as `exp(x)/(1 + exp(2*x)) = 1/(2*cosh(x))`.
    """
    q, half = sympy.Dummy("q"), sympy.Dummy("half")

    def power(u: Sympy) -> Sympy:
        times = sympy.cancel(u / exponent)
        if times.is_Integer:
            return (q / (1 - q)) ** times
        if (2 * times).is_Integer:
            return (q / (1 - q)) ** (times - sympy.S.Half) / (1 - q) / half
        return sympy.exp(u)

    form = sympy.cancel(whole.replace(sympy.exp, power))
    left = form.atoms(sympy.exp)
    if not form.is_polynomial(q) or any(e.free_symbols & exponent.free_symbols for e in left):
        return None
    others = sorted(form.free_symbols - {q, half}, key=sympy.default_sort_key)
    gathered = sympy.factor_terms(sympy.collect(sympy.expand(form), others, sympy.factor))
    up, down = _SIGMOID(exponent), _SIGMOID(-exponent)
    cosh = 2 * sympy.cosh(exponent / 2)
    return gathered.xreplace({1 - q: down, q - 1: -down, q: up, half: cosh})
