"""What Python knows before any array is there: keys, loop counters, switches."""

from __future__ import annotations

import ast
from collections.abc import Mapping


class Unknown(Exception):
    """This depends on arrays, or isn't known here."""


def constant(node: ast.expr, known: Mapping[str, object]) -> object:
    """The value of an expression of literals and known names. Raises `Unknown`."""
    match node:
        case ast.Constant(value=bool() | int() | float() | str() | None as value):
            return value
        case ast.Name(id=name) if name in known:
            return known[name]
        case ast.JoinedStr(values=parts):
            return "".join(str(constant(p, known)) for p in parts)
        case ast.FormattedValue(value=value, format_spec=None):
            return constant(value, known)
        case ast.Call(func=ast.Name(id="str"), args=[one], keywords=[]):
            return str(constant(one, known))
        case ast.UnaryOp(op=ast.Not(), operand=one):
            return not constant(one, known)
        case ast.UnaryOp(op=ast.USub(), operand=one):
            number = constant(one, known)
            if isinstance(number, int):
                return -number
        case ast.BinOp(left=left, op=op, right=right):
            return _both(constant(left, known), op, constant(right, known))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _compared(constant(left, known), op, constant(right, known))
        case _:
            pass
    raise Unknown


def _both(one: object, op: ast.operator, other: object) -> object:
    match one, op, other:
        case str(), ast.Add(), str():
            return one + other
        case int(), ast.Add(), int():
            return one + other
        case int(), ast.Sub(), int():
            return one - other
        case int(), ast.Mult(), int() if abs(one) < 10**6 and abs(other) < 10**6:
            return one * other
        case _:
            raise Unknown


def _compared(one: object, op: ast.cmpop, other: object) -> bool:
    match op:
        case ast.Eq() | ast.Is():
            return one == other
        case ast.NotEq() | ast.IsNot():
            return one != other
        case _:
            raise Unknown


MOST_TURNS = 20


def counts(node: ast.expr, known: Mapping[str, object]) -> list[int] | None:
    """What `range(...)` counts, where that is short; None where it is long or unknown."""
    match node:
        case ast.Call(func=ast.Name(id="reversed"), args=[inner], keywords=[]):
            found = counts(inner, known)
            return None if found is None else found[::-1]
        case ast.Call(func=ast.Name(id="range"), args=args, keywords=[]) if 1 <= len(args) <= 3:
            try:
                ends = [constant(a, known) for a in args]
            except Unknown:
                return None
            numbers = [e for e in ends if isinstance(e, int) and not isinstance(e, bool)]
            if len(numbers) < len(ends) or (len(numbers) == 3 and not numbers[2]):
                return None
            run = range(*numbers)
            return list(run) if len(run) <= MOST_TURNS else None
        case _:
            return None
