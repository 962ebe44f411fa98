"""Sums of products as products of matrices: the summed letters are taken away one by one.

The factors that have a letter become a matrix product, a product with a diagonal matrix, or a sum
along an axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Protocol

from derive.arrays.canonical import Builder
from derive.arrays.frame import Frame, NoMatrix, free
from derive.arrays.nodes import Count, Entrywise, Fill, Literal, Norm, Whole
from derive.arrays.walk import turns
from derive.ir.notation import Add, Axis, Call, Constant, Expr, Mul, Number, Pow, Read, Reduction
from derive.ir.tree import ONE, ZERO, factors, mul

ONES = Fill(Fraction(1))


def separate(expr: Expr) -> list[Expr]:
    """The factors of a product; of a choice against 0 those that it doesn't guard stand beside.

    `where(c[i], a[i]*b[j], 0)` is `where(c[i], a[i], 0)*b[j]`.
    """
    return [part for factor in factors(expr) for part in _beside(factor)]


def _beside(factor: Expr) -> list[Expr]:
    match factor:
        case Call("where", (when, yes, no)) if no == ZERO and free(when):
            own = free(when)
            parts = separate(yes)
            out = [p for p in parts if not free(p) <= own and (not free(p) & own or _tame(p))]
            inside = [p for p in parts if p not in out]
            if out:
                return [Call("where", (when, mul(*inside) if inside else ONE, ZERO)), *out]
            return [factor]
        case _:
            return [factor]


def _tame(expr: Expr) -> bool:
    """Whether a value is finite where those that it is made of are."""
    match expr:
        case Number() | Constant() | Read():
            return True
        case Add(args) | Mul(args):
            return all(map(_tame, args))
        case Pow(base, Number(value)):
            return value >= 1 and value.denominator == 1 and _tame(base)
        case Reduction("sum", _, body):
            return _tame(body)
        case _:
            return False


class Values(Protocol):
    """Who turns a value into a node."""

    build: Builder

    def value(self, expr: Expr, frame: Frame) -> Whole:
        """A value in all letters of the frame."""

    def exact(self, expr: Expr, frame: Frame) -> Whole:
        """A value that has exactly the letters of the frame."""


class Contraction:
    """A sum of products: the summed letters go one by one."""

    def __init__(self, of: Values, axes: Sequence[Axis], frame: Frame) -> None:
        self.of = of
        self.build = of.build
        self.run = list(axes)
        self.frame = frame
        self.numbers: list[Whole] = []
        self.vectors: dict[Axis, Whole] = {}
        # by the letters of rows and columns; each pair stands here in one order only
        self.matrices: dict[tuple[Axis, Axis], Whole] = {}

    def whole(self, body: Expr) -> Whole:
        """The sum as an array in the frame."""
        groups: dict[frozenset[Axis], list[Expr]] = {}
        for factor in separate(body):
            result = free(factor)
            if not result:
                self.numbers.append(self.of.exact(factor, Frame()))
            else:
                groups.setdefault(result, []).append(factor)
        for result, parts in groups.items():
            order = sorted(result, key=self._rank)
            match order:
                case [one]:
                    self.put_vector(one, self.of.value(mul(*parts), Frame(one)))
                case [one, other]:
                    self.put_matrix(one, other, self.of.value(mul(*parts), Frame(one, other)))
                case _:
                    raise NoMatrix
        while self.run:
            self.run.sort(key=lambda a: (len(self.beside(a)), self._rank(a)))
            self.eliminate(self.run.pop(0))
        return self.assembled()

    def _rank(self, axis: Axis) -> tuple[int, str]:
        """Rows first, then what is summed, then columns."""
        place = 0 if axis == self.frame[0] else 2 if axis == self.frame[1] else 1
        return place, axis.letter

    def put_vector(self, axis: Axis, vector: Whole) -> None:
        """A factor with one letter."""
        known = self.vectors.get(axis)
        self.vectors[axis] = vector if known is None else self.build.times([known, vector])

    def put_matrix(self, row: Axis, column: Axis, matrix: Whole) -> None:
        """A factor with two letters."""
        if (column, row) in self.matrices:
            row, column, matrix = column, row, self.build.transpose(matrix)
        known = self.matrices.get((row, column))
        self.matrices[row, column] = matrix if known is None else self.build.times([known, matrix])

    def beside(self, axis: Axis) -> list[Axis]:
        """The letters that stand in a matrix together with this one."""
        return [b if a == axis else a for a, b in self.matrices if axis in (a, b)]

    def taken(self, axis: Axis, other: Axis) -> Whole:
        """The matrix with rows `other` and columns `axis`, taken away."""
        if (other, axis) in self.matrices:
            return self.matrices.pop((other, axis))
        return self.build.transpose(self.matrices.pop((axis, other)))

    def eliminate(self, axis: Axis) -> None:
        """One letter is summed."""
        vector = self.vectors.pop(axis, None)
        near = self.beside(axis)
        match near:
            case []:
                if vector is None:
                    self.numbers.append(
                        Count(axis.extent)
                        if axis.extent.terms
                        else Literal(Fraction(axis.extent.constant))
                    )
                else:
                    self.numbers.append(self.build.total(vector))
            case [one]:
                if (
                    vector is None
                    and one in self.run
                    and not self.vectors.get(one)
                    and (self.beside(one) == [axis])
                ):
                    # nothing else has either letter
                    self.run.remove(one)
                    self.numbers.append(self.entries(self.taken(axis, one)))
                    return
                matrix = self.taken(axis, one)
                result = (
                    self.build.product(matrix, ONES)
                    if vector is None
                    else self.build.product(matrix, vector)
                )
                self.put_vector(one, result)
            case [one, other]:
                first, second = sorted((one, other), key=self._rank)
                left = self.taken(axis, first)
                right = self.build.transpose(self.taken(axis, second))
                if vector is not None:
                    left = self.build.product(left, self.build.diagonal(vector))
                self.closed(first, second, self.build.product(left, right))
            case _:
                raise NoMatrix

    def closed(self, first: Axis, second: Axis, product: Whole) -> None:
        """A ring of matrices: a trace, where nothing else has its letters."""
        ring = (first, second) in self.matrices or (second, first) in self.matrices
        alone = (
            ring
            and {first, second} <= set(self.run)
            and first not in self.vectors
            and second not in self.vectors
            and self.beside(first) == [second]
            and self.beside(second) == [first]
        )
        if not alone:
            self.put_matrix(first, second, product)
            return
        back = self.taken(first, second)
        self.run.remove(first)
        self.run.remove(second)
        self.numbers.append(self.build.trace(self.build.product(product, back)))

    def entries(self, matrix: Whole) -> Whole:
        """The sum of all entries of a matrix."""
        turned = self.build.transpose(matrix)
        matrix = turned if turns(turned) < turns(matrix) else matrix
        match matrix:
            case Entrywise(op="**", args=(base, Literal(value=value))) if value == 2:
                return self.build.power(Norm(base), value)
            case Entrywise(op="abs", args=(base,)):
                return Norm(base, 1)
            case _:
                return self.build.linear(matrix)

    def assembled(self) -> Whole:
        """What is left has letters of the frame only."""
        row, column = self.frame
        matrix: Whole | None = None
        for (one, other), result in self.matrices.items():
            if (one, other) == (row, column):
                matrix = result
            elif (other, one) == (row, column):
                matrix = self.build.transpose(result)
            else:
                raise NoMatrix
        left = self.vectors.pop(row, None) if row is not None else None
        right = self.vectors.pop(column, None) if column is not None else None
        if self.vectors:
            raise NoMatrix
        if matrix is not None:
            if left is not None:
                matrix = self.build.product(self.build.diagonal(left), matrix)
            if right is not None:
                matrix = self.build.product(matrix, self.build.diagonal(right))
            return self.build.times([*self.numbers, matrix])
        parts: list[Whole] = []
        if row is not None and column is not None:
            ends = (left or ONES, right or ONES)
            parts = [self.build.product(ends[0], self.build.transpose(ends[1]))]
        elif row is not None:
            parts = [left or ONES]
        elif column is not None:
            parts = [self.build.transpose(right or ONES)]
        return self.build.times([*self.numbers, *parts])
