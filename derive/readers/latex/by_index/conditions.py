"""Conditions: relations, cases, indicators."""

from __future__ import annotations

from fractions import Fraction

from derive.language.syntax import (
    Fn,
    Name,
    Num,
    Op,
    Ref,
    Syntax,
)
from derive.readers.latex.by_index.integers import fold, joined, shifted
from derive.readers.latex.context import Formula, Scope, Whole
from derive.readers.latex.syntax.nodes import (
    Group,
    Logic,
    Node,
    Number,
    Relation,
    Scripted,
    Symbol,
    bare,
)

_COMPARE = {"=": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_COMPLEMENT = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


def condition(formula: Formula, node: Node, scope: Scope) -> Syntax:
    """A relation, or several joined by and, or, not."""
    place = formula.place(node)
    match node:
        case Logic(op=op, parts=parts):
            return Op(place, op, tuple(formula.value(p, scope) for p in parts))
        case Relation(sides=sides, signs=signs):
            for sign in signs:
                if sign not in _COMPARE:
                    raise formula.refuse(node, "this relation is no condition; write =, < or \\le")
            values = [formula.value(s, scope) for s in sides]
            tests = [
                _compared(_COMPARE[s], values[k], values[k + 1], scope) for k, s in enumerate(signs)
            ]
            return joined("and", tests, place)
        case _:
            return formula.value(node, scope)


def _compared(op: str, left: Syntax, right: Syntax, scope: Scope) -> Syntax:
    """A comparison; of letters what both sides have too many is taken away."""
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


def indicator(formula: Formula, items: tuple[Node, ...], scope: Scope) -> tuple[Syntax, int] | None:
    r"""`\mathbb{1}[i = j]`, `1_{z > 0}`: 1 where a condition holds."""
    first = bare(items[0])
    marks = ("ones", "I", "1")
    name = first.base if isinstance(first, Scripted) else first
    said = name.name if isinstance(name, Symbol) else name.text if isinstance(name, Number) else ""
    if said not in marks:
        return None
    if isinstance(first, Scripted) and len(first.below) == 1 and not first.above:
        inner = _inside(first.below[0])
        if isinstance(inner, Relation | Logic):
            return formula.value(inner, scope), 1
    elif len(items) > 1 and isinstance(items[1], Group):
        inner = _inside(items[1])
        if isinstance(inner, Relation | Logic):
            return formula.value(inner, scope), 2
    if said == "ones":
        raise Whole(
            items[0].at, "a 1 in bold is for whole arrays; in index form write the number 1"
        )
    return None


def _inside(node: Node) -> Node:
    while isinstance(node, Group) and len(node.items) == 1:
        node = node.items[0]
    return node


def cases(
    formula: Formula, node: Node, rows: tuple[tuple[Node, Node | None], ...], scope: Scope
) -> Syntax:
    """Values by conditions, as `where` in `where`; 0 where none holds."""
    place = formula.place(node)
    conditions = [None if c is None else formula.value(c, scope) for _, c in rows]
    values = [formula.value(v, scope) for v, _ in rows]
    if any(c is None for c in conditions[:-1]):
        raise formula.refuse(node, "a case without a condition stands last; move it there")
    rest: Syntax = Num(place, Fraction(0))
    last = conditions[-1]
    ends = len(rows) > 1 and _opposite(conditions[-2], last)
    if last is None or ends:
        rest = values.pop()
        conditions.pop()
    for condition, found in zip(reversed(conditions), reversed(values), strict=True):
        assert condition is not None
        rest = Fn(place, "where", (condition, found, rest))
    return rest


def _opposite(one: Syntax | None, other: Syntax | None) -> bool:
    """Whether one of two conditions holds where the other doesn't."""
    match one, other:
        case (Op(op=op, args=(a, b)), Op(op=against, args=(c, d))) if op in _COMPLEMENT:
            return against == _COMPLEMENT[op] and _same(a, c) and _same(b, d)
    return False


def _same(one: Syntax, other: Syntax) -> bool:
    match one, other:
        case (Num(value=a), Num(value=b)):
            return a == b
        case (Name(name=a), Name(name=b)):
            return a == b
        case (Ref(name=a, subscripts=p), Ref(name=b, subscripts=q)):
            return a == b and len(p) == len(q) and all(map(_same, p, q))
        case (Op(op=a, args=p), Op(op=b, args=q)):
            return a == b and len(p) == len(q) and all(map(_same, p, q))
        case (Fn(name=a, args=p), Fn(name=b, args=q)):
            return a == b and len(p) == len(q) and all(map(_same, p, q))
    return False
