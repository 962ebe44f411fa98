"""Index equations -> expressions over whole vectors and matrices, where there are such.

The letters of the left side are rows and columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from derive.arrays.canonical import Builder
from derive.arrays.contraction import ONES, Contraction, separate
from derive.arrays.frame import Frame, NoMatrix, free
from derive.arrays.nodes import (
    Array,
    Count,
    Determinant,
    Diagonal,
    Entrywise,
    Fill,
    Inverse,
    Known,
    Literal,
    Product,
    Reduce,
    Transpose,
    Whole,
)
from derive.ir.notation import (
    MATRIX,
    Add,
    Affine,
    Axis,
    Call,
    Compare,
    Constant,
    Dim,
    Equation,
    Expr,
    Index,
    Logic,
    Mul,
    Number,
    Pow,
    Read,
    Reduction,
    Tensor,
    Term,
    affine,
)
from derive.ir.tree import ONE, ZERO, substitute


class Recoverer:
    """Turns equations over vectors and matrices into nodes."""

    def __init__(self, table: Mapping[str, Tensor], build: Builder) -> None:
        self.table = table
        self.build = build

    def equation(self, equation: Equation) -> Whole:
        """The right side. Raises `NoMatrix` where matrices can't say it."""
        if len(equation.axes) > 2:
            raise NoMatrix
        row, column = (*equation.axes, None, None)[:2]
        return self.build.add(self.term(t, Frame(row, column)) for t in equation.terms)

    def term(self, term: Term, frame: Frame) -> Whole:
        """A term as an array in the frame."""
        if term.reduce in MATRIX:
            return self.of_matrix(term, frame)
        body = term.body
        if term.reduced:
            body = Reduction(term.reduce, term.reduced, body)
        wanted = [a for a in frame if a is not None]
        kept = [s.axis for s in term.target]
        if len(set(kept)) == len(kept) and None not in kept:
            new = {k: affine(w) for k, w in zip(kept, wanted, strict=True) if k is not None}
            return self.value(substitute(body, new), frame)
        if len(kept) == 2 and kept[0] is not None and kept[0] == kept[1]:
            # a diagonal: nothing else is written
            inner = substitute(body, {kept[0]: affine(wanted[0])})
            return self.build.diagonal(self.value(inner, Frame(wanted[0])))
        raise NoMatrix

    def of_matrix(self, term: Term, frame: Frame) -> Whole:
        """An inverse, a determinant."""
        name = term.matrix
        if name is None or self.table[name].rank != 2:
            raise NoMatrix
        if term.reduce != "inv":
            return Determinant(Array(name), log=term.reduce == "logdet")
        result = Inverse(Array(name))
        # the letters of the left side walk the entries in order
        return result if [s.axis for s in term.target] == list(frame) else Transpose(result)

    # ---- values in a frame -----------------------------------------------------------------------

    def value(self, expr: Expr, frame: Frame) -> Whole:
        """A value in all letters of the frame: one with fewer is repeated."""
        result = free(expr)
        if not result <= frame.letters:
            raise NoMatrix
        if result == frame.letters:
            return self.exact(expr, frame)
        inner = self.exact(expr, frame.within(result))
        number, rest = self.build.split(inner)
        if not number:
            return Literal(Fraction(0))
        if not result:
            ones: Whole = ONES
            if frame.row is None:
                ones = Transpose(ONES)
            elif frame.column is not None:
                # a matrix of ones has no name; it is a product of two vectors
                ones = Product(Fill(Fraction(1)), Transpose(Fill(Fraction(1))))
            return self.build.times([inner, ones])
        if frame.row not in result:
            return self.build.times([Literal(number), Product(ONES, rest)])
        return self.build.times([Literal(number), Product(rest, Transpose(ONES))])

    def loose(self, expr: Expr, frame: Frame) -> Whole:
        """A value beside others entry by entry, where a number needs no repeating."""
        return self.exact(expr, Frame()) if not free(expr) else self.value(expr, frame)

    def exact(self, expr: Expr, frame: Frame) -> Whole:
        """A value that has exactly the letters of the frame."""
        match expr:
            case Number(value):
                return Literal(value)
            case Constant(name):
                return Known(name)
            case Index(value):
                return self.count(value)
            case Read(tensor, subscripts):
                return self.read(tensor, subscripts, frame)
            case Add(args):
                return self.build.add(self.loose(a, frame) for a in args)
            case Mul():
                return self.entries(separate(expr), frame)
            case Pow(base, Number(value)):
                return self.powered(self.exact(base, frame), value)
            case Pow(base, exponent):
                sides = (self.loose(base, frame), self.loose(exponent, frame))
                return Entrywise("**", sides)
            case Call("where", (when, yes, no)):
                return self.where(when, yes, no, frame)
            case Call("delta", (one, other)):
                return self.where(Compare("==", one, other), ONE, ZERO, frame)
            case Call("hold", (of,)):
                return self.exact(of, frame)
            case Call(function, args):
                return Entrywise(function, tuple(self.loose(a, frame) for a in args))
            case Compare(op, left, right):
                return Entrywise(op, (self.loose(left, frame), self.loose(right, frame)))
            case Logic(op, args):
                parts = [self.loose(a, frame) for a in args]
                result = parts[0] if op != "not" else Entrywise("not", (parts[0],))
                for part in parts[1:]:
                    result = Entrywise(op, (result, part))
                return result
            case Reduction("sum", axes, body):
                return self.sum(axes, body, frame)
            case Reduction(op, axes, body):
                return self.reduced(op, axes, body, frame)
            case _:
                raise NoMatrix

    def powered(self, base: Whole, value: Fraction) -> Whole:
        """A power with a number above."""
        if value < 0:
            return self.build.times(
                [Entrywise("/", (Literal(Fraction(1)), self.powered(base, -value)))]
            )
        match base:
            case Entrywise(op="**", args=(of, Literal(value=inner))) if (
                inner.denominator == 1 and inner % 2 == 1 and value.denominator == 1
            ):
                return self.build.power(of, inner * value)
            case _:
                return self.build.power(base, value)

    def count(self, value: Affine) -> Whole:
        """An extent as a number; a letter's place has no form."""
        if all(isinstance(a, Dim) for a, _ in value.terms):
            return Count(value)
        raise NoMatrix

    def read(self, tensor: str, subscripts: Sequence[Affine], frame: Frame) -> Whole:
        """A whole array, transposed where it lies otherwise."""
        axes: list[Axis] = []
        for subscript, extent in zip(subscripts, self.table[tensor].shape, strict=True):
            axis = subscript.axis
            if axis is None or axis.extent != extent:
                raise NoMatrix
            axes.append(axis)
        array = Array(tensor)
        match axes, frame:
            case [], _:
                return array
            case [one], (row, None) if one == row:
                return array
            case [one], (None, column) if one == column:
                return Transpose(array)
            case [one, other], (row, None) if one == other == row:
                return Diagonal(array)
            case [one, other], (row, column) if (one, other) == (row, column):
                return array
            case [one, other], (row, column) if (one, other) == (column, row):
                return self.build.transpose(array)
            case _:
                raise NoMatrix

    def where(self, when: Expr, yes: Expr, no: Expr, frame: Frame) -> Whole:
        """A choice: between letters of rows and columns a diagonal."""
        match when, frame:
            case Compare("==", Index(one), Index(other)), (Axis() as row, Axis() as column) if {
                one.axis,
                other.axis,
            } == {row, column}:
                on = substitute(yes, {column: affine(row)})
                if no != ZERO:
                    rest = self.value(no, frame)
                    off = substitute(no, {column: affine(row)})
                    change = self.build.add(
                        [
                            self.value(on, Frame(row)),
                            self.build.times([Literal(Fraction(-1)), self.value(off, Frame(row))]),
                        ]
                    )
                    return self.build.add([rest, self.build.diagonal(change)])
                return self.build.diagonal(self.value(on, Frame(row)))
            case _:
                apart = separate(Call("where", (when, yes, no)))
                if len(apart) > 1:
                    return self.entries(apart, frame)
                parts = tuple(self.loose(e, frame) for e in (when, yes, no))
                return Entrywise("where", parts)

    # ---- entry by entry --------------------------------------------------------------------------

    def entries(self, args: Sequence[Expr], frame: Frame) -> Whole:
        """A product of entries: numbers, rows, columns, and what has both letters."""
        numbers = [a for a in args if not free(a)]
        rest = [a for a in args if free(a)]
        shown = [self.exact(a, Frame()) for a in numbers]
        row, column = frame
        if row is None or column is None:
            return self.build.times([*shown, *(self.exact(a, frame) for a in rest)])
        both = [a for a in rest if free(a) == {row, column}]
        rows = [a for a in rest if free(a) == {row}]
        columns = [a for a in rest if free(a) == {column}]
        left = self.build.times(self.exact(a, Frame(row)) for a in rows) if rows else None
        right = self.build.times(self.exact(a, Frame(column)) for a in columns) if columns else None
        if not both:
            assert left is not None
            assert right is not None
            return self.build.times([*shown, self.build.product(left, self.build.transpose(right))])
        # a diagonal beside others stays one
        inner = self.build.times(self.exact(a, frame) for a in both)
        if left is not None:
            inner = self.build.product(self.build.diagonal(left), inner)
        if right is not None:
            inner = self.build.product(inner, self.build.diagonal(right))
        return self.build.times([*shown, inner])

    def reduced(self, op: str, axes: Sequence[Axis], body: Expr, frame: Frame) -> Whole:
        """A product, a maximum, a minimum along letters."""
        kept = [a for a in frame if a is not None]
        if len(axes) + len(kept) > 2:
            raise NoMatrix
        inner = (*kept, *axes, None)[:2]
        of = self.value(body, Frame(*inner))
        if not kept:
            return Reduce(op, of)
        result = Reduce(op, of, (1,))
        return result if frame.row is not None else Transpose(result)

    # ---- sums of products ------------------------------------------------------------------------

    def sum(self, axes: Sequence[Axis], body: Expr, frame: Frame) -> Whole:
        """A sum of products."""
        if isinstance(body, Add):
            return self.build.add(self.sum(axes, a, frame) for a in body.args)
        return Contraction(self, axes, frame).whole(body)
