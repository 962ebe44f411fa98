"""How rational numbers are written."""

from __future__ import annotations

from fractions import Fraction

_MOST_PARTS = 100  # 1/2 and 1/100 are read more easily than decimals, 1/100000 is not
_MOST_ZEROS = 8  # -1e30 is read more easily than 30 of them


def as_decimal(value: Fraction) -> bool:
    """Whether a number is best written with a point, as in 0.9, 0.044715 or 1e-05."""
    if value.denominator == 1 or (abs(value.numerator) == 1 and value.denominator <= _MOST_PARTS):
        return False
    return len(repr(float(value))) <= 10 and Fraction(repr(float(value))) == value


def number_text(value: Fraction) -> str:
    """An integer; a half or a third as a quotient; other numbers as decimals, where exact."""
    if value.denominator == 1:
        text = str(value.numerator)
        digits = text.rstrip("0")
        zeros = len(text) - len(digits)
        return f"{digits}e{zeros}" if zeros > _MOST_ZEROS else text
    return repr(float(value)) if as_decimal(value) else f"{value.numerator}/{value.denominator}"
