"""Conditions on letters: which surely hold, which surely fail, and what follows from one."""

from __future__ import annotations

from derive.algebra.index_rules import bounds, surely_not_negative
from derive.ir.notation import Add, Affine, Call, Compare, Expr, Index, Logic, Mul, Number, affine
from derive.ir.tree import ZERO, add, mul, number, transform


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
    left, right = integer(condition.left), integer(condition.right)
    return None if left is None or right is None else left - right


def integer(expr: Expr) -> Affine | None:
    """The integer of the index calculus that a value is, if it is one."""
    match expr:
        case Index(value):
            return value
        case Number(value) if value.denominator == 1:
            return affine(int(value))
        case Add(args):
            parts = [integer(a) for a in args]
            known = [p for p in parts if p is not None]
            return sum(known, affine(0)) if len(known) == len(parts) else None
        case Mul((Number(value), one)) if value.denominator == 1:
            part = integer(one)
            return None if part is None else part * int(value)
        case _:
            return None


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
                if inside == other:
                    return inside
                return Call("where", (settled(condition, known), inside, other))
            case Call("delta", (left, right)):
                answer = decide(Compare("==", left, right))
                return None if answer is None else number(int(answer))
            case _:
                return None

    return transform(expr, change)


def asked_once(expr: Expr, holds: frozenset[Expr] = frozenset()) -> Expr:
    """An expression in which no branch asks what holds there, and no two addends ask the same."""

    def change(node: Expr) -> Expr | None:
        match node:
            case Call("where", (condition, yes, no)):
                asked = conjuncts(condition)
                if holds.issuperset(asked):
                    return asked_once(yes, holds)
                inside = asked_once(yes, holds.union(asked))
                return Call("where", (condition, inside, asked_once(no, holds)))
            case Add(args):
                inside_args = [asked_once(a, holds) for a in args]
                return add(*_together(inside_args))
            case _:
                return None

    return transform(expr, change)


def _together(args: list[Expr]) -> list[Expr]:
    """`where(c, a, 0) + where(c, b, 0)` as `where(c, a + b, 0)`."""
    result: list[Expr] = []
    places: dict[Expr, int] = {}
    for arg in args:
        match arg:
            case Call("where", (condition, yes, no)) if no == ZERO and condition in places:
                before = result[places[condition]]
                assert isinstance(before, Call)
                both = add(before.args[1], yes)
                result[places[condition]] = Call("where", (condition, both, ZERO))
            case Call("where", (condition, _, no)) if no == ZERO:
                places[condition] = len(result)
                result.append(arg)
            case _:
                result.append(arg)
    return result


def conjuncts(condition: Expr) -> tuple[Expr, ...]:
    """The conditions that hold together where one does."""
    if isinstance(condition, Logic) and condition.op == "and":
        return tuple(c for a in condition.args for c in conjuncts(a))
    return (condition,)


def implied(condition: Expr) -> frozenset[Affine]:
    """The differences that are at least 0 where a condition holds."""
    match condition:
        case Logic("and", args):
            return frozenset().union(*(implied(a) for a in args))
        case _:
            difference = not_negative(condition)
            return frozenset() if difference is None else frozenset({difference})


def into_branches(expr: Expr) -> Expr | None:
    """`where(c, a, 0)*b` as `where(c, a*b, 0)`: no 0 * (1/0) where the condition fails."""
    if isinstance(expr, Mul):
        for k, part in enumerate(expr.args):
            match part:
                case Call("where", (condition, yes, no)) if ZERO in (yes, no):
                    others = (*expr.args[:k], *expr.args[k + 1 :])
                    arms = (
                        arm if arm == ZERO else transform(mul(*others, arm), into_branches)
                        for arm in (yes, no)
                    )
                    return Call("where", (condition, *arms))
                case _:
                    pass
    return None
