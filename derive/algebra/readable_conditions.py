"""Conditions on letters as a reader tells them: none that surely holds, several as one."""

from __future__ import annotations

from derive.algebra.conditions import decide, implied, integer
from derive.ir.comparisons import OPPOSITE
from derive.ir.notation import Affine, Call, Compare, Expr, Index, Logic, Mul, Number
from derive.ir.tree import ZERO, index, mul, transform

Known = frozenset[Affine]


def shortened(body: Expr, known: Known = frozenset()) -> Expr:
    """The body without conditions on letters that surely hold or surely fail; nested ones joined.

    `known` are differences that are at least 0 here.
    """

    def change(node: Expr) -> Expr | None:
        match node:
            case Call("where", (condition, yes, no)):
                settled = _settled(condition, known)
                if isinstance(settled, bool) or yes == no:
                    return shortened(yes if settled else no, known)
                if yes == ZERO and of_letters(settled):
                    return change(Call("where", (negation(settled), no, yes)))
                inside = shortened(yes, known | implied(settled))
                return _joined(settled, inside, shortened(no, known))
            case Mul(args) if any(_selects(a) for a in args):
                return shortened(_lifted(args), known)
            case _:
                return None

    return transform(body, change)


def _selects(expr: Expr) -> bool:
    """`where(condition on letters, value, 0)`: in a product, the product is selected."""
    match expr:
        case Call("where", (condition, _, no)):
            return no == ZERO and of_letters(condition)
        case _:
            return False


def _lifted(args: tuple[Expr, ...]) -> Expr:
    k = next(k for k, a in enumerate(args) if _selects(a))
    chosen = args[k]
    assert isinstance(chosen, Call)
    condition, yes, no = chosen.args
    return Call("where", (condition, mul(*args[:k], yes, *args[k + 1 :]), no))


def of_letters(condition: Expr) -> bool:
    """Whether a condition speaks of letters and extents only, not of values."""
    match condition:
        case Compare(_, left, right):
            return integer(left) is not None and integer(right) is not None
        case Logic(_, args):
            return all(of_letters(a) for a in args)
        case _:
            return False


def _joined(condition: Expr, yes: Expr, no: Expr) -> Expr:
    """`where(a, where(b, x, 0), 0)` is `where(a and b, x, 0)`."""
    match yes:
        case Call("where", (inner, value, other)) if (
            no == other == ZERO and of_letters(condition) and of_letters(inner)
        ):
            return _joined(conjunction(condition, inner), value, ZERO)
    return yes if yes == no else Call("where", (condition, yes, no))


def conjunction(*conditions: Expr) -> Expr:
    """All of these hold; each is written once."""
    flat: dict[Expr, None] = {}
    for condition in conditions:
        inner = condition.args if isinstance(condition, Logic) and condition.op == "and" else ()
        flat.update(dict.fromkeys(inner or (condition,)))
    parts = tuple(flat)
    return parts[0] if len(parts) == 1 else Logic("and", parts)


def negation(condition: Expr) -> Expr:
    """The opposite of a condition on letters; of one on values, `not` (NaN compares false)."""
    match condition:
        case Compare(op, left, right) if of_letters(condition):
            return _no_letter_below(Compare(OPPOSITE[op], left, right))
        case Logic("not", (one,)):
            return one
        case _:
            return Logic("not", (condition,))


def _no_letter_below(comparison: Compare) -> Compare:
    """`t <= 0` is `t == 0`."""
    match comparison:
        case Compare("<=", Index(value), Number(bound)) if value.axis is not None and not bound:
            return Compare("==", comparison.left, comparison.right)
        case _:
            return comparison


def _settled(condition: Expr, known: Known) -> Expr | bool:
    """The condition in its shortest form, or whether it holds where that is sure."""
    match condition:
        case Compare(op, left, right):
            a, b = integer(left), integer(right)
            if a is None or b is None:
                return Compare(op, shortened(left, known), shortened(right, known))
            comparison = Compare(op, index(a), index(b))
            answer = op == "==" if a == b and op in ("==", "!=") else decide(comparison, known)
            return _no_letter_below(comparison) if answer is None else answer
        case Logic("not", (one,)):
            inner = _settled(one, known)
            return (not inner) if isinstance(inner, bool) else negation(inner)
        case Logic(op, args):
            ends = op == "or"
            kept: list[Expr] = []
            for arg in args:
                inner = _settled(arg, known)
                if not isinstance(inner, bool):
                    kept.append(inner)
                elif inner is ends:
                    return ends
            if not kept:
                return not ends
            if op == "and":
                return conjunction(*kept)
            return kept[0] if len(kept) == 1 else Logic(op, tuple(kept))
        case _:
            return condition
