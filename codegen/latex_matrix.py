r"""Equations to LaTeX, in matrices: $\delta^{(1)} = (W^{(2)})^{\top}\delta^{(2)} \odot \sigma'(z^{(1)})$.

Samples stand in columns: a tensor `x[n,j]` whose first axis alone is the batch's is a matrix with a
row for each j and a column for each n, so that the formulas are those of one column vector, and a
sum over the batch is a product of matrices. Where an equation isn't one of vectors and matrices,
element by element or contracted along a chain, there is no such form: None.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from codegen.emit_latex import CONSTANTS, Formula, IndexPrinter, unfolded
from codegen.latex_box import (
    ATOM,
    NESTED,
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
from codegen.latex_conditions import RELATIONS
from codegen.latex_names import Partial
from codegen.latex_product import coefficient, product
from derive.notation import (
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
    affine,
)
from derive.reading import readable
from derive.tree import ONE, ZERO, affine_axes, factors, letters, mul
from derive.tree import number as of_number
from derive.tree import power as raised

ODOT, OSLASH = r"\odot", r"\oslash"
ONES = r"\mathbf{1}"
_TRANSPOSED = r"^{\top}"


class NoMatrix(Exception):
    """The equation isn't one of vectors and matrices."""


@dataclass(frozen=True)
class Frame:
    """The letters of the rows and of the columns; None where there is but one."""

    row: Axis | None
    column: Axis | None

    @property
    def letters(self) -> frozenset[Axis]:
        """Both."""
        return frozenset(a for a in (self.row, self.column) if a is not None)

    @property
    def turned(self) -> Frame:
        """The transpose's."""
        return Frame(self.column, self.row)

    def within(self, found: frozenset[Axis]) -> Frame:
        """Of a value that has only these letters."""
        return Frame(
            self.row if self.row in found else None, self.column if self.column in found else None
        )


class MatrixPrinter:
    """Prints equations without subscripts, where that is possible."""

    def __init__(self, index: IndexPrinter, batch: frozenset[str]) -> None:
        self.index = index
        self.batch = batch

    def formula(self, equation: Equation) -> Formula | None:
        """An equation in matrices, or None."""
        try:
            told = readable(equation, self.index.table)
            frame = self.frame(equation.tensor, equation.axes)
            parts: list[tuple[int, Box]] = []
            for term in told.terms:
                value = unfolded(term)
                for addend in value.args if isinstance(value, Add) else (value,):
                    parts.append(self.spread(addend, frame))
        except NoMatrix:
            return None
        relation = r"\leftarrow" if equation.tensor.startswith("next(") else "="
        name = equation.tensor.removeprefix("next(").removesuffix(")")
        whole = joined([(s, b.at_least(PRODUCT) if len(parts) > 1 else b) for s, b in parts])
        return Formula(str(self.index.names[name]), (whole.text,), relation)

    def frame(self, tensor: str, axes: Sequence[Axis]) -> Frame:
        """How a tensor lies: its letters as rows and columns."""
        shape = self.index.table[tensor].shape
        batch = [self.is_batch(e) for e in shape]
        match len(shape):
            case 0:
                return Frame(None, None)
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
        found = free(expr)
        sign, box = self.signed(expr, frame.within(found))
        if not found:
            return sign, box  # a number is added to every entry
        missing = frame.letters - found
        if not missing:
            return sign, box
        if frame.row in missing:
            return sign, beside([Box(ONES), box.at_least(PRODUCT)])
        return sign, beside([box.at_least(PRODUCT), Box(ONES + _TRANSPOSED)])

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
                first, *rest = factors(yes)
                if yes == ONE:
                    return 1, self.condition(when, frame)
                told = mul(first, *rest, when) if isinstance(first, Number) else mul(when, yes)
                return self.signed(told, frame)
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
        symbol = self.index.names[tensor]
        lies = self.frame(tensor, axes)
        text = str(symbol)
        if isinstance(symbol, Partial):
            box = Box(text, PRODUCT, TALL)
        else:
            box = Box(text, ATOM, NESTED if symbol.above else 0, powers=not symbol.above)
        if lies == frame:
            return box
        if lies.turned != frame:
            raise NoMatrix
        return transposed(box)

    def axes(self, tensor: str, subscripts: Sequence[Affine]) -> tuple[Axis, ...]:
        """The letters that walk a whole tensor."""
        found: list[Axis] = []
        for subscript, extent in zip(subscripts, self.index.table[tensor].shape, strict=True):
            axis = subscript.axis
            if axis is None or axis in found or axis.extent != extent:
                raise NoMatrix
            found.append(axis)
        return tuple(found)

    def raised(self, base: Expr, exponent: Expr, frame: Frame) -> Box:
        if free(exponent) or not free(base):
            if free(expr := Pow(base, exponent)):
                raise NoMatrix
            return self.index.box(strip(expr))
        if exponent == Number(Fraction(1, 2)):
            return self.root(base, frame)
        small = self.index.box(exponent, inline=True).text
        return power(self.box(base, frame), rf"{ODOT} {small}")

    def root(self, of: Expr, frame: Frame) -> Box:
        inner = self.box(of, frame)
        return Box(rf"\sqrt{{{flat(inner.text)}}}", ATOM, min(inner.height + 1, TALL))

    def call(self, function: str, args: Sequence[Expr], frame: Frame) -> Box:
        """A function of each entry."""
        boxes = [joined([self.spread(a, frame)]) for a in args]
        match function, boxes:
            case "where" | "delta", _:
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

    def condition(self, expr: Expr, frame: Frame) -> Box:
        """A comparison of each entry: 1 or 0."""
        match expr:
            case Compare(op, left, right) if free(expr) and not isinstance(left, Index):
                sides = [joined([self.spread(e, frame)]) for e in (left, right)]
                text = f" {RELATIONS[op]} ".join(s.text for s in sides)
                return parenthesised(Box(text, SUM, max(s.height for s in sides)), "[", "]")
            case _:
                raise NoMatrix

    # ---- products --------------------------------------------------------------------------------

    def product(self, value: Fraction, args: Sequence[Expr], frame: Frame) -> Box:
        """Numbers in front, the rest entry by entry."""
        scalars = [a for a in args if not free(a)]
        over = [a for a in args if free(a) and not _divides(a)]
        under = [_inverse(a) for a in args if free(a) and _divides(a)]
        outer = self.outer(over, frame) if not under else None
        entries = [outer] if outer else [self.factor(a, frame) for a in over]
        shown = beside(entries, ODOT) if entries else None
        if under:
            below = [self.factor(a, frame) for a in under]
            top = (shown or Box(ONES)).at_least(PRODUCT)
            bottom = below[0] if len(below) == 1 else parenthesised(beside(below, ODOT))
            bottom = bottom if len(below) == 1 and bottom.level == ATOM else parenthesised(bottom)
            shown = beside([top, bottom], OSLASH)
        front = product(value, scalars, lambda e: self.box(e, Frame(None, None)))
        if shown is None:
            return front
        if value == 1 and not scalars:
            return shown
        if len(entries) > 1 or under:
            shown = parenthesised(shown)
        if front.text.startswith(r"\frac{1}{") and len(over) == 1 and isinstance(over[0], Add):
            return fraction(self.box(over[0], frame).text, front.text[9:-1])
        return beside([front, shown])

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


