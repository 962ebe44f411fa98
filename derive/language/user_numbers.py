"""Numbers of a user: exact, finite, of a size that can be worked with."""

from __future__ import annotations

import operator
import re
from fractions import Fraction
from typing import Any

from derive.errors import shown
from derive.language.elaborate import LARGEST_EXTENT

_TITLE = re.compile(r"[\w][\w .-]{0,59}")
_NUMBER = re.compile(
    r"[-+]?(\d{1,50}(\.\d{0,50})?|\.\d{1,50})([eE][-+]?\d{1,3})?(/\d{1,50})?", re.ASCII
)


def exact(value: Any, place: str, problems: list[str]) -> Fraction:
    """A finite number as an exact rational: decimals mean what they say."""
    try:
        if isinstance(value, bool):
            raise ValueError
        if isinstance(value, str) and not _NUMBER.fullmatch(value):
            raise ValueError
        number = Fraction(float.__repr__(value) if isinstance(value, float) else value)
        if abs(number) > 10**300 or number.denominator > 10**320:
            raise ValueError
    except (ValueError, TypeError, OverflowError, ZeroDivisionError):
        problems.append(f"{place}: {shown(value)} is no finite number; write one such as 0.5")
        return Fraction(0)
    return number


def check_title(name: str) -> str | None:
    """Why a model can't be called this, in one clause; None where it can."""
    if _TITLE.fullmatch(name):
        return None
    return (
        f"{shown(name)} is no name for a model; begin with a letter or a digit, go on with these, "
        "spaces, '_', '-' and '.', at most 60 in all"
    )


def extent(value: Any, place: str, problems: list[str]) -> int:
    """A size: an integer from 1 to 2^31 - 1."""
    if not isinstance(value, bool) and hasattr(type(value), "__index__"):
        value = operator.index(value)  # NumPy's integers are none of Python's
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value < LARGEST_EXTENT:
        problems.append(f"{place}: {shown(value)} is no size; give an integer from 1 to 2147483647")
        return 1
    return value
