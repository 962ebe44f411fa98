r"""The values of a formula over whole arrays, `(W^{(2)})^\top \delta^{(2)} \odot f'(z^{(1)})`.

Symbols side by side multiply as matrices and bind more closely than `\odot`. A vector is a column;
where that doesn't fit, as in `x W^\top + b` over the rows of a batch, shapes broadcast as NumPy's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from derive.arrays import nodes as whole
from derive.arrays.entries import ONE
from derive.arrays.to_equations import Elaborator
from derive.language.syntax import Name, Place, Syntax
from derive.readers.latex.by_array.sums_over_samples import Samples, sum_letter
from derive.readers.latex.calls import call, head
from derive.readers.latex.conditions import conditional, indicator
from derive.readers.latex.context import Formula, Scope
from derive.readers.latex.derivatives import Slope, adjoint, adjoint_name, as_product
from derive.readers.latex.labels import settled
from derive.readers.latex.symbol_parts import SymbolParts
from derive.readers.latex.syntax.nodes import (
    Cases,
    Group,
    Logic,
    Node,
    Number,
    Operator,
    Product,
    Relation,
    Scripted,
    Sum,
    Symbol,
    bare,
)
from derive.readers.latex.values import ValueReader
from derive.readers.name_rules import letter_name
from derive.readers.number_names import SAMPLES_ON_PAPER
from derive.readers.vocabulary import Shape, Vocabulary

_TURNS = ("T", "top", "intercal", "prime")
_SIGNS = ("", "*", "odot", "oslash", "otimes", "/")


class ArrayReader(ValueReader[whole.Whole]):
    """Reads values as arrays."""

    def __init__(self, formula: Formula, elaborator: Elaborator, vocabulary: Vocabulary) -> None:
        super().__init__(formula)
        self.elaborator = elaborator
        self.vocabulary = vocabulary
        self.samples = Samples(formula, elaborator, vocabulary)

    @property
    def scope(self) -> Scope:
        """The letters that run."""
        return self.samples.scope

    def number(self, value: Fraction, place: Place) -> whole.Whole:
        """An exact number."""
        return whole.Literal(value, place=place)

    def constant(self, name: str, place: Place) -> whole.Whole:
        """`pi` or `inf`."""
        return whole.Known(name, place=place)

    def apply(self, op: str, args: tuple[whole.Whole, ...], place: Place) -> whole.Whole:
        """An operator or a function of entries."""
        only = args[0]
        if op == "log" and isinstance(only, whole.Determinant) and not only.log:
            return whole.Determinant(only.of, log=True, place=place)
        return whole.Entrywise(op, args, place=place)

    def argument(self, value: whole.Whole, place: Place) -> Syntax:
        """The tensor that a function is given, if it is one."""
        return Name(place, self.samples.tensor_of(value))

    def shape(self, node: whole.Whole) -> Shape:
        """The extents of a value. Raises `Refused` where shapes don't fit."""
        return self.elaborator.entries(node).shape

    def rank(self, node: whole.Whole) -> int:
        """The number of axes of a value. Raises `Refused` where shapes don't fit."""
        return self.elaborator.entries(node).rank

    # ---- products --------------------------------------------------------------------------------

    def product(self, node: Node, items: Sequence[Node]) -> whole.Whole:
        r"""Runs of factors side by side, with `\odot` and other signs between the runs."""
        self.check_length(node, items)
        at = next((k for k, i in enumerate(items) if sum_letter(i)), None)
        if at is not None:
            return self.over_samples(items, at)
        result: whole.Whole | None = None
        sign, start = "", 0
        for k, item in enumerate((*items, Operator(items[-1].at, ""))):
            if not isinstance(item, Operator):
                continue
            if k == start:
                raise self.formula.refuse(item, "a factor is missing beside this sign")
            if item.name not in _SIGNS:
                raise self.formula.refuse(item, "this sign can't be read over whole arrays")
            part = self.run(items[start:k])
            result = part if result is None else self.joined(items[start], sign, result, part)
            sign, start = item.name, k + 1
        assert result is not None
        return result

    def over_samples(self, items: Sequence[Node], at: int) -> whole.Whole:
        r"""`\frac1N \sum_n \delta_n (y_n)^\top`: a sum of what each sample's arrays give."""
        letter = sum_letter(items[at])
        body = items[at + 1 :]
        before = items[: at - 1] if at and isinstance(items[at - 1], Operator) else items[:at]
        if not body or letter is None:
            raise self.formula.refuse(items[at], "a sum of what? write it behind the sum")
        self.samples.begin(letter)
        inner = self.product(body[0], body)
        result = self.samples.end(items[at], inner)
        return (
            result if not before else self.times(items[0], self.product(before[0], before), result)
        )

    def joined(self, node: Node, sign: str, left: whole.Whole, right: whole.Whole) -> whole.Whole:
        """Two values with a sign between them."""
        place = self.formula.place(node)
        if sign == "odot":
            return whole.Entrywise("*", (left, right), place=place)
        if sign == "oslash":
            return whole.Entrywise("/", (left, right), place=place)
        if sign == "otimes":
            return whole.Outer(left, right, place=place)
        if sign == "/":
            return self.quotient(node, left, right)
        shapes = [self.elaborator.entries(v).shape for v in (left, right)]
        if shapes[0] == shapes[1] and len(shapes[0]) == 2 and shapes[0][0] != shapes[0][1]:
            # a star between arrays that are no matrix product is one of each entry
            return whole.Entrywise("*", (left, right), place=place)
        return self.times(node, left, right)

    def times(self, node: Node, left: whole.Whole, right: whole.Whole) -> whole.Whole:
        """Side by side: a matrix product, or a number times an array."""
        place = self.formula.place(node)
        ones = isinstance(left, whole.Fill) or isinstance(right, whole.Fill)
        if not ones and 0 in (self.rank(left), self.rank(right)):
            return whole.Entrywise("*", (left, right), place=place)
        if not ones and self.samples.open:
            one, other = (self.elaborator.entries(v) for v in (left, right))
            if one.lies == other.lies == "column" and ONE in (*one.shape, *other.shape):
                # what a sample has one of is a number
                if one.shape == (ONE,):
                    left = whole.Reduce("sum", left, place=place)
                else:
                    right = whole.Reduce("sum", right, place=place)
                return whole.Entrywise("*", (left, right), place=place)
        return whole.Product(left, right, place=place)

    def quotient(self, node: Node, over: whole.Whole, under: whole.Whole) -> whole.Whole:
        """A fraction: its denominator is a number."""
        of_entries = self.rank(over) == 0 or self.shape(over) == self.shape(under)
        if self.rank(under) and not of_entries:
            raise self.formula.refuse(
                node, "what an array is divided by is a number; write \\oslash for each entry"
            )
        return whole.Entrywise("/", (over, under), place=self.formula.place(node))

    def run(self, items: Sequence[Node]) -> whole.Whole:
        """Factors side by side, from the left."""
        result: whole.Whole | None = None
        k = 0
        while k < len(items):
            part, taken = self.factor(items[k:])
            result = part if result is None else self.times(items[k], result, part)
            k += taken
        assert result is not None
        return result

    def derivative(self, node: Node, slope: Slope) -> whole.Whole:
        """A derivative as a value."""
        by = adjoint(self.formula, slope, self.scope)
        if by is None:
            of = slope.of.shown if slope.of else ""
            raise self.formula.refuse(
                slope.by,
                f"the derivative of '{of}' by '{slope.by.shown}' can't be read over whole arrays; "
                "write its value",
            )
        by = settled(self.formula, by, self.scope)
        name = adjoint_name(self.formula, by, 2 if by.below else None)
        if not by.below:
            return self.formula.names.layout.view(whole.Array(name, place=self.formula.place(node)))
        sample = self.samples.of(by, name)
        if sample is None:
            raise self.subscripted(by)
        return sample

    def leading(self, items: Sequence[Node]) -> tuple[whole.Whole, int] | None:
        """A sum, an indicator, or a call that begins the items, and how many it takes."""
        result = head(items[0])
        if result is not None and result[0] in ("sum", "prod") and len(items) > 1:
            raise self.formula.refuse(
                items[0], "a sum over letters needs subscripts; write them, or a product of arrays"
            )
        return indicator(self, items) or call(self, items)

    def subscripted(self, written: SymbolParts) -> Exception:
        """A subscript among whole arrays."""
        return self.formula.refuse(
            written,
            f"'{written.shown}' has subscripts, and another array of this formula has none; write "
            "all of them or none",
        )

    # ---- functions of arrays ---------------------------------------------------------------------

    def of_arrays(self, word: str, node: Node) -> Callable[[whole.Whole], whole.Whole] | None:
        """A function of whole arrays."""
        place = self.formula.place(node)
        match word:
            case "diag":
                return lambda value: whole.Diagonal(value, place=place)
            case "tr" | "Tr" | "trace":
                return lambda value: whole.Trace(value, place=place)
            case "det" | "logdet":
                return lambda value: whole.Determinant(value, log=word == "logdet", place=place)
            case "softmax":
                return lambda value: self.softmax(node, value)
            case "max" | "min":
                return lambda value: whole.Reduce(word, value, None, place=place)
            case _:
                return None

    def softmax(self, node: Node, value: whole.Whole) -> whole.Whole:
        """The softmax of a vector, or of each row; of each column where samples are columns."""
        place = self.formula.place(node)
        power = whole.Entrywise("exp", (value,), place=place)
        rows = self.rank(value) > 1
        columns = rows and self.formula.names.orientation.columns
        axis = 0 if columns else -1
        total = whole.Reduce("sum", power, (axis,), keepdims=rows, place=place)
        return whole.Entrywise("/", (power, total), place=place)

    # ---- symbols and brackets --------------------------------------------------------------------

    def fenced(self, node: Group, inner: Node) -> whole.Whole:
        """Something between bars, double bars or floor brackets."""
        place = self.formula.place(node)
        if node.kind == "floor":
            raise self.formula.refuse(node, "this can't be read over whole arrays")
        value = self.value(inner)
        if node.kind == "norm":
            return whole.Norm(value, place=place)
        if self.rank(value) == 2:
            return whole.Determinant(value, place=place)
        return whole.Entrywise("abs", (value,), place=place)

    def conditional(self, node: Relation | Logic | Cases) -> whole.Whole:
        """A condition, or values by conditions."""
        return conditional(self, node)

    def named(self, node: Node, written: SymbolParts) -> whole.Whole:
        """A name without its power."""
        place = self.formula.place(node)
        if written.base == "ones":
            value: whole.Whole | None = whole.Fill(Fraction(1), place=place)
        elif written.below:
            value = self.samples.value(written)
            if value is None:
                raise self.subscripted(written)
        else:
            value = self.by_name(written, place)
        assert value is not None
        return whole.Transpose(value, place=place) if written.is_transposed else value

    def by_name(self, written: SymbolParts, place: Place) -> whole.Whole:
        """An array or a number by its name."""
        names = self.formula.names
        if written.base == "pi" and not names.is_declared("pi"):
            return whole.Known("pi", place=place)
        name = names.take(written.base, written.layer)
        batch = self.vocabulary.batch
        counts = letter_name(written.base) in SAMPLES_ON_PAPER and not written.layer
        # a tensor of that name, as the softmax has an m, is no number here
        if counts and batch is not None and (name is None or names.rank(name)):
            return whole.Count(batch, place=place)
        if name is None:
            if written.base == "I" and not written.layer:
                return whole.Identity(place=place)
            raise self.formula.unknown(written)
        return names.layout.view(whole.Array(name, place=place))

    def unnamed(self, node: Node) -> whole.Whole:
        """Something in brackets with what stands above and below it."""
        place = self.formula.place(node)
        base = bare(node.base) if isinstance(node, Scripted) else bare(node)
        is_ones = isinstance(base, Symbol) and base.name == "ones"
        if not is_ones and (not isinstance(node, Scripted) or node.primes):
            raise self.formula.refuse(node, "this can't be read over whole arrays")
        if is_ones:
            value: whole.Whole = whole.Fill(Fraction(1), place=place)
        elif isinstance(base, Group) and base.kind == "norm" and isinstance(node, Scripted):
            value = whole.Norm(self.value(base.items[0]), self.order(node), place=place)
        elif isinstance(node, Scripted) and node.below:
            raise self.formula.refuse(node, "a subscript of a bracket can't be read")
        else:
            value = self.value(base)
        for above in node.above if isinstance(node, Scripted) else ():
            value = self.raised(node, value, above)
        return value

    def order(self, node: Scripted) -> int:
        """Which norm it is."""
        below = bare(node.below[0]) if node.below else None
        if below is None or (isinstance(below, Symbol) and below.name == "F"):
            return 2
        if isinstance(below, Number) and below.text in ("1", "2"):
            return int(below.text)
        raise self.formula.refuse(node, "norms of order 1 and 2 can be read")

    def raised(self, node: Node, value: whole.Whole, above: Node) -> whole.Whole:
        r"""`^\top`, `^{-1}`, `^{\odot 2}`, `^2`."""
        place = self.formula.place(node)
        inner = bare(above)
        match inner:
            case Symbol(name=name) if name in _TURNS:
                return whole.Transpose(value, place=place)
            case Product(items=(Operator(name="odot"), exponent)):
                power = self.value(exponent)
                return whole.Entrywise("**", (value, power), place=place)
            case Sum(terms=(("-", Number(text="1")),)) if self.rank(value) == 2:
                return whole.Inverse(value, place=place)
            case Sum(terms=(("-", Symbol(name=name)),)) if name in _TURNS:
                return whole.Transpose(whole.Inverse(value, place=place), place=place)
        exponent_value = self.value(inner)
        if self.rank(value) == 2 and not isinstance(value, whole.Norm):
            shape = self.elaborator.entries(value).shape
            if shape[0] == shape[1] and isinstance(inner, Number) and inner.text == "2":
                return whole.Product(value, value, place=place)
            if shape[0] == shape[1]:
                raise self.formula.refuse(node, "this power of a matrix can't be read")
        return whole.Entrywise("**", (value, exponent_value), place=place)


def right_side(
    formula: Formula, elaborator: Elaborator, vocabulary: Vocabulary, node: Node
) -> whole.Whole:
    """The right side of a formula over whole arrays. Raises `Refused`."""
    return ArrayReader(formula, elaborator, vocabulary).value(as_product((node,)))