class Contraction:
    """A sum of products as a chain of matrix products."""

    def __init__(self, printer: MatrixPrinter, axes: Sequence[Axis], frame: Frame) -> None:
        self.printer = printer
        self.run = frozenset(axes)
        self.frame = frame

    def signed(self, body: Expr) -> tuple[int, Box]:
        """The sum with its sign."""
        sign, value, rest = coefficient(factors(body))
        scalars = [a for a in rest if not free(a)]
        groups: dict[frozenset[Axis], list[Expr]] = {}
        for arg in rest:
            if free(arg):
                groups.setdefault(free(arg), []).append(arg)
        shown = self.chain({k: mul(*v) for k, v in groups.items()})
        if value == 1 and not scalars:
            return sign, shown
        front = product(value, scalars, lambda e: self.printer.box(e, Frame(None, None)))
        return sign, beside([front, shown])

    def chain(self, groups: dict[frozenset[Axis], Expr]) -> Box:
        """From the row's letter to the column's, each summed letter on the way."""
        if any(len(k) > 2 for k in groups):
            raise NoMatrix
        edges = {k: v for k, v in groups.items() if len(k) == 2}
        ends = {next(iter(k)): v for k, v in groups.items() if len(k) == 1}
        path = self.path(edges, ends)
        if self.run - set(path) or not set(ends) <= self.run:
            raise NoMatrix
        if len(path) == 1:
            return self.inner(path[0], ends[path[0]])
        if len(path) == 2 and not ends and set(path) <= self.run:
            square = _squared(edges[frozenset(path)])
            if square is not None:
                frame = Frame(path[0], path[1])
                return _norm(self.either(square, frame))
        boxes: list[Box] = []
        for k, letter in enumerate(path):
            first, last = k == 0, k + 1 == len(path)
            if letter in self.run:
                end = ends.get(letter)
                if first:
                    boxes.append(self.vector(end, Frame(None, letter), ONES + _TRANSPOSED))
                elif last:
                    boxes.append(self.vector(end, Frame(letter, None), ONES))
                elif end is not None:
                    inner = self.printer.box(end, Frame(letter, None))
                    boxes.append(called(r"\operatorname{diag}", inner))
            if not last:
                edge = edges[frozenset((letter, path[k + 1]))]
                boxes.append(self.matrix(edge, Frame(letter, path[k + 1])))
        return beside(boxes)

    def path(self, edges: dict[frozenset[Axis], Expr], ends: dict[Axis, Expr]) -> list[Axis]:
        """The letters in the order in which the matrices follow each other."""
        beside_: dict[Axis, list[Axis]] = {a: [] for a in ends}
        for edge in edges:
            a, b = sorted(edge, key=lambda x: x.letter)
            beside_.setdefault(a, []).append(b)
            beside_.setdefault(b, []).append(a)
        tips = [a for a, near in beside_.items() if len(near) <= 1]
        if not tips or any(len(near) > 2 for near in beside_.values()):
            raise NoMatrix
        row, column = self.frame.row, self.frame.column
        if row is not None:
            start = row
        elif column is not None:
            start = next((a for a in tips if a != column), column)
        else:
            start = tips[0]
        if start not in tips:
            raise NoMatrix
        path = [start]
        while True:
            onward = [a for a in beside_[path[-1]] if a not in path]
            if not onward:
                break
            path.append(onward[0])
        free_letters = self.frame.letters
        if len(path) != len(beside_) or any(a in free_letters for a in path[1:-1]):
            raise NoMatrix
        if free_letters - set(path) or (column is not None and path[-1] != column):
            raise NoMatrix
        return path

    def matrix(self, expr: Expr, frame: Frame) -> Box:
        """A factor of the chain."""
        box = self.either(expr, frame)
        return (
            box.at_least(ATOM) if ODOT in box.text or OSLASH in box.text else box.at_least(PRODUCT)
        )

    def either(self, expr: Expr, frame: Frame) -> Box:
        """A matrix, or the transpose of its transpose, whichever is simpler."""
        straight = joined([self.printer.signed(expr, frame)])
        turned = transposed(joined([self.printer.signed(expr, frame.turned)]))
        tops = [b.text.count(_TRANSPOSED) for b in (straight, turned)]
        return straight if tops[0] <= tops[1] else turned

    def vector(self, expr: Expr | None, frame: Frame, ones: str) -> Box:
        """What stands at an end of the chain."""
        if expr is None:
            return Box(ones)
        return self.matrix(expr, frame)

    def inner(self, letter: Axis, expr: Expr) -> Box:
        """A sum over one letter alone: a scalar product, a squared length, a plain sum."""
        square = _squared(expr)
        if square is not None:
            return _norm(self.either(square, Frame(letter, None)))
        first, *rest = factors(expr)
        if rest and not _divides(first) and not _divides(rest[0]):
            left = self.either(first, Frame(None, letter)).at_least(ATOM)
            right = self.matrix(mul(*rest), Frame(letter, None))
            return beside([left, right])
        column = self.printer.box(expr, Frame(letter, None))
        return beside([Box(ONES + _TRANSPOSED), column.at_least(PRODUCT)])


