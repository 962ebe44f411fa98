"""What NumPy calls things, how tightly its operators bind, how numbers are written."""

from __future__ import annotations

from fractions import Fraction

from derive.ir.functions import FUNCTIONS
from derive.ir.numerals import is_long

CHOICE, COMPARE, SUM, PRODUCT, UNARY, POWER, ATOM = range(7)

SPECIAL = {name: row.names.scipy for name, row in FUNCTIONS.items() if row.names.scipy}
HELPED = {"sigmoid": "sigmoid"} | {name: name for name in SPECIAL}
NAMES = {n: f"np.{row.names.numpy}" for n, row in FUNCTIONS.items() if row.names.numpy} | HELPED
REDUCE = {"sum": "np.sum", "prod": "np.prod", "max": "np.max", "min": "np.min"}
LINALG = {"inv": "np.linalg.inv", "det": "np.linalg.det", "logdet": "np.linalg.slogdet"}
OVER = {"sum": "np.add", "max": "np.maximum", "min": "np.minimum"}

Code = tuple[str, int]


def number_code(value: Fraction) -> Code:
    """A rational: an integer, a decimal, or a quotient of short numbers.

    A literal has no dtype of its own, so single precision stays single.
    """
    if value.denominator == 1:
        text = str(value.numerator)
        if len(text) > 15:
            text = repr(float(value))
    elif is_long(value) or Fraction(repr(float(value))) == value:
        text = repr(float(value))
    else:
        return f"{value.numerator} / {value.denominator}", PRODUCT if value > 0 else SUM
    return text, ATOM if value >= 0 else UNARY
