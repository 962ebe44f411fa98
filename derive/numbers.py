"""How rational numbers are written."""

from __future__ import annotations

from fractions import Fraction


def is_decimal(value: Fraction) -> bool:
    """Whether a few decimals say the number exactly, as in 0.9 or 0.044715."""
    return len(repr(float(value))) <= 10 and Fraction(repr(float(value))) == value


def number_text(value: Fraction) -> str:
    """An integer; a half or a third as a quotient; other numbers as decimals, where exact."""
    if value.denominator == 1:
        return str(value.numerator)
    if abs(value.numerator) != 1 and is_decimal(value):
        return repr(float(value))
    return f"{value.numerator}/{value.denominator}"
