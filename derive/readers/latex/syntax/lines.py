"""Tokens -> formulas: rows, lines, what stands side by side, and brackets that close."""

from __future__ import annotations

from derive.errors import shorten
from derive.language.syntax import Refused
from derive.readers.latex.syntax.command_tables import CLOSING, OPENING
from derive.readers.latex.syntax.lexer import LONGEST_FORMULA, Text, Token


def formulas_of(tokens: list[Token]) -> list[list[Token]]:
    r"""The tokens of each formula.

    Formulas stand in rows, between displays, on lines of their own, or side by side with commas,
    `\quad` or words between them. A row that begins with a relation, `+` or `-` goes on.
    """
    rows: list[list[Token]] = [[]]
    joined = False
    inline = -1  # the row that a single dollar has begun
    for token in [*tokens, Token("BREAK", "", 0)]:
        if token.type == "BREAK":
            if inline == len(rows) - 1 and not _relates(rows[-1]):
                rows.pop()  # $x$ among words
            rows.append([])
            inline = len(rows) - 1 if token.value in ("$", r"\(") else -1
            joined = token.value == "row"
        elif token.type == "LINE":
            rows[-1].append(token)
        else:
            fresh = not any(t.type not in ("LINE", "AMP") for t in rows[-1])
            if fresh and token.type == "REMARK" and not token.value:
                continue
            goes_on = token.type in ("REL", "PLUS", "MINUS", "OP")
            if fresh and joined and goes_on and len(rows) > 1 and rows[-2]:
                rows.pop()
            if token.type != "AMP" or _depth(rows[-1]):
                rows[-1].append(token)
    result: list[list[Token]] = []
    for row in rows:
        for line in _lines(row):
            result.extend(_pieces(line))
    return [f for f in result if f]


def _depth(tokens: list[Token]) -> int:
    return sum((t.type in OPENING) - (t.type in CLOSING) for t in tokens)


def _lines(row: list[Token]) -> list[list[Token]]:
    """A row's lines; a line without a relation of its own, or one that goes on, is joined."""
    lines: list[list[Token]] = [[]]
    for token in row:
        if token.type == "LINE":
            lines.append([])
        else:
            lines[-1].append(token)
    result: list[list[Token]] = []
    for line in (x for x in lines if x):
        goes_on = line[0].type in ("REL", "PLUS", "MINUS", "OP")
        unfinished = bool(result) and (
            result[-1][-1].type in ("REL", "PLUS", "MINUS", "OP", "SUB", "SUP", "FRAC", "SQRT")
            or _depth(result[-1]) > 0
        )
        if result and (goes_on or unfinished or not _relates(line) or not _relates(result[-1])):
            result[-1].extend(line)
        else:
            result.append(line)
    return result


def _relates(tokens: list[Token]) -> bool:
    """Whether a relation stands outside of all brackets."""
    depth = 0
    for token in tokens:
        depth += (token.type in OPENING) - (token.type in CLOSING)
        if token.type == "REL" and depth <= 0:
            return True
    return False


def _pieces(line: list[Token]) -> list[list[Token]]:
    r"""Formulas side by side; ranges of letters, `i = 1, \dots, n`, and remarks are dropped."""
    pieces: list[list[Token]] = [[]]
    depth, dropping = 0, False
    for token in line:
        depth += (token.type in OPENING) - (token.type in CLOSING)
        if token.type == "REMARK" and depth <= 0:
            dropping = token.value == "rest"
            pieces.append([])
        elif token.type == "COMMA" and depth <= 0:
            pieces.append([])
        elif not dropping and token.type != "REMARK":
            pieces[-1].append(token)
    pieces = [p for p in pieces if p]
    dots = next((k for k, p in enumerate(pieces) if all(t.type == "DOTS" for t in p)), None)
    if dots is not None:
        pieces = pieces[: max(dots - 1, 0)] if dots else []
    kept: list[list[Token]] = []
    for piece in pieces:
        if (_relates(piece) and not (kept and _is_range(piece))) or not kept:
            kept.append(piece)
    return [p for p in kept if p]


def _is_range(piece: list[Token]) -> bool:
    r"""`i \in S`, `i = 1`, `n > 0`: a letter, a relation, and no tensor."""
    return (
        len(piece) > 2
        and piece[0].type == "SYMBOL"
        and piece[1].type == "REL"
        and not any(t.type == "SUB" for t in piece)
        and (piece[1].value in ("in", "<", ">", "<=", ">=") or piece[2].type == "DIGIT")
    )


def unbracketed(tokens: list[Token], text: Text) -> None:
    """Raise `Refused` for a formula that is too long, or whose brackets don't close."""
    if len(tokens) > LONGEST_FORMULA:
        raise Refused(
            text.place(tokens[0].at),
            "the formula is too long; split it with named intermediates",
        )
    waiting: list[Token] = []
    for token in tokens:
        if token.type in OPENING:
            waiting.append(token)
        elif token.type in CLOSING:
            if not waiting or OPENING[waiting[-1].type] != token.type:
                raise Refused(
                    text.place(token.at),
                    f"'{shorten(token.value)}' closes no bracket that is open; take it out, or "
                    "open one",
                )
            waiting.pop()
    if waiting:
        raise Refused(text.place(waiting[-1].at), "a bracket is opened and never closed; close it")
