"""The grammar of formulas in LaTeX, on lark: tokens -> the tree of what stands on paper.

It is read from left to right with one token of foresight (LALR), so its time grows with the length
of the formula, whatever it says. What needs to know names (is `f(x)` a product or a function?) is
left to those who read the tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from derive.errors import shorten
from derive.language.syntax import Refused
from derive.readers.latex.syntax.lexer import Text, Token
from derive.readers.latex.syntax.lines import unbracketed
from derive.readers.latex.syntax.nodes import Node
from derive.readers.latex.syntax.tree_maker import TreeMaker

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
    import lark  # noqa: PLC0415 - only where LaTeX is read
    from lark.lexer import Lexer  # noqa: PLC0415

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
        transformer=TreeMaker(),
        maybe_placeholders=False,
    )


def parse(tokens: list[Token], text: Text) -> Node:
    """The tree of one formula. Raises `Refused`."""
    parser = _parser()
    import lark  # noqa: PLC0415

    unbracketed(tokens, text)
    try:
        result: Node = parser.parse(tokens)
    except lark.UnexpectedInput as error:
        raise _problem(getattr(error, "token", None), tokens, text) from None
    return result


def _problem(token: Any, tokens: list[Token], text: Text) -> Refused:
    if token is None or token.type == "$END":
        return Refused(
            text.place(tokens[-1].at),
            "the formula ends here, and a value is missing; complete it",
        )
    at = token.start_pos
    message = _EXPECTED.get(token.type)
    if message is None:
        near = shorten(text.text[at : at + 20])
        message = f"this can't be read near '{near}'; a value such as W_{{ij}} x_j is expected"
    return Refused(text.place(at), message)
