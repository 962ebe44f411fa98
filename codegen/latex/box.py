r"""Pieces of formulas: text with its place in the order of operations, height and width.

A text holds marks where a line may be broken: `PLUS` before a sign, `TIMES` between factors.
`latex.lines` breaks there, `flat` takes them out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from derive.ir.numerals import is_long

PLUS, TIMES = "\x01", "\x02"

# what binds more loosely needs parentheses inside what binds more tightly
CONDITION, SUM, PRODUCT, ATOM = range(4)

_SIZES = ("", r"\big", r"\Big", r"\bigg", r"\Bigg")
FLAT, NESTED, TALL = 0, 1, 3
_TALLEST = 4
_NUMBER = re.compile(r"\d+|\\frac\{\d+\}\{[^{}]*\}")


@dataclass(frozen=True)
class Box:
    """A piece of a formula.

    `reaches` is true where the piece would take in what stands after it, as a sum does;
    `powers` where a power may be put to it as it is; `rigid` where it has a shape of its own, as
    cases have, so that its delimiters have to grow with it. `turned` is its transpose where that
    isn't written with a T, `below` the denominator where the numerator is 1. `entrywise` is true of
    products of entries, which a product of matrices doesn't take apart.
    """

    text: str
    level: int = ATOM
    height: int = FLAT
    reaches: bool = False
    powers: bool = False
    rigid: bool = False
    turned: Box | None = None
    below: str = ""
    entrywise: bool = False

    def at_least(self, level: int) -> Box:
        """The piece itself where it binds tightly enough, else in parentheses."""
        return self if self.level >= level else parenthesised(self)


def parenthesised(box: Box, opening: str = "(", closing: str = ")") -> Box:
    """In delimiters of a size that suits the content."""
    if box.rigid:
        text = rf"\left{opening}{flat(box.text)}\right{closing}"
        return Box(text, ATOM, _TALLEST, powers=True)
    size = _SIZES[min(box.height, _TALLEST)]
    left, right = (f"{size}l", f"{size}r") if size else ("", "")
    text = f"{left}{opening}{box.text}{right}{closing}"
    return Box(text, ATOM, min(box.height + 1, _TALLEST), powers=True)


def called(function: str, argument: Box) -> Box:
    """A function of an argument."""
    inner = parenthesised(argument)
    return replace(inner, text=f"{function}{inner.text}")


def fraction(over: str, under: str) -> Box:
    """A quotient, one above the other."""
    below = flat(under)
    text = rf"\frac{{{flat(over)}}}{{{below}}}"
    return Box(text, PRODUCT, TALL, below=below if over == "1" else "")


def power(base: Box, exponent: str) -> Box:
    """A power; the base in parentheses unless a superscript can stand there."""
    base = base if base.powers else parenthesised(base)
    return Box(f"{base.text}^{{{flat(exponent)}}}", ATOM, max(base.height, NESTED))


def joined(parts: Sequence[tuple[int, Box]]) -> Box:
    """Terms with their signs as a sum."""
    sign, last = parts[-1]
    if len(parts) == 1 and sign > 0:
        return last
    text = ""
    for sign, part in parts:
        if text:
            text += f"{PLUS} {'+' if sign > 0 else '-'} {part.text}"
        else:
            text = part.text if sign > 0 else f"-{part.text}"
    height = max(p.height for _, p in parts)
    rigid = any(p.rigid for _, p in parts)
    return Box(text, SUM, height, reaches=last.reaches, rigid=rigid)


def beside(parts: Sequence[Box], operator: str = "") -> Box:
    """Factors side by side, entry by entry where an operator says so.

    What reaches to the right comes last or in parentheses.
    """
    if len(parts) == 1:
        return parts[0]
    text = before = ""
    for k, part in enumerate(parts):
        factor = part.at_least(PRODUCT)
        if (factor.reaches or (factor.rigid and factor.level < ATOM)) and k + 1 < len(parts):
            factor = parenthesised(factor)
        if text:
            text += TIMES + (f" {operator} " if operator else _gap(before, factor.text))
        text += factor.text
        before = factor.text
    last = parts[-1]
    return Box(
        text,
        PRODUCT,
        max(p.at_least(PRODUCT).height for p in parts),
        reaches=last.reaches,
        rigid=last.rigid,
        entrywise=bool(operator) or any(p.entrywise for p in parts),
    )


def _gap(before: str, after: str) -> str:
    """The space or sign between two factors."""
    if after[:1].isdigit():
        return r" \cdot "
    return "" if _NUMBER.fullmatch(before) else r"\,"


def number(value: Fraction) -> Box:
    """A number that isn't negative: whole, a short decimal, a power of ten or a quotient."""
    if value.denominator == 1:
        text = str(value.numerator)
        zeros = len(text) - len(text.rstrip("0"))
        return _scientific(text.rstrip("0"), zeros) if zeros > 6 else Box(text, powers=True)
    decimal = _decimal(value)
    if decimal is not None:
        return decimal
    return fraction(str(value.numerator), str(value.denominator))


def _decimal(value: Fraction) -> Box | None:
    """A decimal where that is exact and says more than a quotient of small numbers."""
    scaled, places = value, 0
    while scaled.denominator != 1 and places < 400:
        scaled, places = scaled * 10, places + 1
    digits = str(scaled.numerator)
    most = 17 if is_long(value) else 9
    small = value.denominator <= 8 or (value.numerator == 1 and value.denominator % 16 == 0)
    if scaled.denominator != 1 or len(digits) > most or (small and value.denominator % 10):
        return None
    if places - len(digits) > 3:
        return _scientific(digits, -places)
    digits = digits.rjust(places + 1, "0")
    return Box(f"{digits[:-places]}.{digits[-places:]}", powers=True)


def _scientific(digits: str, exponent: int) -> Box:
    exponent += len(digits) - 1
    digits = digits.rstrip("0") or "0"
    ten = f"10^{{{exponent}}}"
    if digits == "1":
        return Box(ten, ATOM, NESTED)
    mantissa = f"{digits[0]}.{digits[1:]}" if digits[1:] else digits
    return Box(rf"{mantissa} \cdot {ten}", PRODUCT, NESTED)


def flat(text: str) -> str:
    """The text without marks."""
    return text.replace(PLUS, "").replace(TIMES, "")
