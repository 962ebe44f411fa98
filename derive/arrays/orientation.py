"""Numbers, columns and rows, told apart by the ranks of the named arrays."""

from __future__ import annotations

from collections.abc import Mapping

from derive.arrays.nodes import (
    Array,
    Count,
    Determinant,
    Diagonal,
    Entrywise,
    Extent,
    Fill,
    Known,
    Literal,
    Norm,
    Product,
    Reduce,
    Trace,
    Transpose,
    Whole,
)


class Kinds:
    """Numbers, columns and rows; vectors are columns."""

    def __init__(self, ranks: Mapping[str, int]) -> None:
        self.ranks = ranks

    def is_number(self, node: Whole) -> bool:
        """Whether a node is a single number."""
        match node:
            case Literal() | Known() | Count() | Extent() | Trace() | Norm() | Determinant():
                return True
            case Array(name=name):
                return not self.ranks.get(name, 0)
            case Reduce(axes=None):
                return True
            case Product(left=left, right=right):
                # a row times a column
                return self.is_row(left) and self.is_column(right)
            case Entrywise(args=args):
                return all(map(self.is_number, args))
            case _:
                return False

    def is_column(self, node: Whole) -> bool:
        """Whether a node is a column."""
        match node:
            case Array(name=name):
                return self.ranks.get(name) == 1
            case Fill(shape=None | (_,)):
                return True
            case Product(left=left, right=right):
                return self.is_column(right) and not self.is_row(left)
            case Entrywise(args=args):
                return any(map(self.is_column, args))
            case Reduce(axes=(1,)):
                return True
            case Diagonal(of=of):
                return not self.is_column(of)
            case _:
                return False

    def is_row(self, node: Whole) -> bool:
        """Whether a node is a row."""
        match node:
            case Transpose(of=of):
                return self.is_column(of)
            case Product(left=left, right=right):
                return self.is_row(left) and not self.is_column(right)
            case Entrywise(args=args):
                return any(map(self.is_row, args))
            case _:
                return False
