"""Frames: which letter of an index equation is a matrix's rows, and which its columns."""

from __future__ import annotations

from typing import NamedTuple

from derive.ir.notation import Axis, Expr
from derive.ir.tree import letters


class NoMatrix(Exception):
    """The equation isn't one of vectors and matrices."""


class Frame(NamedTuple):
    """The letter of the rows and that of the columns; None where there is but one of either."""

    row: Axis | None = None
    column: Axis | None = None

    @property
    def letters(self) -> frozenset[Axis]:
        """Both."""
        return frozenset(a for a in self if a is not None)

    @property
    def turned(self) -> Frame:
        """The transpose's."""
        return Frame(self.column, self.row)

    def within(self, letters: frozenset[Axis]) -> Frame:
        """The frame of a value that has only these letters."""
        return Frame(*(a if a in letters else None for a in self))


def free(expr: Expr) -> frozenset[Axis]:
    """The letters that a value depends on."""
    return frozenset(letters(expr))
