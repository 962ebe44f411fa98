"""C text: how tightly operators bind, numbers, comments that hold anything."""

from __future__ import annotations

import re
import textwrap
from fractions import Fraction

CHOICE, OR, AND, EQUAL, COMPARE, SUM, PRODUCT, UNARY, ATOM = range(9)
LINE = 96

Code = tuple[str, int]


def within(code: Code, least: int) -> str:
    """The text, in brackets where it binds less than that."""
    text, level = code
    return text if level >= least else f"({text})"


def number(value: Fraction, single: bool) -> Code:
    """A real number: a literal of the module's kind, or a quotient of two."""
    exact = value.denominator == 1 or Fraction(repr(float(value))) == value
    if exact or len(str(value.numerator)) + len(str(value.denominator)) > 15:
        return literal(float(value), single)
    parts = (Fraction(value.numerator), Fraction(value.denominator))
    left, right = (literal(float(p), single)[0] for p in parts)
    return f"{left} / {right}", PRODUCT if value > 0 else SUM


def literal(value: float, single: bool) -> Code:
    """A literal."""
    text = repr(value)
    if "e" not in text and "." not in text:
        text += ".0"
    return f"{text}{'f' * single}", ATOM if value >= 0 else UNARY


def harmless(text: str) -> str:
    """A text that can't end the comment that it stands in, whatever it says."""
    clean = "".join(c if c.isprintable() and c not in '"\\' else "'" for c in text)
    while "??" in clean:
        clean = clean.replace("??", "? ?")
    return clean.replace("*/", "* /").replace("/*", "/ *")


def comment(text: str, indent: str = "", within: str = "") -> list[str]:
    """A comment; a formula is broken at spaces, its lines `within` its first."""
    rows = textwrap.wrap(
        harmless(text),
        LINE - len(indent) - 6,
        subsequent_indent=within,
        break_long_words=False,
        break_on_hyphens=False,
    )
    if len(rows) == 1:
        return [f"{indent}/* {rows[0]} */"]
    return [f"{indent}/* {rows[0]}", *(f"{indent} * {row}" for row in rows[1:]), f"{indent} */"]


# a type and its name, and an index, stay together
_TOGETHER = re.compile(r"(?<=\w) (?=\*?\w)|(?<=\[)[^\[\]]*(?=\])")


def wrapped(line: str, indent: str) -> list[str]:
    """A statement, broken at spaces where it is too long."""
    whole = _TOGETHER.sub(lambda found: found.group().replace(" ", "\0"), line)
    rows = textwrap.wrap(
        whole,
        LINE,
        initial_indent=indent,
        subsequent_indent=indent + "    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [row.replace("\0", " ") for row in rows]
