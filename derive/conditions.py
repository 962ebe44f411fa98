"""Conditions on letters: which surely hold, which surely fail, and what follows from one."""

from __future__ import annotations

from derive.notation import Affine, Call, Compare, Expr, Index, Logic, Number, affine
from derive.rules import bounds, surely_not_negative
from derive.tree import number, transform


def not_negative(condition: Expr) -> Affine | None:
    """`d` where an order on integers says `d >= 0`."""
    if not isinstance(condition, Compare) or condition.op in ("==", "!="):
        return None
    difference = _difference(condition)
    if difference is None:
        return None
    match condition.op:
        case ">=":
            return difference
        case ">":
            return difference - 1
        case "<=":
            return -difference
        case _:
            return -difference - 1


def _difference(condition: Compare) -> Affine | None:
    sides = []
    for side in (condition.left, condition.right):
        if isinstance(side, Index):
            sides.append(side.value)
        elif isinstance(side, Number) and side.value.denominator == 1:
            sides.append(affine(int(side.value)))
        else:
            return None
    return sides[0] - sides[1]


def decide(condition: Expr, known: frozenset[Affine] = frozenset()) -> bool | None:
    """Whether a condition on letters surely holds or surely fails; None where it depends.

    `known` are differences that are at least 0 here.
    """
    match condition:
        case Logic("not", (one,)):
            inner = decide(one, known)
            return None if inner is None else not inner
        case Logic(op, args):
            answers = [decide(a, known) for a in args]
            end = op == "or"
            if end in answers:
                return end
            return None if None in answers else not end
        case Compare("==" | "!=" as op):
            difference = _difference(condition)
            reach = None if difference is None else bounds(difference)
            if reach is None:
                return None
            if surely_not_negative(reach[0] - 1) or surely_not_negative(-reach[1] - 1):
                return op == "!="
            return op == "==" if reach == (affine(0), affine(0)) else None
        case Compare():
            return _decide_order(condition, known)
        case _:
            return None


def _decide_order(condition: Compare, known: frozenset[Affine]) -> bool | None:
    difference = not_negative(condition)
    if difference is None:
        return None
    if difference in known:
        return True
    reach = bounds(difference)
    if reach is None:
        return None
    if surely_not_negative(reach[0]):
        return True
    return False if surely_not_negative(-reach[1] - 1) else None


def settled(expr: Expr, known: frozenset[Affine] = frozenset()) -> Expr:
    """An expression without the branches that the letters' ranges rule out."""

    def change(node: Expr) -> Expr | None:
        match node:
            case Call("where", (condition, yes, no)):
                answer = decide(condition, known)
                if answer is not None:
                    return settled(yes if answer else no, known)
                inside = settled(yes, known | implied(condition))
                other = settled(no, known)
                return inside if inside == other else Call("where", (condition, inside, other))
            case Call("delta", (left, right)):
                answer = decide(Compare("==", left, right))
                return None if answer is None else number(int(answer))
            case _:
                return None

    return transform(expr, change)


def implied(condition: Expr) -> frozenset[Affine]:
    """The differences that are at least 0 where a condition holds."""
    match condition:
        case Logic("and", args):
            return frozenset().union(*(implied(a) for a in args))
        case _:
            difference = not_negative(condition)
            return frozenset() if difference is None else frozenset({difference})
