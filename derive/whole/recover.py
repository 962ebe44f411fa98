"""Index equations -> expressions over whole vectors and matrices, where there are such.

The letters of the left side are rows and columns. In a sum of products the summed letters are
taken away one by one: the factors that have a letter become a matrix product, a product with a
diagonal matrix, or a sum along an axis.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from derive.notation import (
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
from derive.tree import ONE, ZERO, factors, letters, mul, substitute
from derive.whole.build import Builder, turns
from derive.whole.nodes import (
    Array,
    Count,
    Determinant,
    Diagonal,
    Entrywise,
    Fill,
    Inverse,
    Known,
    Literal,
    Norm,
    Product,
    Reduce,
    Trace,
    Transpose,
    Whole,
)

Frame = tuple[Axis | None, Axis | None]  # the letter of the rows, and that of the columns
_ONES = Fill(Fraction(1))


class NoMatrix(Exception):
    """This isn't said in vectors and matrices."""


def free(expr: Expr) -> frozenset[Axis]:
    """The letters that a value depends on."""
    return frozenset(letters(expr))


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
        return self.build.add(self.term(t, (row, column)) for t in equation.terms)

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
            return self.build.diagonal(self.value(inner, (wanted[0], None)))
        raise NoMatrix

    def of_matrix(self, term: Term, frame: Frame) -> Whole:
        """An inverse, a determinant."""
        name = term.matrix
        if name is None or self.table[name].rank != 2:
            raise NoMatrix
        if term.reduce != "inv":
            return Determinant(Array(name), log=term.reduce == "logdet")
        found = Inverse(Array(name))
        # the letters of the left side walk the entries in order
        return found if [s.axis for s in term.target] == list(frame) else Transpose(found)

    # ---- values in a frame -----------------------------------------------------------------------

    def value(self, expr: Expr, frame: Frame) -> Whole:
        """A value in all letters of the frame: one with fewer is repeated."""
        wanted = {a for a in frame if a is not None}
        found = free(expr)
        if not found <= wanted:
            raise NoMatrix
        if found == wanted:
            return self.exact(expr, frame)
        row = frame[0] if frame[0] in found else None
        column = frame[1] if frame[1] in found else None
        inner = self.exact(expr, (row, column))
        number, rest = self.build.split(inner)
        if not number:
            return Literal(Fraction(0))
        if not found:
            ones: Whole = _ONES
            if frame[0] is None:
                ones = Transpose(_ONES)
            elif frame[1] is not None:
                # a matrix of ones has no name; it is a product of two vectors
                ones = Product(Fill(Fraction(1)), Transpose(Fill(Fraction(1))))
            return self.build.times([inner, ones])
        if row is None:
            return self.build.times([Literal(number), Product(_ONES, rest)])
        return self.build.times([Literal(number), Product(rest, Transpose(_ONES))])

    def loose(self, expr: Expr, frame: Frame) -> Whole:
        """A value beside others entry by entry, where a number needs no repeating."""
        return self.exact(expr, (None, None)) if not free(expr) else self.value(expr, frame)

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
            case Mul(args):
                return self.entries(args, frame)
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
                found = parts[0] if op != "not" else Entrywise("not", (parts[0],))
                for part in parts[1:]:
                    found = Entrywise(op, (found, part))
                return found
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
                            self.value(on, (row, None)),
                            self.build.times([Literal(Fraction(-1)), self.value(off, (row, None))]),
                        ]
                    )
                    return self.build.add([rest, self.build.diagonal(change)])
                return self.build.diagonal(self.value(on, (row, None)))
            case _:
                parts = tuple(self.loose(e, frame) for e in (when, yes, no))
                return Entrywise("where", parts)

    # ---- entry by entry --------------------------------------------------------------------------

    def entries(self, args: Sequence[Expr], frame: Frame) -> Whole:
        """A product of entries: numbers, rows, columns, and what has both letters."""
        numbers = [a for a in args if not free(a)]
        rest = [a for a in args if free(a)]
        shown = [self.exact(a, (None, None)) for a in numbers]
        row, column = frame
        if row is None or column is None:
            return self.build.times([*shown, *(self.exact(a, frame) for a in rest)])
        both = [a for a in rest if free(a) == {row, column}]
        rows = [a for a in rest if free(a) == {row}]
        columns = [a for a in rest if free(a) == {column}]
        left = self.build.times(self.exact(a, (row, None)) for a in rows) if rows else None
        right = (
            self.build.times(self.exact(a, (column, None)) for a in columns) if columns else None
        )
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
        of = self.value(body, (inner[0], inner[1]))
        if not kept:
            return Reduce(op, of)
        found = Reduce(op, of, (1,))
        return found if frame[0] is not None else Transpose(found)

    # ---- sums of products ------------------------------------------------------------------------

    def sum(self, axes: Sequence[Axis], body: Expr, frame: Frame) -> Whole:
        """A sum of products."""
        if isinstance(body, Add):
            return self.build.add(self.sum(axes, a, frame) for a in body.args)
        return _Contraction(self, axes, frame).whole(body)


class _Contraction:
    """A sum of products: the summed letters go one by one."""

    def __init__(self, of: Recoverer, axes: Sequence[Axis], frame: Frame) -> None:
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
        for factor in factors(body):
            found = free(factor)
            if not found:
                self.numbers.append(self.of.exact(factor, (None, None)))
            else:
                groups.setdefault(found, []).append(factor)
        for found, parts in groups.items():
            order = sorted(found, key=self._rank)
            match order:
                case [one]:
                    self.put_vector(one, self.of.value(mul(*parts), (one, None)))
                case [one, other]:
                    self.put_matrix(one, other, self.of.value(mul(*parts), (one, other)))
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
                    self.numbers.append(self.total(vector))
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
                found = (
                    self.build.product(matrix, _ONES)
                    if vector is None
                    else self.build.product(matrix, vector)
                )
                self.put_vector(one, found)
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
        self.numbers.append(Trace(self.build.product(product, back)))

    def total(self, vector: Whole) -> Whole:
        """The sum of a vector: a scalar product, a squared length."""
        match vector:
            case Entrywise(op="**", args=(base, Literal(value=value))) if value == 2:
                return self.build.power(Norm(base), value)
            case Entrywise(op="*", args=(left, right)) if not self.build.is_number(left):
                return self.build.product(self.build.transpose(left), right)
            case Diagonal(of=of):
                return Trace(of)
            case Entrywise(op="abs", args=(base,)):
                return Norm(base, 1)
            case _:
                return self.linear(vector)

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
                return self.linear(matrix)

    def linear(self, of: Whole) -> Whole:
        """A sum, numbers before it."""
        factor, rest = self.build.split(of)
        return self.build.times([Literal(factor), Reduce("sum", rest)])

    def assembled(self) -> Whole:
        """What is left has letters of the frame only."""
        row, column = self.frame
        matrix: Whole | None = None
        for (one, other), found in self.matrices.items():
            if (one, other) == (row, column):
                matrix = found
            elif (other, one) == (row, column):
                matrix = self.build.transpose(found)
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
            ends = (left or _ONES, right or _ONES)
            parts = [self.build.product(ends[0], self.build.transpose(ends[1]))]
        elif row is not None:
            parts = [left or _ONES]
        elif column is not None:
            parts = [self.build.transpose(right or _ONES)]
        return self.build.times([*self.numbers, *parts])