def free(expr: Expr) -> frozenset[Axis]:
    """The letters that a value depends on."""
    if isinstance(expr, Reduction):
        return free(expr.body) - frozenset(expr.axes)
    return frozenset(letters(expr))


def transposed(box: Box) -> Box:
    """The transpose of a matrix."""
    if box.text.endswith(_TRANSPOSED) and box.level == ATOM and box.text.count("^") == 1:
        return replace(box, text=box.text.removesuffix(_TRANSPOSED), powers=True)
    base = box if box.powers else parenthesised(box)
    return Box(base.text + _TRANSPOSED, ATOM, max(base.height, NESTED))


def strip(expr: Expr) -> Expr:
    """The same value: a scalar's."""
    return expr


def _norm(box: Box) -> Box:
    size = (r"\bigl", r"\bigr") if box.height else ("", "")
    text = rf"{size[0]}\lVert {box.text}{size[1]}\rVert^{{2}}"
    return Box(text, ATOM, max(box.height, NESTED))


def _squared(expr: Expr) -> Expr | None:
    match expr:
        case Pow(base, Number(value)) if value == 2:
            return base
        case _:
            return None


def _divides(expr: Expr) -> bool:
    match expr:
        case Pow(_, Number(value)):
            return value < 0
        case _:
            return False


def _inverse(expr: Expr) -> Expr:
    assert isinstance(expr, Pow)
    assert isinstance(expr.exponent, Number)
    return raised(expr.base, of_number(-expr.exponent.value))


def unit(tensor: str) -> Read:
    """A scalar tensor's only entry."""
    return Read(tensor, tuple[Affine, ...]())


__all__ = ["Frame", "MatrixPrinter", "NoMatrix", "affine"]
