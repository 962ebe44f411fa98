"""Rational numbers as text."""

from __future__ import annotations

from fractions import Fraction

_MOST_PARTS = 100  # 1/2 and 1/100 are read more easily than decimals, 1/100000 is not
_MOST_ZEROS = 8  # -1e30 is read more easily than 30 of them


_LONG = 10**7  # a quotient of longer numbers tells a reader nothing
_MOST_PLACES = 40


def is_long(value: Fraction) -> bool:
    """Whether a number as a quotient is too long to be read."""
    return value.denominator != 1 and max(abs(value.numerator), value.denominator) >= _LONG


def as_decimal(value: Fraction) -> bool:
    """Whether a number is best written with a point, as in 0.9, 1e-05 or 1.6732632423543772."""
    if value.denominator == 1 or (abs(value.numerator) == 1 and value.denominator <= _MOST_PARTS):
        return False
    if is_long(value):
        return _places(value) is not None
    return len(repr(float(value))) <= 10 and Fraction(repr(float(value))) == value


def decimal_text(value: Fraction) -> str:
    """A number that is best written with a point, exactly."""
    short = repr(float(value))
    places = _places(value)
    if Fraction(short) == value or places is None:
        return short
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def _places(value: Fraction) -> int | None:
    """The number of digits behind a decimal's point; None where it doesn't end soon."""
    return next((k for k in range(_MOST_PLACES) if 10**k % value.denominator == 0), None)


def number_text(value: Fraction) -> str:
    """An integer; a half or a third as a quotient; other numbers as decimals, where exact."""
    if value.denominator == 1:
        text = str(value.numerator)
        digits = text.rstrip("0")
        zeros = len(text) - len(digits)
        return f"{digits}e{zeros}" if zeros > _MOST_ZEROS else text
    return decimal_text(value) if as_decimal(value) else f"{value.numerator}/{value.denominator}"
