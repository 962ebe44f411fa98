"""Comparisons of letters, with offsets common to both sides cancelled."""

from __future__ import annotations

from derive.language.syntax import Fn, Name, Num, Op, Syntax
from derive.readers.latex.context import Scope
from derive.readers.latex.integers import fold, shifted


def compared(op: str, left: Syntax, right: Syntax, scope: Scope) -> Syntax:
    """A comparison."""
    if _of_letters(left, scope) and _of_letters(right, scope):
        constants = [_constant(s) for s in (left, right)]
        by = constants[1] if isinstance(right, Num) and constants[0] else min(constants)
        if isinstance(right, Num):
            by = constants[0]
        elif isinstance(left, Num):
            by = constants[1]
        left, right = shifted(left, -by), shifted(right, -by)
    return Op(left.place, op, (left, right))


def _of_letters(node: Syntax, scope: Scope) -> bool:
    match node:
        case Num(value=number):
            return number.denominator == 1
        case Name(name=name):
            return name in scope
        case Fn(name="size"):
            return True
        case Op(op="+" | "-" | "neg", args=args):
            return all(_of_letters(a, scope) for a in args)
        case _:
            return False


def _constant(node: Syntax) -> int:
    whole = fold(node)
    match whole:
        case Num(value=number):
            return int(number)
        case Op(op="+", args=(_, Num(value=number))):
            return int(number)
        case Op(op="-", args=(_, Num(value=number))):
            return -int(number)
        case _:
            return 0
