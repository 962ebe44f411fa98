"""Choices between values as sums with brackets, and conditions that leave a reduction alone."""

from __future__ import annotations

from collections.abc import Mapping

from codegen.latex.conditions import opposite
from derive.algebra.readable_conditions import of_letters
from derive.ir.notation import Add, Call, Compare, Constant, Expr, Number
from derive.ir.tree import ONE, ZERO, contains, factors, mul, negative

_INFINITE = Constant("inf")
_NEUTRAL: Mapping[str, Expr] = {
    "sum": ZERO,
    "prod": ONE,
    "min": _INFINITE,
    "max": negative(_INFINITE),
    "logsumexp": negative(_INFINITE),
}


def conditions_of(body: Expr, op: str) -> tuple[Expr, list[Expr]]:
    """The body of a reduction, and the conditions on letters that restrict it."""
    conditions: list[Expr] = []
    neutral = _NEUTRAL.get(op)
    while isinstance(body, Call) and body.function == "where" and of_letters(body.args[0]):
        when, yes, no = body.args
        if no == neutral:
            conditions.append(when)
            body = yes
        elif yes == neutral:
            conditions.append(opposite(when))
            body = no
        else:
            break
    return body, conditions


def selected(when: Expr, value: Expr) -> Expr:
    """A value where a condition holds, else 0: the condition is a factor, 1 or 0."""
    if isinstance(value, Number):
        return mul(value, when)
    first, *rest = factors(value)
    if of_letters(when):
        return mul(first, when, *rest) if isinstance(first, Number) else mul(when, first, *rest)
    return mul(first, *rest, when)


def bracketed(expr: Expr) -> Expr:
    """A choice between two values as the sum of both, each with its condition as a factor."""
    match expr:
        case Call("where", (when, yes, no)) if ZERO not in (yes, no):
            if contains(expr, _is_infinite):
                return expr  # infinity times 0
            return Add((selected(when, yes), *_otherwise(when, no)))
        case _:
            return expr


def _otherwise(when: Expr, value: Expr) -> tuple[Expr, ...]:
    """The terms of a choice where its condition doesn't hold."""
    match value:
        case Call("where", (other, yes, no)) if _exclude(when, other):
            return (selected(other, yes), *(() if no == ZERO else _otherwise(when, no)))
        case _:
            return (selected(opposite(when), value),)


def _exclude(one: Expr, other: Expr) -> bool:
    """Whether two comparisons of the same values can't both hold: `a < b` and `a == b`."""
    match one, other:
        case Compare(op, a, b), Compare(to, c, d):
            return (a, b) == (c, d) and op != to and {op, to} <= {"<", ">", "=="}
        case _:
            return False


def _is_infinite(expr: Expr) -> bool:
    return expr == _INFINITE
