"""Conditions: relations, cases, indicators."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from derive.ir.comparisons import COMPARISONS, OPPOSITE
from derive.readers.latex.syntax.nodes import (
    Cases,
    Group,
    Logic,
    Node,
    Number,
    Relation,
    Scripted,
    Symbol,
    bare,
    placeless,
)
from derive.readers.latex.values import Value, ValueReader

_COMPARE = {"=": "==", **{sign: sign for sign in COMPARISONS if sign != "=="}}


def conditional(reader: ValueReader[Value], node: Relation | Logic | Cases) -> Value:
    """A relation, several joined by and, or, not; or values by conditions."""
    place = reader.formula.place(node)
    match node:
        case Cases():
            return _cases(reader, node)
        case Logic(op=op, parts=parts):
            return reader.apply(op, tuple(map(reader.value, parts)), place)
        case Relation(sides=sides, signs=signs):
            if any(sign not in _COMPARE for sign in signs):
                raise reader.formula.refuse(
                    node, "this relation is no condition; write =, < or \\le"
                )
            values = [reader.value(s) for s in sides]
            tests = tuple(
                reader.compare(_COMPARE[s], values[k], values[k + 1], place)
                for k, s in enumerate(signs)
            )
            return tests[0] if len(tests) == 1 else reader.apply("and", tests, place)


def indicator(reader: ValueReader[Value], items: Sequence[Node]) -> tuple[Value, int] | None:
    r"""`\mathbb{1}[i = j]`, `1_{z > 0}`: 1 where a condition holds."""
    first = bare(items[0])
    marks = ("ones", "I", "1")
    base = first.base if isinstance(first, Scripted) else first
    name = base.name if isinstance(base, Symbol) else base.text if isinstance(base, Number) else ""
    if name not in marks:
        return None
    if isinstance(first, Scripted) and len(first.below) == 1 and not first.above:
        inner, taken = _inside(first.below[0]), 1
    elif len(items) > 1 and isinstance(items[1], Group):
        inner, taken = _inside(items[1]), 2
    else:
        return None
    return (reader.value(inner), taken) if isinstance(inner, Relation | Logic) else None


def _inside(node: Node) -> Node:
    while isinstance(node, Group) and len(node.items) == 1:
        node = node.items[0]
    return node


def _cases(reader: ValueReader[Value], node: Cases) -> Value:
    """Values by conditions, as `where` in `where`; 0 where none holds."""
    formula, place = reader.formula, reader.formula.place(node)
    conditions = [None if c is None else reader.value(c) for _, c in node.rows]
    values = [reader.value(v) for v, _ in node.rows]
    if any(c is None for c in conditions[:-1]):
        raise formula.refuse(node, "a case without a condition stands last; move it there")
    rest = reader.number(Fraction(0), place)
    ends = len(node.rows) > 1 and _opposite(node.rows[-2][1], node.rows[-1][1])
    if conditions[-1] is None or ends:
        rest = values.pop()
        conditions.pop()
    for condition, result in zip(reversed(conditions), reversed(values), strict=True):
        assert condition is not None
        rest = reader.apply("where", (condition, result, rest), place)
    return rest


def _opposite(one: Node | None, other: Node | None) -> bool:
    """Whether one of two conditions holds where the other doesn't."""
    if not (isinstance(one, Relation) and isinstance(other, Relation)):
        return False
    pairs = zip(one.sides, other.sides, strict=False)
    same = all(placeless(bare(a)) == placeless(bare(b)) for a, b in pairs)
    signs = [tuple(_COMPARE.get(s, s) for s in each.signs) for each in (one, other)]
    return same and len(signs[0]) == 1 and signs[1] == (OPPOSITE.get(signs[0][0]),)
