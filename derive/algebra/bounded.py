"""Quotients of exponentials that are infinity over infinity, by functions that stay bounded.

`exp(x)/(1 + exp(x))` is no number from x = 710 on, in single precision from 89 on; `sigmoid(x)`
is 1 there. What is cheapest to write is what SymPy makes of a quotient first: both are offered,
and the bounded one has fewer functions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy

from derive.algebra.sympy_bridge import named

Sympy = Any
_SIGMOID = named("sigmoid")
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


def _exponents(under: Sympy) -> Iterator[Sympy]:
    """Each u of the divisors `1 + exp(u)`."""
    for factor in sympy.Mul.make_args(under):
        base = factor.base if factor.is_Pow and factor.exp.is_Integer else factor
        match base.args:
            case (sympy.S.One, sympy.exp() as other) if base.is_Add:
                yield other.args[0]


def _by_sigmoid(whole: Sympy, exponent: Sympy) -> Sympy | None:
    """A quotient as a polynomial in `q = sigmoid(u)`, by `exp(u) = q/(1 - q)`, where it is one.

    Of `1 - q` becomes `sigmoid(-u)`, which loses no digits where q is nearly 1.
    """
    q = sympy.Dummy("q")

    def power(u: Sympy) -> Sympy:
        times = sympy.cancel(u / exponent)
        return (q / (1 - q)) ** times if times.is_Integer else sympy.exp(u)

    form = sympy.cancel(whole.replace(sympy.exp, power))
    left = form.atoms(sympy.exp)
    if not form.is_polynomial(q) or any(e.free_symbols & exponent.free_symbols for e in left):
        return None
    others = sorted(form.free_symbols - {q}, key=sympy.default_sort_key)
    gathered = sympy.factor_terms(sympy.collect(sympy.expand(form), others, sympy.factor))
    up, down = _SIGMOID(exponent), _SIGMOID(-exponent)
    return gathered.xreplace({1 - q: down, q - 1: -down, q: up})
