r"""Equations to LaTeX, in matrices: $\delta^{(1)} = W^{\top}\delta^{(2)} \odot \sigma'(z^{(1)})$.

Samples stand in columns: a tensor `x[n,j]` whose first axis alone is the batch's is a matrix with a
row for each j and a column for each n, so that the formulas are those of one column vector, and a
sum over the batch is a product of matrices. Where an equation isn't one of vectors and matrices,
element by element or contracted along a chain, there is no such form: None.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from codegen.latex.box import (
    ATOM,
    PRODUCT,
    SUM,
    TALL,
    Box,
    beside,
    called,
    flat,
    fraction,
    joined,
    number,
    parenthesised,
    power,
)
from codegen.latex.choices import bracketed, selected
from codegen.latex.conditions import RELATIONS, opposite
from codegen.latex.formula import Formula
from codegen.latex.functions import CONSTANTS
from codegen.latex.index_printer import IndexPrinter, unfolded
from codegen.latex.matrix_chain import Contraction
from codegen.latex.orientation import ODOT, ONES, OSLASH, TRANSPOSED, divides, inverse, transposed
from codegen.latex.products import coefficient, is_short, product
from codegen.latex.symbol import Change, Partial, Symbol
from codegen.latex.symbols import with_one
from derive.algebra.readable import readable
from derive.arrays.frame import Frame, NoMatrix, free
from derive.ir.names import current_of, is_next
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
    Mul,
    Number,
    Pow,
    Read,
    Reduction,
)
from derive.ir.tree import ONE, ZERO, addends, affine_axes, mul, reads


class MatrixPrinter:
    """Prints equations without subscripts, where that is possible."""

    def __init__(
        self, index: IndexPrinter, batch: frozenset[str], turned: frozenset[str] = frozenset()
    ) -> None:
        """`batch` names the letter whose samples stand in columns; `turned` lie transposed."""
        self.index = index
        self.batch = batch
        self.turned = turned

    def formula(self, equation: Equation) -> Formula | None:
        """An equation in matrices, or None."""
        try:
            self.something(equation)
            if equation.tensor in self.index.names.nodes:
                return self.definition(equation)
            solved = readable(equation, self.index.table)
            frame = self.frame(equation.tensor, equation.axes)
            joined_to = with_one(equation)
            if joined_to and equation.axes[-1] in (frame.row, frame.column):
                return self.with_ones(equation, joined_to, frame)
            values = [a for term in solved.terms for a in addends(unfolded(term))]
            parts = [self.spread(a, frame) for a in values]
        except NoMatrix:
            return None
        relation = r"\leftarrow" if is_next(equation.tensor) else "="
        name = current_of(equation.tensor)
        whole = joined([(s, b.at_least(PRODUCT) if len(parts) > 1 else b) for s, b in parts])
        if frame.letters and not any(free(a) for a in values):
            # a number in every entry
            ones = [Box(ONES)] * (frame.row is not None)
            ones += [Box(ONES + TRANSPOSED)] * (frame.column is not None)
            whole = beside([whole.at_least(PRODUCT), *ones])
        return Formula(str(self.index.names[name]), (whole.text,), relation)

    def definition(self, equation: Equation) -> Formula:
        """The inverse by what it is: its product with the matrix is the identity."""
        of = equation.terms[0].matrix
        if equation.terms[0].reduce != "inv" or of is None or len(equation.axes) != 2:
            raise NoMatrix
        names = self.index.names
        product_ = beside([self.index.integers.boxed(names[n]) for n in (equation.tensor, of)])
        return Formula(flat(product_.text), ("I",))

    def with_ones(self, equation: Equation, of: str, frame: Frame) -> Formula:
        """A matrix with a row or a column of ones at its end, a vector with a 1."""
        names = self.index.names
        beside_ = frame.column == equation.axes[-1]
        joined_to = "1" if len(equation.axes) == 1 else ONES if beside_ else ONES + TRANSPOSED
        cells = f"{names[of]} {'&' if beside_ else chr(92) * 2} {joined_to}"
        rows = rf"\begin{{pmatrix}} {cells} \end{{pmatrix}}"
        return Formula(str(names[equation.tensor]), (rows,))

    def something(self, equation: Equation) -> None:
        """Between scalars there is nothing that matrices could say."""
        read = {r.tensor for t in equation.terms for r in reads(t.body)}
        table = self.index.table
        if not any(table[name].shape for name in (equation.tensor, *read)):
            raise NoMatrix

    def frame(self, tensor: str, axes: Sequence[Axis]) -> Frame:
        """The frame of a tensor: its letters as rows and columns."""
        frame = self.as_it_is(tensor, axes)
        return frame.turned if tensor in self.turned else frame

    def as_it_is(self, tensor: str, axes: Sequence[Axis]) -> Frame:
        """The frame of a tensor in denominator layout: a vector is a column."""
        shape = self.index.table[tensor].shape
        batch = [self.is_batch(e) for e in shape]
        match len(shape):
            case 0:
                return Frame()
            case 1:
                return Frame(None, axes[0]) if batch[0] else Frame(axes[0], None)
            case 2:
                return Frame(axes[1], axes[0]) if batch == [True, False] else Frame(*axes)
            case _:
                raise NoMatrix

    def is_batch(self, extent: Affine) -> bool:
        """Whether this is the number of samples."""
        return any(isinstance(a, Dim) and a.name in self.batch for a, _ in extent.terms)

    # ---- values in a frame -----------------------------------------------------------------------

    def spread(self, expr: Expr, frame: Frame) -> tuple[int, Box]:
        """A value with its sign, in all letters of the frame: a vector is repeated."""
        result = free(expr)
        if isinstance(expr, Mul) and frame.letters - result:
            sign, value, rest = coefficient(expr.args)
            scalars = [a for a in rest if not free(a)]
            if result and (scalars or value != 1):
                _, whole = self.spread(mul(*(a for a in rest if free(a))), frame)
                return sign, beside([self.product(value, scalars, Frame()), whole])
        sign, box = self.signed(expr, frame.within(result))
        if not result:
            return sign, box  # a number is added to every entry
        missing = frame.letters - result
        if not missing:
            return sign, box
        if frame.row in missing:
            return sign, beside([Box(ONES), box.at_least(PRODUCT)])
        return sign, beside([box.at_least(PRODUCT), Box(ONES + TRANSPOSED)])

    def signed(self, expr: Expr, frame: Frame) -> tuple[int, Box]:
        """The sign of a value, and the rest."""
        match expr:
            case Number(value) if value < 0:
                return -1, number(-value)
            case Mul(args):
                sign, value, rest = coefficient(args)
                return sign, self.product(value, rest, frame)
            case Pow(_, Number(value)) if value < 0:
                return 1, self.product(Fraction(1), (expr,), frame)
            case Call("where", (when, yes, no)) if no == ZERO:
                return self.signed(selected(when, yes), frame)
            case Call("where", (when, yes, no)) if yes == ZERO:
                return self.signed(selected(opposite(when), no), frame)
            case _:
                return 1, self.box(expr, frame)

    def box(self, expr: Expr, frame: Frame) -> Box:
        """A value that has exactly the letters of the frame."""
        match expr:
            case Number(value) if value >= 0:
                return number(value)
            case Constant(name):
                return Box(CONSTANTS[name], powers=True)
            case Index(value):
                if list(affine_axes(value)):
                    raise NoMatrix
                return self.index.integers.integer(value)
            case Read(tensor, subscripts):
                return self.read(tensor, subscripts, frame)
            case Add(args):
                parts = [self.spread(a, frame) for a in args]
                return joined([(s, b.at_least(PRODUCT)) for s, b in parts])
            case Call("where", (_, yes, no)) if ZERO not in (yes, no):
                terms = bracketed(expr)
                if terms == expr:
                    raise NoMatrix
                return self.box(terms, frame)
            case Number() | Mul() | Call("where", _):
                return joined([self.signed(expr, frame)])
            case Pow(base, exponent):
                return self.raised(base, exponent, frame)
            case Call(function, args):
                return self.call(function, args, frame)
            case Compare():
                return self.condition(expr, frame)
            case Reduction("sum", axes, body):
                return joined([Contraction(self, axes, frame).signed(body)])
            case _:
                raise NoMatrix

    def read(self, tensor: str, subscripts: Sequence[Affine], frame: Frame) -> Box:
        """A whole tensor, transposed where it lies otherwise."""
        axes = self.axes(tensor, subscripts)
        return self.lying(self.index.names[tensor], self.frame(tensor, axes), frame)

    def lying(self, symbol: Symbol | Partial | Change, lies: Frame, frame: Frame) -> Box:
        """A symbol, transposed where its frame is the other one."""
        box = self.index.integers.boxed(symbol)
        if lies == frame:
            return box
        if lies.turned != frame:
            raise NoMatrix
        return transposed(box)

    def axes(self, tensor: str, subscripts: Sequence[Affine]) -> tuple[Axis, ...]:
        """The letters that walk a whole tensor."""
        result: list[Axis] = []
        for subscript, extent in zip(subscripts, self.index.table[tensor].shape, strict=True):
            axis = subscript.axis
            if axis is None or axis in result or axis.extent != extent:
                raise NoMatrix
            result.append(axis)
        return tuple(result)

    def raised(self, base: Expr, exponent: Expr, frame: Frame) -> Box:
        """A power of each entry."""
        if free(exponent):
            raise NoMatrix
        if exponent == Number(Fraction(1, 2)):
            return self.root(base, frame)
        small = self.index.box(exponent, inline=True).text
        return power(self.box(base, frame), rf"{ODOT} {small}" if free(base) else small)

    def root(self, of: Expr, frame: Frame) -> Box:
        """A square root of each entry."""
        inner = self.box(of, frame)
        return Box(rf"\sqrt{{{flat(inner.text)}}}", ATOM, min(inner.height + 1, TALL))

    def call(self, function: str, args: Sequence[Expr], frame: Frame) -> Box:
        """A function of each entry."""
        if function in MATRIX:
            return self.node(function, args[0], frame)
        places = function in ("where", "delta")
        boxes = [] if places else [joined([self.spread(a, frame)]) for a in args]
        match function, boxes:
            case "delta", _:
                return self.condition(Compare("==", *args), frame)
            case "where", _:
                raise NoMatrix
            case "sqrt", (one,):
                return self.root(args[0], frame)
            case "exp", (one,):
                return called(r"\exp", one)
            case "abs", (one,):
                return Box(rf"\lvert {one.text}\rvert", ATOM, one.height, powers=True)
            case "log1p", (one,):
                return self.box(Call("log", (Add((ONE, *args)),)), frame)
            case "expm1", (one,):
                return joined([(1, called(r"\exp", one)), (-1, Box("1"))])
            case _:
                return self.index.applied(function, boxes)

    def node(self, function: str, of: Expr, frame: Frame) -> Box:
        """A matrix's inverse or its determinant."""
        assert isinstance(of, Read)
        names = self.index.names
        if len(self.index.table[of.tensor].shape) != 2:
            raise NoMatrix
        if function != "inv":
            return self.index.integers.boxed(names.node(function, of.tensor))
        lies = self.frame(of.tensor, self.axes(of.tensor, of.subscripts))
        return self.lying(names.node(function, of.tensor), lies, frame)

    def condition(self, expr: Expr, frame: Frame) -> Box:
        """A comparison of each entry: 1 or 0."""
        match expr:
            case Compare("==", Index(one), Index(other)) if frame.letters == {one.axis, other.axis}:
                if one.axis is None or other.axis is None or one.axis.extent != other.axis.extent:
                    raise NoMatrix
                return Box("I", powers=True)
            case Compare(_, Index(), _) | Compare(_, _, Index()):
                raise NoMatrix
            case Compare(op, left, right) if free(expr):
                sides = [joined([self.spread(e, frame)]) for e in (left, right)]
                text = f" {RELATIONS[op]} ".join(s.text for s in sides)
                return parenthesised(Box(text, SUM, max(s.height for s in sides)), "[", "]")
            case _:
                raise NoMatrix

    # ---- products --------------------------------------------------------------------------------

    def product(self, value: Fraction, args: Sequence[Expr], frame: Frame) -> Box:
        """Numbers in front, the rest entry by entry."""
        scalars = [a for a in args if not free(a)]
        over = [a for a in args if free(a) and not divides(a)]
        under = [inverse(a) for a in args if free(a) and divides(a)]
        outer = self.outer(over, frame) if not under else None
        entries = [outer] if outer else [self.factor(a, frame) for a in over]
        entrywise = beside(entries, ODOT) if entries else None
        if under:
            below = [self.factor(a, frame) for a in under]
            top = (entrywise or Box("1", powers=True)).at_least(PRODUCT)
            bottom = beside(below, ODOT)
            bottom = bottom if bottom.level == ATOM else parenthesised(bottom)
            entrywise = beside([top, bottom], OSLASH)
        front = product(value, scalars, lambda e: self.box(e, Frame()))
        if entrywise is None:
            return front
        if value == 1 and not scalars:
            return entrywise
        if front.below and len(over) == 1 and not under and isinstance(over[0], Add):
            inside = self.box(over[0], frame)
            if is_short(inside):
                return fraction(inside.text, front.below)
        return beside([front, entrywise])

    def factor(self, expr: Expr, frame: Frame) -> Box:
        """A factor of an entry-wise product, repeated to the shape of the others."""
        sign, box = self.spread(expr, frame)
        if sign < 0:
            raise NoMatrix
        repeated = free(expr) != frame.letters
        return parenthesised(box) if repeated else box.at_least(PRODUCT)

    def outer(self, args: Sequence[Expr], frame: Frame) -> Box | None:
        """A column times a row."""
        if frame.row is None or frame.column is None:
            return None
        row = [a for a in args if free(a) == {frame.column}]
        column = [a for a in args if free(a) == {frame.row}]
        if not row or not column or len(row) + len(column) < len(args):
            return None
        left = beside([self.factor(a, Frame(frame.row, None)) for a in column], ODOT)
        right = beside([self.factor(a, Frame(None, frame.column)) for a in row], ODOT)
        if len(column) > 1:
            left = parenthesised(left)
        if len(row) > 1:
            right = parenthesised(right)
        return beside([left, right])
