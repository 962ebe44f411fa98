r"""Expressions over whole arrays to LaTeX: $A x + A^{\top} x$."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from codegen.latex.box import (
    ATOM,
    NESTED,
    PRODUCT,
    SUM,
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
from codegen.latex.conditions import RELATIONS
from codegen.latex.functions import CONSTANTS
from codegen.latex.orientation import ODOT, ONES, OSLASH, TRANSPOSED, transposed
from codegen.latex.spelling import symbol
from codegen.latex.symbol import Symbol
from codegen.latex.symbols import Names
from derive.arrays.nodes import (
    Array,
    Count,
    Determinant,
    Diagonal,
    Entrywise,
    Fill,
    Identity,
    Inverse,
    Known,
    Literal,
    Norm,
    Outer,
    Product,
    Reduce,
    Trace,
    Transpose,
    Whole,
)
from derive.arrays.printer import chain, text
from derive.ir.functions import FUNCTIONS
from derive.ir.notation import Affine, Dim

ZEROS = r"\mathbf{0}"
_ONE, _ZERO = Literal(Fraction(1)), Literal(Fraction(0))


class NoTex(Exception):
    """A node that has no formula here."""


class TexPrinter:
    """Prints nodes with the symbols of one system; `is_number` and `is_vector` tell
    shapes."""

    def __init__(
        self,
        names: Names,
        is_number: Callable[[Whole], bool],
        is_vector: Callable[[Whole], bool],
    ) -> None:
        self.names = names
        self.is_number = is_number
        self.is_vector = is_vector

    def latex(self, node: Whole) -> str:
        """A node in one line."""
        return flat(self.box(node).text)

    def box(self, node: Whole) -> Box:
        """A node. Raises `NoTex`."""
        match node:
            case Array(name=name):
                result = self.names[name]
                # a superscript has room beside a plain symbol
                return Box(str(result), powers=isinstance(result, Symbol) and not result.above)
            case Literal(value=value):
                size = number(abs(value))
                return size if value >= 0 else joined([(-1, size)])
            case Known(name=name):
                return Box(CONSTANTS[name], powers=True)
            case Count(extent=extent):
                return _extent(extent)
            case Fill(value=value) if not value:
                return Box(ZEROS, powers=True)
            case Fill(value=value, shape=None | (_,) | (_, _) as shape):
                ones = Box(ONES, powers=True)
                if shape is not None and len(shape) == 2:
                    ones = beside([ones, Box(ONES + TRANSPOSED)])
                return ones if value == 1 else beside([number(abs(value)), ones])
            case Identity():
                return Box("I", powers=True)
            case Transpose(of=Inverse(of=of), axes=None):
                return power(self.box(of), r"-\top")
            case Transpose(of=of, axes=None):
                return transposed(self.box(of))
            case Inverse(of=of):
                return power(self.box(of), "-1")
            case Product():
                return beside([self.factor(f) for f in chain(node)])
            case Outer(left=left, right=right):
                return beside([self.factor(left), transposed(self.box(right))])
            case Diagonal(of=of):
                return called(r"\operatorname{diag}", self.box(of))
            case Trace(of=of):
                return called(r"\operatorname{tr}", self.box(of))
            case Determinant(of=of, log=log):
                whole = self.box(of)
                if log:
                    size = Box(rf"\lvert\det {whole.at_least(ATOM).text}\rvert")
                    return Box(rf"\log {size.text}", PRODUCT, NESTED, reaches=True)
                return called(r"\det", whole)
            case Norm(of=of, order=order):
                return _between(r"\lVert", self.box(of), rf"\rVert_{{{order}}}")
            case Reduce(op=op, of=of, axes=axes):
                return self.reduced(op, of, axes)
            case Entrywise(op=op, args=args):
                return self.entrywise(op, args)
            case _:
                raise NoTex(text(node))

    def factor(self, node: Whole) -> Box:
        """One of a product's factors."""
        result = self.box(node)
        return result if result.level > PRODUCT else parenthesised(result)

    def reduced(self, op: str, of: Whole, axes: tuple[int, ...] | None) -> Box:
        """Sums as products with ones; others by their names."""
        inner = self.factor(of)
        if op == "sum" and axes is None:
            left = Box(ONES + TRANSPOSED)
            # of a vector; a matrix has both sides
            return beside([left, inner] if self.is_vector(of) else [left, inner, Box(ONES)])
        if op == "sum" and axes == (1,):
            return beside([inner, Box(ONES)])
        if axes is None and op == "logsumexp" and self.is_vector(of):
            whole = beside([Box(ONES + TRANSPOSED), called(r"\exp", self.box(of))])
            return Box(rf"\log {parenthesised(whole).text}", PRODUCT, NESTED, reaches=True)
        if axes is None and op in ("max", "min"):
            return called(rf"\{op}", self.box(of))
        raise NoTex(op)

    def entrywise(self, op: str, args: tuple[Whole, ...]) -> Box:
        """An operator or a function of each entry."""
        numbers = [self.is_number(a) for a in args]
        match op, args:
            case "+" | "-", (left, right):
                sign = 1 if op == "+" else -1
                below = self.box(right)
                if below.level < PRODUCT:
                    below = parenthesised(below)
                above = self.box(left)
                return joined([(1, above), (sign, below)])
            case "neg", (of,):
                return joined([(-1, self.box(of).at_least(PRODUCT))])
            case "*", (Literal() as left, Entrywise(op="/", args=(over, under))) if numbers[
                0
            ] and self.is_number(under):
                bar = fraction(self.box(left).text, self.box(under).text)
                return bar if over == _ONE else beside([bar, self.box(over).at_least(PRODUCT)])
            case "*", (left, right):
                sides = [self.box(a).at_least(PRODUCT) for a in args]
                if any(numbers):
                    # a number that is a product of vectors, beside another vector
                    apart = isinstance(left, Product) and not numbers[1]
                    return beside([parenthesised(sides[0]) if apart else sides[0], sides[1]])
                return beside([s if s.level == ATOM else parenthesised(s) for s in sides], ODOT)
            case "/", (left, right):
                if numbers[1]:
                    return self.divided(left, right)
                sides = [self.box(a).at_least(PRODUCT) for a in args]
                bottom = sides[1] if sides[1].level == ATOM else parenthesised(sides[1])
                return beside([sides[0], bottom], OSLASH)
            case "**", (base, exponent):
                raised = flat(self.box(exponent).text)
                if isinstance(base, Norm) or self.is_number(base):
                    whole = self.box(base)
                    if isinstance(base, Norm):
                        return Box(f"{whole.text}^{{{raised}}}", ATOM, NESTED)
                    return power(whole, raised)
                return power(self.box(base), rf"{ODOT} {raised}")
            case "sqrt", (of,):
                return Box(rf"\sqrt{{{flat(self.box(of).text)}}}", ATOM, NESTED)
            case "abs", (of,):
                return _between(r"\lvert", self.box(of), r"\rvert")
            case "exp", (of,):
                return called(r"\exp", self.box(of))
            case "where", (when, yes, no) if yes == _ONE and no == _ZERO:
                return parenthesised(self.box(when), "[", "]")
            case _:
                return self.function(op, args)

    def function(self, op: str, args: tuple[Whole, ...]) -> Box:
        """A comparison, a named function."""
        if op in RELATIONS:
            left, right = (self.box(a).at_least(SUM) for a in args)
            return Box(f"{left.text} {RELATIONS[op]} {right.text}", SUM, left.height)
        if op not in FUNCTIONS:
            raise NoTex(op)
        boxes = [self.box(a) for a in args]
        inside = Box(r",\, ".join(b.text for b in boxes), SUM, max(b.height for b in boxes))
        return called(FUNCTIONS[op].names.latex or rf"\operatorname{{{op}}}", inside)

    def divided(self, over: Whole, under: Whole) -> Box:
        """A quotient by a number: a bar below a number, a factor before an array."""
        bottom = self.box(under)
        if self.is_number(over) or isinstance(over, Literal):
            return fraction(self.box(over).text, bottom.text)
        top = self.box(over).at_least(PRODUCT)
        match over:
            case Entrywise(op="*", args=(left, right)) if self.is_number(left):
                # the number goes above the bar
                above = fraction(self.box(left).text, bottom.text)
                return beside([above, self.box(right).at_least(PRODUCT)])
            case _:
                pass
        return beside([fraction("1", bottom.text), top])


def _between(left: str, box: Box, right: str) -> Box:
    size = (r"\bigl", r"\bigr") if box.height else ("", "")
    return Box(f"{size[0]}{left} {box.text}{size[1]}{right}", ATOM, NESTED)


def _extent(extent: Affine) -> Box:
    parts = []
    for atom, coefficient in extent.terms:
        name = Box(str(symbol(atom.name)) if isinstance(atom, Dim) else "?", powers=True)
        whole = name if abs(coefficient) == 1 else beside([Box(str(abs(coefficient))), name])
        parts.append((1 if coefficient > 0 else -1, whole))
    if extent.constant or not parts:
        parts.append((1 if extent.constant >= 0 else -1, Box(str(abs(extent.constant)))))
    return joined(parts)
