"""Rules of the grammar -> nodes, made while the parser goes, so that no tree is walked twice."""

from __future__ import annotations

from typing import Any

from derive.readers.latex.syntax.nodes import (
    Accent,
    Cases,
    Group,
    Logic,
    Node,
    Number,
    Operator,
    Over,
    Product,
    Relation,
    Root,
    Scripted,
    Sum,
    Symbol,
    bare,
    items_of,
)

Parts = list[Any]  # nodes, and tokens, which are strings that know their place
_KINDS = {
    "LP": "(",
    "LB": "[",
    "LSET": "set",
    "LBAR": "|",
    "LNORM": "norm",
    "LFLOOR": "floor",
}
_BIG = ("sum", "prod", "max", "min")


def _is_token(part: Any) -> bool:
    return isinstance(part, str)


class TreeMaker:
    """A method for each rule, given what the rule's parts have become."""

    def start(self, parts: Parts) -> Node:
        """A formula."""
        result: Node = parts[0]
        return result

    def list(self, parts: Parts) -> tuple[Node, ...]:
        """What stands between commas."""
        return tuple(p for p in parts if not _is_token(p))

    def logic(self, parts: Parts) -> Node:
        """Relations joined by and, or."""
        value: Node = parts[0]
        for sign, part in zip(parts[1::2], parts[2::2], strict=True):
            value = Logic(value.at, str(sign), (value, part))
        return value

    def negated(self, parts: Parts) -> Node:
        """Not a relation."""
        return Logic(parts[0].start_pos, "not", (parts[1],))

    def relation(self, parts: Parts) -> Node:
        """Sides with relations between them."""
        return Relation(parts[0].at, tuple(parts[::2]), tuple(map(str, parts[1::2])))

    def sum(self, parts: Parts) -> Node:
        """Terms with their signs."""
        at = parts[0].start_pos if _is_token(parts[0]) else parts[0].at
        sign, terms = "+", []
        for part in parts:
            if _is_token(part):
                sign = "-" if part.type == "MINUS" else "+"
            else:
                terms.append((sign, part))
        joined = _under_their_sums(terms)
        is_one = len(joined) == 1 and joined[0][0] == "+"
        return joined[0][1] if is_one else Sum(at, joined)

    def product(self, parts: Parts) -> Node:
        """Things side by side."""
        # \bigl{} and the like leave empty braces
        kept = [p for p in parts if not (isinstance(p, Group) and not p.items)] or parts
        only: Node = kept[0]
        return only if len(kept) == 1 else Product(only.at, tuple(kept))

    def operator(self, parts: Parts) -> Node:
        """A sign between factors."""
        return Operator(parts[0].start_pos, str(parts[0]))

    def factor(self, parts: Parts) -> Node:
        """A base with its scripts."""
        base: Node = parts[0]
        scripts = parts[1:]
        if not scripts:
            return base
        inner = bare(base)
        below = tuple(s for k, s in scripts if k == "below")
        above = tuple(s for k, s in scripts if k == "above")
        primes = sum(k == "prime" for k, _ in scripts)
        if isinstance(inner, Scripted) and isinstance(base, Group):
            below, above = (*inner.below, *below), (*inner.above, *above)
            return Scripted(base.at, inner.base, below, above, inner.primes + primes)
        return Scripted(base.at, base, below, above, primes)

    def below(self, parts: Parts) -> tuple[str, Node]:
        """A subscript."""
        return "below", parts[1]

    def above(self, parts: Parts) -> tuple[str, Node]:
        """A superscript."""
        return "above", parts[1]

    def prime(self, _: Any) -> tuple[str, None]:
        """A prime."""
        return "prime", None

    def number(self, parts: Parts) -> Node:
        """Digits."""
        return Number(parts[0].start_pos, "".join(map(str, parts)))

    digit = number

    def symbol(self, parts: Parts) -> Node:
        """A letter, a word or a command."""
        kind, _, name = str(parts[0]).partition(":")
        return Symbol(parts[0].start_pos, name, kind)

    def dots(self, parts: Parts) -> Node:
        """Dots between terms."""
        return Symbol(parts[0].start_pos, "dots", "command")

    def accent(self, parts: Parts) -> Node:
        """An accent over something."""
        return Accent(parts[0].start_pos, str(parts[0]), parts[1])

    def fraction(self, parts: Parts) -> Node:
        """A fraction."""
        return Over(parts[0].start_pos, parts[1], parts[2])

    def root(self, parts: Parts) -> Node:
        """A square root."""
        return Root(parts[0].start_pos, None, parts[1])

    def nth_root(self, parts: Parts) -> Node:
        """A root of some degree."""
        return Root(parts[0].start_pos, parts[1][0], parts[3])

    def group(self, parts: Parts) -> Node:
        """Something between delimiters."""
        return Group(parts[0].start_pos, _KINDS[parts[0].type], parts[1])

    def braces(self, parts: Parts) -> Node:
        """Something in braces."""
        items = parts[1] if len(parts) == 3 else ()
        return Group(parts[0].start_pos, "{", items)

    def case(self, parts: Parts) -> tuple[Node, Node | None]:
        """A value with its condition."""
        value = parts[0][0]
        condition = parts[2][0] if len(parts) == 3 else None
        if isinstance(condition, Symbol) and condition.name == "otherwise":
            condition = None
        return value, condition

    def cases(self, parts: Parts) -> Node:
        """Values by conditions."""
        rows = tuple(p for p in parts if not _is_token(p))
        return Cases(parts[0].start_pos, rows)


def _under_their_sums(terms: list[tuple[str, Node]]) -> tuple[tuple[str, Node], ...]:
    r"""The terms, a signed one behind a bare sum as what is summed: `\sum_i -x_i`."""
    result: list[tuple[str, Node]] = []
    for sign, term in terms:
        before = items_of(result[-1][1]) if result else ()
        if before and _is_open(before[-1]):
            inner = Group(term.at, "(", (Sum(term.at, ((sign, term),)),))
            result[-1] = result[-1][0], Product(before[0].at, (*before, inner))
        else:
            result.append((sign, term))
    return tuple(result)


def _is_open(node: Node) -> bool:
    """Whether a sum, a product or an extremum over letters has nothing behind it."""
    base = node.base if isinstance(node, Scripted) else node
    return isinstance(base, Symbol) and base.kind == "command" and base.name in _BIG
