"""Sums of letters and integers, put in order."""

from __future__ import annotations

from fractions import Fraction

from derive.language.syntax import Name, Num, Op, Place, Syntax


def shifted(node: Syntax, by: int) -> Syntax:
    """The value plus an integer."""
    return fold(Op(node.place, "+", (node, Num(node.place, Fraction(by)))))


def fold(node: Syntax) -> Syntax:
    """Integers of a sum gathered in one, behind the rest."""
    terms: list[tuple[int, Syntax]] = []
    constant = _gather(node, 1, terms)
    if not terms:
        return Num(node.place, constant)
    kept = [t for t in terms if t[0] > 0] + [t for t in terms if t[0] < 0]
    if kept[0][0] < 0:
        whole: Syntax = Num(node.place, constant)
        constant = Fraction(0)
    else:
        whole = kept.pop(0)[1]
    for sign, term in kept:
        whole = Op(node.place, "+" if sign > 0 else "-", (whole, term))
    if constant:
        sign_ = "+" if constant > 0 else "-"
        whole = Op(node.place, sign_, (whole, Num(node.place, abs(constant))))
    return whole


def _gather(node: Syntax, sign: int, terms: list[tuple[int, Syntax]]) -> Fraction:
    match node:
        case Num(value=value):
            return sign * value
        case Op(op="+", args=(one, other)):
            return _gather(one, sign, terms) + _gather(other, sign, terms)
        case Op(op="-", args=(one, other)):
            return _gather(one, sign, terms) + _gather(other, -sign, terms)
        case Op(op="neg", args=(one,)):
            return _gather(one, -sign, terms)
        case Op(op="*", args=(Num(value=value), one)) if value.denominator == 1:
            inner: list[tuple[int, Syntax]] = []
            constant = _gather(one, 1, inner)
            if len(inner) == 1 and inner[0][0] > 0 and constant:
                terms.append((sign, Op(node.place, "*", (node.args[0], inner[0][1]))))
                return sign * value * constant
    terms.append((sign, node))
    return Fraction(0)


def whole_letters(node: Syntax) -> set[str]:
    """The bare names of a sum of letters and integers."""
    match node:
        case Name(name=name):
            return {name}
        case Op(args=args):
            return {n for a in args for n in whole_letters(a)}
        case _:
            return set()


def joined(op: str, parts: list[Syntax], place: Place) -> Syntax:
    """Conditions joined by `and`; one alone as it is."""
    return parts[0] if len(parts) == 1 else Op(place, op, tuple(parts))
