"""The grammar of formulas in LaTeX, on lark: tokens -> the tree of what stands on paper.

It is read from left to right with one token of foresight (LALR), so its time grows with the length
of the formula, whatever it says. What needs to know names (is `f(x)` a product or a function?) is
left to those who read the tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from derive.errors import ChainruleError, shorten
from derive.language.syntax import Refused
from derive.readers.latex.syntax.lexer import Text, Token
from derive.readers.latex.syntax.lines import unbracketed
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

Parts = list[Any]
CURE = 'pip install "chainrule[latex]"'

_GRAMMAR = r"""
start: logic

list: logic (COMMA logic)* COMMA?
?logic: clause ((AND | OR) clause)*
?clause: relation | NOT clause -> negated
?relation: sum (REL sum)*
?sum: (PLUS | MINUS)? product ((PLUS | MINUS) product)*
product: item+
?item: factor | OP -> operator
factor: base script*
script: SUB arg -> below
      | SUP arg -> above
      | PRIME -> prime
      | SUP PRIME -> prime
      | SUP LC PRIME RC -> prime

?base: number
     | SYMBOL -> symbol
     | DOTS -> dots
     | ACCENT arg -> accent
     | FRAC arg arg -> fraction
     | SQRT arg -> root
     | SQRTO list RB arg -> nth_root
     | cases
     | LP list RP -> group
     | LB list RB -> group
     | LSET list RSET -> group
     | LBAR list RBAR -> group
     | LNORM list RNORM -> group
     | LFLOOR list RFLOOR -> group
     | braces
braces: LC list? RC
?arg: braces
    | DIGIT -> digit
    | SYMBOL -> symbol
    | ACCENT arg -> accent
    | FRAC arg arg -> fraction
    | SQRT arg -> root
    | OP -> operator
number: DIGIT+ (POINT DIGIT+)? | POINT DIGIT+
cases: BCASES case (ROW case)* ROW? ECASES
case: list (AMP list?)?

%declare DOTS COMMA AND OR NOT REL PLUS MINUS OP SUB SUP PRIME SYMBOL ACCENT FRAC SQRT SQRTO
%declare LP RP LB RB LSET RSET LBAR RBAR LNORM RNORM LFLOOR RFLOOR LC RC DIGIT POINT
%declare BCASES ECASES ROW AMP
"""
_KINDS = {
    "LP": "(",
    "LB": "[",
    "LSET": "set",
    "LBAR": "|",
    "LNORM": "norm",
    "LFLOOR": "floor",
}
_BIG = ("sum", "prod", "max", "min")
_EXPECTED = {
    "SUB": "a subscript follows nothing; write the symbol before it",
    "SUP": "a superscript follows nothing; write the symbol before it",
    "OP": "a factor is missing before it",
    "REL": "a side is missing before it",
    "DOTS": "dots aren't read; write the sum, such as \\sum_{j}",
    "AMP": "'&' stands inside a formula; take it out",
}


@lru_cache(maxsize=1)
def _parser() -> Any:
    try:
        import lark  # noqa: PLC0415 - an extra: asked for where LaTeX is read
        from lark.lexer import Lexer  # noqa: PLC0415
    except ImportError:
        raise ChainruleError(f"LaTeX needs the package lark; install it: {CURE}") from None

    class Given(Lexer):
        """Our tokens as lark's."""

        def __init__(self, _: Any) -> None:
            pass

        def lex(self, lexer_state: Any, _: Any = None) -> Iterator[lark.Token]:
            for token in lexer_state:
                yield lark.Token(token.type, token.value, start_pos=token.at)

    return lark.Lark(
        _GRAMMAR,
        parser="lalr",
        lexer=Given,
        transformer=_tree_maker(lark),
        maybe_placeholders=False,
    )


def parse(tokens: list[Token], text: Text) -> Node:
    """The tree of one formula. Raises `Refused`."""
    parser = _parser()
    import lark  # noqa: PLC0415

    unbracketed(tokens, text)
    try:
        found: Node = parser.parse(tokens)
    except lark.UnexpectedInput as error:
        raise _problem(getattr(error, "token", None), tokens, text) from None
    return found


def _problem(token: Any, tokens: list[Token], text: Text) -> Refused:
    if token is None or token.type == "$END":
        return Refused(
            text.place(tokens[-1].at),
            "the formula ends here, and a value is missing; complete it",
        )
    at = token.start_pos
    told = _EXPECTED.get(token.type)
    if told is None:
        near = shorten(text.text[at : at + 20])
        told = f"this can't be read near '{near}'; a value such as W_{{ij}} x_j is expected"
    return Refused(text.place(at), told)


