"""Edits of signs, factors, powers and terms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations

from derive.answers.slips.positions import (
    Edit,
    Path,
    Spot,
    put,
)
from derive.ir.notation import (
    Add,
    Call,
    Compare,
    Expr,
    Index,
    Mul,
    Number,
    Pow,
    Read,
    Reduction,
)
from derive.ir.tree import (
    MINUS_ONE,
    ONE,
    number,
    reads,
)

_HALF = Fraction(1, 2)


def numeric_edits(root: Expr, spot: Spot, scales: Sequence[Expr]) -> Iterator[Edit]:
    """What may have gone wrong with the numbers at one place."""
    yield from _signs(root, spot)
    yield from _dropped(root, spot)
    yield from _powers(root, spot)
    yield from _scaled(root, spot, scales)
    yield from _functions(root, spot)


def _signs(root: Expr, spot: Spot) -> Iterator[Edit]:
    node, above = spot.node, spot.above
    inside = isinstance(above, Add) or (
        isinstance(above, Call) and above.function not in ("where", "hold")
    )
    if (above is None or inside) and not isinstance(node, Compare):
        yield _edit(root, spot, _negative(node), "sign", "sign", "sign", 0 if above is None else 2)


def _negative(node: Expr) -> Expr:
    match node:
        case Mul((first, *rest)) if first == MINUS_ONE and rest:
            return rest[0] if len(rest) == 1 else Mul(tuple(rest))
        case Number(value):
            return Number(-value)
        case _:
            return Mul((MINUS_ONE, node))


def _dropped(root: Expr, spot: Spot) -> Iterator[Edit]:
    match spot.node:
        case Add(args):
            for k, arg in enumerate(args):
                rest = (*args[:k], *args[k + 1 :])
                new = rest[0] if len(rest) == 1 else Add(rest)
                rank = 42 if isinstance(arg, Number) else 40 if spot.above is not None else 36
                yield Edit(
                    *(put(root, spot.path, new), "missing term", "extra term", "drop"),
                    *(arg, None, rank, ((*spot.path, k),)),
                )
            for k, arg in enumerate(args if len(args) > 2 else ()):
                others = Add((*args[:k], *args[k + 1 :]))
                yield Edit(
                    *(put(root, spot.path, arg), "missing term", "extra term", "drop"),
                    *(others, None, 46, (spot.path,)),
                )
        case Mul(args):
            for k, arg in enumerate(args):
                if arg != MINUS_ONE:
                    yield drop_factors(root, spot.path, args, (k,), "factor", 31)
            for one, other in combinations(range(len(args)), 2):
                found = set(reads(args[one]))
                if found and found == set(reads(args[other])):  # y*(1 - y), another unit's slope
                    yield drop_factors(root, spot.path, args, (one, other), "factor", 33)


def drop_factors(
    root: Expr, path: Path, args: tuple[Expr, ...], which: tuple[int, ...], kind: str, rank: int
) -> Edit:
    """A product without some of its factors."""
    rest = tuple(a for k, a in enumerate(args) if k not in which)
    gone = tuple(args[k] for k in which)
    before = gone[0] if len(gone) == 1 else Mul(gone)
    new: Expr = ONE if not rest else rest[0] if len(rest) == 1 else Mul(rest)
    paths = tuple((*path, k) for k in which)
    back = "factor"
    if len(gone) == 1 and not isinstance(before, Number) and _base(before) in map(_base, rest):
        kind = back = "power"
        rank = 24
    if isinstance(before, Call) and before.function == "sqrt" and _under(before.args[0], rest):
        kind = "power"  # sqrt(d)/d becomes 1/d
    return Edit(put(root, path, new), kind, back, "drop", before, None, rank, paths)


def _under(base: Expr, rest: tuple[Expr, ...]) -> bool:
    """Whether a number is a divisor among the factors."""
    if not isinstance(base, Number) or base.value.denominator != 1:
        return False
    return any(
        isinstance(a, Number) and a.value.denominator % base.value.numerator == 0 for a in rest
    )


def _base(expr: Expr) -> Expr:
    return expr.base if isinstance(expr, Pow) else expr


def _powers(root: Expr, spot: Spot) -> Iterator[Edit]:
    node = spot.node
    match node:
        case Pow(base, Number(value)):
            others = [value + 1, value - 1, -value, value * 2, value / 2, value - _HALF]
            others += [value + _HALF]
            for other in dict.fromkeys(others):
                if other not in (value, 0):
                    new = _power(base, other)
                    # by an extent once more or once less: that is a factor, as it is by a number
                    counts = isinstance(base, Index) and (other - value).denominator == 1
                    kind, rank = ("factor", 35) if counts else ("power", 24)
                    yield _edit(root, spot, new, kind, kind, "replace", rank)
        case Call("sqrt", (Number(),)):
            return
        case Call("sqrt", (base,)):
            yield _edit(root, spot, base, "power", "power", "replace", 24)
            if not isinstance(spot.above, Pow):
                inverse = Pow(node, MINUS_ONE)
                yield _edit(root, spot, inverse, "power", "power", "replace", 26)
                cubed = Pow(node, number(3))
                yield _edit(root, spot, cubed, "power", "power", "replace", 28)
        case Mul(args) if isinstance(spot.above, Add):
            signs = tuple(a for a in args if a == MINUS_ONE)
            rest = tuple(a for a in args if a != MINUS_ONE)
            if rest:
                square = Mul((*signs, Pow(Mul(rest), number(2))))
                yield _edit(root, spot, square, "power", "power", "replace", 27)
        case Read() | Add() | Reduction() | Index() | Call():
            if isinstance(spot.above, Pow | Compare):
                if isinstance(spot.above, Pow) and spot.above.exponent == MINUS_ONE:
                    root_ = Call("sqrt", (node,))
                    yield _edit(root, spot, root_, "power", "power", "replace", 24)
                return
            if isinstance(node, Call) and node.function in ("where", "hold", "delta"):
                return
            if spot.heads and isinstance(node, Add):
                return
            for other in (Fraction(2), Fraction(-1)):
                new = Pow(node, Number(other))
                yield _edit(root, spot, new, "power", "power", "replace", 24 if other > 0 else 26)
            if not isinstance(node, Index):
                root_ = Call("sqrt", (node,))
                yield _edit(root, spot, root_, "power", "power", "replace", 28)


def _power(base: Expr, exponent: Fraction) -> Expr:
    return base if exponent == 1 else Pow(base, Number(exponent))


def _scaled(root: Expr, spot: Spot, scales: Sequence[Expr]) -> Iterator[Edit]:
    """Factors too many, at every whole product: that of a sum is one before the sum."""
    node, above = spot.node, spot.above
    if isinstance(node, Number) and not isinstance(above, Pow):
        if abs(node.value) != 1 or isinstance(above, Mul):
            for times in (Fraction(2), _HALF, 1 / node.value if node.value else Fraction(3)):
                changed = Number(node.value * times)
                yield _edit(root, spot, changed, "factor", "factor", "replace", 42)
        other = 1 - node.value
        if 0 < other < 1:
            yield _edit(root, spot, Number(other), "wrong value", "wrong value", "replace", 48)
        return
    if above is None or isinstance(above, Add) or _takes(above):
        rank = 34 if above is None else 43
        for scale in scales:
            new = Mul((scale, node))
            # with a root too much the whole was divided by what only its root belongs under
            forth = "power" if _divides_by_root(scale) else "factor"
            back = "power" if isinstance(scale, Call) else "factor"
            whole = put(root, spot.path, new)
            yield Edit(whole, forth, back, "insert", None, scale, rank, (spot.path,))


def _divides_by_root(scale: Expr) -> bool:
    return isinstance(scale, Pow) and isinstance(scale.base, Call)


def _takes(above: Expr) -> bool:
    return isinstance(above, Call) and above.function not in ("where", "hold", "delta")


_LIKE = ("sigmoid", "tanh", "exp", "relu", "softplus", "sin", "cos")


def _functions(root: Expr, spot: Spot) -> Iterator[Edit]:
    match spot.node:
        case Call(function, (inside,)) if function not in ("hold", "sqrt"):
            yield _edit(root, spot, inside, "wrong value", "wrong value", "replace", 50)
            for other in _LIKE:
                if other != function:
                    new = Call(other, (inside,))
                    yield _edit(root, spot, new, "wrong value", "wrong value", "replace", 52)


def _edit(root: Expr, spot: Spot, new: Expr, forth: str, back: str, what: str, rank: int) -> Edit:
    return Edit(put(root, spot.path, new), forth, back, what, spot.node, new, rank, (spot.path,))
