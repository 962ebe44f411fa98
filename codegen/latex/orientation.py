"""Orientation in matrices: letters of rows and columns, transposes, entry-wise signs."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.latex.box import (
    ATOM,
    NESTED,
    Box,
    parenthesised,
)
from derive.ir.notation import (
    Axis,
    Expr,
    Number,
    Pow,
)
from derive.ir.tree import letters, number, power

ODOT, OSLASH = r"\odot", r"\oslash"
ONES = r"\mathbf{1}"
TRANSPOSED = r"^{\top}"
INVERSE = "^{-1}"
TRANSPOSED_INVERSE = r"^{-\top}"


class NoMatrix(Exception):
    """The equation isn't one of vectors and matrices."""


@dataclass(frozen=True)
class Frame:
    """The letter of the rows and that of the columns; None where there is but one of either."""

    row: Axis | None = None
    column: Axis | None = None

    @property
    def letters(self) -> frozenset[Axis]:
        """Both."""
        return frozenset(a for a in (self.row, self.column) if a is not None)

    @property
    def turned(self) -> Frame:
        """The transpose's."""
        return Frame(self.column, self.row)

    def within(self, found: frozenset[Axis]) -> Frame:
        """That of a value which has only these letters."""
        return Frame(
            self.row if self.row in found else None, self.column if self.column in found else None
        )


def free(expr: Expr) -> frozenset[Axis]:
    """The letters that a value depends on."""
    return frozenset(letters(expr))


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