def _under_their_sums(terms: list[tuple[str, Node]]) -> tuple[tuple[str, Node], ...]:
    r"""The terms, a signed one behind a bare sum as what is summed: `\sum_i -x_i`."""
    found: list[tuple[str, Node]] = []
    for sign, term in terms:
        before = items_of(found[-1][1]) if found else ()
        if before and _is_open(before[-1]):
            inner = Group(term.at, "(", (Sum(term.at, ((sign, term),)),))
            found[-1] = found[-1][0], Product(before[0].at, (*before, inner))
        else:
            found.append((sign, term))
    return tuple(found)


def _is_open(node: Node) -> bool:
    """Whether a sum, a product or an extremum over letters has nothing behind it."""
    base = node.base if isinstance(node, Scripted) else node
    return isinstance(base, Symbol) and base.kind == "command" and base.name in _BIG


def _tree_maker(lark: Any) -> Any:
    """Rules -> nodes, made while the parser goes, so that no tree is walked twice."""

    class Maker(lark.Transformer):
        def start(self, parts: Parts) -> Node:
            found: Node = parts[0]
            return found

        def list(self, parts: Parts) -> tuple[Node, ...]:
            return tuple(p for p in parts if not isinstance(p, lark.Token))

        def logic(self, parts: Parts) -> Node:
            value: Node = parts[0]
            for sign, part in zip(parts[1::2], parts[2::2], strict=True):
                value = Logic(value.at, str(sign), (value, part))
            return value

        def negated(self, parts: Parts) -> Node:
            return Logic(parts[0].start_pos, "not", (parts[1],))

        def relation(self, parts: Parts) -> Node:
            return Relation(parts[0].at, tuple(parts[::2]), tuple(map(str, parts[1::2])))

        def sum(self, parts: Parts) -> Node:
            at = parts[0].start_pos if isinstance(parts[0], lark.Token) else parts[0].at
            sign, terms = "+", []
            for part in parts:
                if isinstance(part, lark.Token):
                    sign = "-" if part.type == "MINUS" else "+"
                else:
                    terms.append((sign, part))
            joined = _under_their_sums(terms)
            is_one = len(joined) == 1 and joined[0][0] == "+"
            return joined[0][1] if is_one else Sum(at, joined)

        def product(self, parts: Parts) -> Node:
            # \bigl{} and the like leave empty braces
            kept = [p for p in parts if not (isinstance(p, Group) and not p.items)] or parts
            only: Node = kept[0]
            return only if len(kept) == 1 else Product(only.at, tuple(kept))

        def operator(self, parts: Parts) -> Node:
            return Operator(parts[0].start_pos, str(parts[0]))

        def factor(self, parts: Parts) -> Node:
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
            return "below", parts[1]

        def above(self, parts: Parts) -> tuple[str, Node]:
            return "above", parts[1]

        def prime(self, _: Any) -> tuple[str, None]:
            return "prime", None

        def number(self, parts: Parts) -> Node:
            return Number(parts[0].start_pos, "".join(map(str, parts)))

        digit = number

        def symbol(self, parts: Parts) -> Node:
            kind, _, name = str(parts[0]).partition(":")
            return Symbol(parts[0].start_pos, name, kind)

        def dots(self, parts: Parts) -> Node:
            return Symbol(parts[0].start_pos, "dots", "command")

        def accent(self, parts: Parts) -> Node:
            return Accent(parts[0].start_pos, str(parts[0]), parts[1])

        def fraction(self, parts: Parts) -> Node:
            return Over(parts[0].start_pos, parts[1], parts[2])

        def root(self, parts: Parts) -> Node:
            return Root(parts[0].start_pos, None, parts[1])

        def nth_root(self, parts: Parts) -> Node:
            return Root(parts[0].start_pos, parts[1][0], parts[3])

        def group(self, parts: Parts) -> Node:
            return Group(parts[0].start_pos, _KINDS[parts[0].type], parts[1])

        def braces(self, parts: Parts) -> Node:
            items = parts[1] if len(parts) == 3 else ()
            return Group(parts[0].start_pos, "{", items)

        def case(self, parts: Parts) -> tuple[Node, Node | None]:
            value = parts[0][0]
            condition = parts[2][0] if len(parts) == 3 else None
            if isinstance(condition, Symbol) and condition.name == "otherwise":
                condition = None
            return value, condition

        def cases(self, parts: Parts) -> Node:
            rows = tuple(p for p in parts if not isinstance(p, lark.Token))
            return Cases(parts[0].start_pos, rows)

    return Maker()
