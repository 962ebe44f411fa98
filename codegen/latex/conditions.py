"""Conditions to LaTeX: comparisons, chains such as `0 <= t < T`, and their opposites."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from codegen.latex.box import CONDITION, Box, flat, parenthesised
from derive.algebra.readable_conditions import negation, of_letters
from derive.ir.comparisons import OPPOSITE
from derive.ir.notation import Compare, Expr, Logic

RELATIONS = {"==": "=", "!=": r"\ne", "<": "<", "<=": r"\le", ">": ">", ">=": r"\ge"}
CONNECTIVES = {"and": r" \wedge ", "or": r" \vee "}

Side = Callable[[Expr], Box]


def bracket(expr: Expr, side: Side) -> Box:
    """A condition as a number, 1 or 0."""
    return parenthesised(condition(expr, side), "[", "]")


def condition(expr: Expr, side: Side) -> Box:
    """A condition; `side` prints the values that it compares."""
    match expr:
        case Compare(op, left, right):
            return _compared(op, left, right, side)
        case Logic("not", (one,)):
            inner = parenthesised(condition(one, side))
            return Box(rf"\neg {inner.text}", CONDITION, inner.height)
        case Logic(op, args):
            boxes = chained(args, side) if op == "and" else [condition(a, side) for a in args]
            text = CONNECTIVES[op].join(b.text for b in boxes)
            return Box(text, CONDITION, max(b.height for b in boxes))
        case _:
            raise TypeError(f"{type(expr).__name__} is no condition")


def chained(conditions: Sequence[Expr], side: Side) -> list[Box]:
    """Conditions that all hold: `0 <= t` and `t < 5` as one chain."""
    left = list(conditions)
    result: list[Box] = []
    while left:
        low = left.pop(0)
        high = next((c for c in left if _continues(low, c)), None)
        if high is None:
            result.append(condition(low, side))
            continue
        left.remove(high)
        assert isinstance(low, Compare)
        assert isinstance(high, Compare)
        sign = RELATIONS["<=" if low.op == ">=" else "<"]
        rest = _compared(high.op, high.left, high.right, side)
        result.append(Box(f"{side(low.right).text} {sign} {rest.text}", CONDITION, rest.height))
    return result


def _continues(low: Expr, high: Expr) -> bool:
    """Whether `low` is `middle >= a` and `high` is `middle <= b`."""
    match low, high:
        case Compare(">=" | ">", middle, _), Compare("<=" | "<", again, _):
            return middle == again
        case _:
            return False


def _compared(op: str, left: Expr, right: Expr, side: Side) -> Box:
    a, b = side(left), side(right)
    text = f"{flat(a.text)} {RELATIONS[op]} {flat(b.text)}"
    return Box(text, CONDITION, max(a.height, b.height), rigid=a.rigid or b.rigid)


def opposite(expr: Expr) -> Expr:
    """The opposite of a condition on real numbers."""
    match expr:
        case Compare(op, left, right) if not of_letters(expr):
            return Compare(OPPOSITE[op], left, right)
        case _:
            return negation(expr)
