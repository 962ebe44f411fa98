"""Orientation in matrices: letters of rows and columns, transposes, entry-wise signs."""

from __future__ import annotations

from codegen.latex.box import ATOM, NESTED, Box, parenthesised
from derive.ir.notation import Expr, Number, Pow
from derive.ir.tree import number, power

ODOT, OSLASH = r"\odot", r"\oslash"
ONES = r"\mathbf{1}"
TRANSPOSED = r"^{\top}"
INVERSE = "^{-1}"
TRANSPOSED_INVERSE = r"^{-\top}"


def transposed(box: Box) -> Box:
    """The transpose of a matrix."""
    if box.turned is not None:
        return box.turned
    base = box if box.powers else parenthesised(box)
    return Box(base.text + TRANSPOSED, ATOM, max(base.height, NESTED), turned=box)


def fewest_transposes(*boxes: Box) -> Box:
    """The first of those with the fewest transposes."""
    return min(boxes, key=lambda box: box.text.count(TRANSPOSED))


def divides(expr: Expr) -> bool:
    """Whether a factor is one below the bar."""
    match expr:
        case Pow(_, Number(value)):
            return value < 0
        case _:
            return False


def inverse(expr: Expr) -> Expr:
    """The inverse of a factor below the bar, which stands there."""
    assert isinstance(expr, Pow)
    assert isinstance(expr.exponent, Number)
    return power(expr.base, number(-expr.exponent.value))
