"""Inverse and determinant of a matrix in any number system, by Gaussian elimination or by minors.

Nothing raises where floats go on: a singular matrix has determinant 0, and infinities or nan for
entries of its inverse; exact rationals refuse it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from operator import add, mul
from typing import Any

from derive.semantics.number_systems import Arithmetic

Matrix = Sequence[Sequence[Any]]


def rows_of(values: list[Any]) -> list[list[Any]]:
    """The entries of a square matrix, row by row, as rows."""
    size = math.isqrt(len(values))
    return [values[k : k + size] for k in range(0, len(values), size)]


def inverse(matrix: Matrix, arithmetic: Arithmetic) -> list[list[Any]]:
    """The inverse, row by row."""
    size = len(matrix)
    one, zero = arithmetic.number(1), arithmetic.number(0)
    if not arithmetic.eliminates:
        under = arithmetic.power(_by_minors(matrix, arithmetic), arithmetic.number(-1))
        return [
            [_minor(matrix, j, i, arithmetic) * under for j in range(size)] for i in range(size)
        ]
    rows = [[*row, *(one if k == j else zero for j in range(size))] for k, row in enumerate(matrix)]
    for k in range(size):
        _swap(rows, k, arithmetic)
        under = arithmetic.power(rows[k][k], arithmetic.number(-1))
        rows[k] = [entry * under for entry in rows[k]]
        for other in range(size):
            if other != k:
                _subtract(rows, other, k, rows[other][k])
    return [row[size:] for row in rows]


def determinant(matrix: Matrix, arithmetic: Arithmetic) -> Any:
    """The determinant."""
    if not arithmetic.eliminates:
        return _by_minors(matrix, arithmetic)
    odd, pivots = _pivots(matrix, arithmetic)
    result = reduce(mul, pivots)
    return -result if odd else result


def log_determinant(matrix: Matrix, arithmetic: Arithmetic) -> Any:
    """The logarithm of the determinant's absolute value; minus infinity where that is 0."""
    zero, log = arithmetic.number(0), arithmetic.functions["log"]
    pivots = _pivots(matrix, arithmetic)[1] if arithmetic.eliminates else []
    if not pivots or arithmetic.name == "exact":
        # a rational number may have a rational logarithm where its factors have none
        pivots = [determinant(matrix, arithmetic)]
    return reduce(add, [log(-p if arithmetic.compare("<", p, zero) else p) for p in pivots])


def _pivots(matrix: Matrix, arithmetic: Arithmetic) -> tuple[bool, list[Any]]:
    """Whether rows were swapped an odd number of times, and the pivots."""
    rows = [list(row) for row in matrix]
    zero = arithmetic.number(0)
    odd = False
    for k in range(len(rows)):
        odd ^= _swap(rows, k, arithmetic)
        if arithmetic.compare("==", rows[k][k], zero):
            return False, [zero]
        under = arithmetic.power(rows[k][k], arithmetic.number(-1))
        for other in range(k + 1, len(rows)):
            _subtract(rows, other, k, rows[other][k] * under)
    return odd, [rows[k][k] for k in range(len(rows))]


def _swap(rows: list[list[Any]], k: int, arithmetic: Arithmetic) -> bool:
    """Bring the row with the largest entry of a column up; whether it was another one."""
    zero = arithmetic.number(0)
    best, most = k, zero
    for other in range(k, len(rows)):
        entry = rows[other][k]
        size = -entry if arithmetic.compare("<", entry, zero) else entry
        if arithmetic.compare(">", size, most):
            best, most = other, size
    rows[k], rows[best] = rows[best], rows[k]
    return best != k


def _subtract(rows: list[list[Any]], other: int, k: int, times: Any) -> None:
    rows[other] = [a + -(times * b) for a, b in zip(rows[other], rows[k], strict=True)]


def _by_minors(matrix: Matrix, arithmetic: Arithmetic) -> Any:
    """A polynomial in the entries: along the first row, each minor formed once."""
    known: dict[tuple[int, ...], Any] = {(): arithmetic.number(1)}

    def minor(columns: tuple[int, ...]) -> Any:
        if columns not in known:
            row = matrix[len(matrix) - len(columns)]
            total = arithmetic.number(0)
            for k, column in enumerate(columns):
                part = row[column] * minor((*columns[:k], *columns[k + 1 :]))
                total = total + (-part if k % 2 else part)
            known[columns] = total
        return known[columns]

    return minor(tuple(range(len(matrix))))


def _minor(matrix: Matrix, row: int, column: int, arithmetic: Arithmetic) -> Any:
    """The determinant without a row and a column, with its sign."""
    rest = [
        [entry for j, entry in enumerate(entries) if j != column]
        for i, entries in enumerate(matrix)
        if i != row
    ]
    result = _by_minors(rest, arithmetic)
    return -result if (row + column) % 2 else result
