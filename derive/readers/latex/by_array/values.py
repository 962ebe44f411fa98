r"""Formulas over whole arrays, `\delta^{(1)} = (W^{(2)})^\top \delta^{(2)} \odot f'(z^{(1)})`.

Symbols side by side multiply as matrices and bind more closely than `\odot`. A vector is a column;
where that doesn't fit, as in `x W^\top + b` over the rows of a batch, shapes broadcast as NumPy's.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from derive.arrays import nodes as whole
from derive.arrays.entries import ONE
from derive.arrays.to_equations import Elaborator
from derive.ir.notation import Expr
from derive.language.syntax import Name, Place
from derive.readers.latex import functions
from derive.readers.latex.by_array.entrywise_functions import at_each_entry
from derive.readers.latex.by_array.sums_over_samples import Samples, indicated, sum_letter
from derive.readers.latex.by_index.calls import (
    body,
    head,
    is_function,
    meaning,
)
from derive.readers.latex.by_index.derivatives import (
    adjoint,
    adjoint_name,
    as_product,
    derivative_of,
)
from derive.readers.latex.by_index.references import settled
from derive.readers.latex.context import DEEPEST, Formula
from derive.readers.latex.symbol_parts import Spelled, spell
from derive.readers.latex.syntax.nodes import (
    Accent,
    Group,
    Node,
    Number,
    Operator,
    Over,
    Product,
    Relation,
    Root,
    Scripted,
    Sum,
    Symbol,
    bare,
)
from derive.readers.name_rules import letter_name
from derive.readers.vocabulary import Vocabulary

_TURNS = ("T", "top", "intercal", "prime")
_TESTS = {"=": "==", "!=": "!=", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
_ONCE = ("*", "odot", "oslash", "otimes", "/")


class Arrays:
    """Reads the right side of one formula."""

    def __init__(self, formula: Formula, elaborator: Elaborator, vocabulary: Vocabulary) -> None:
        self.formula = formula
        self.elaborator = elaborator
        self.vocabulary = vocabulary
        self.samples = Samples(formula, elaborator, vocabulary)

    def view(self, name: str, place: Place) -> whole.Whole:
        """A tensor as it lies in this text."""
        return self.formula.names.layout.view(whole.Array(name, place=place))

    def rank(self, node: whole.Whole) -> int:
        """The number of axes of a value. Raises `Refused` where shapes don't fit."""
        return self.elaborator.entries(node).rank

    def value(self, node: Node) -> whole.Whole:
        """What a node means. Raises `Refused`."""
        place = self.formula.place(node)
        match node:
            case Number():
                return whole.Literal(self.formula.number(node).value, place=place)
            case Sum(terms=terms):
                return self.sum(terms)
            case Product(items=items):
                return self.product(items)
            case Over(top=top, bottom=bottom):
                found = derivative_of(self.formula, (node,))
                if found is not None:
                    return self.product((node,))
                return self.quotient(node, self.value(top), self.value(bottom))
            case Root(degree=None, of=of):
                return whole.Entrywise("sqrt", (self.value(of),), place=place)
            case Group():
                return self.group(node)
            case Symbol() | Scripted() | Accent():
                return self.scripted(node)
            case _:
                raise self.formula.refuse(
                    node, "this can't be read over whole arrays; write the formula with subscripts"
                )

    def sum(self, terms: Sequence[tuple[str, Node]]) -> whole.Whole:
        """Terms, one after the other."""
        found: whole.Whole | None = None
        for sign, term in terms:
            part = self.value(term)
            if found is None:
                found = part
                if sign == "-":
                    found = whole.Entrywise("neg", (part,), place=part.place)
            else:
                found = whole.Entrywise(sign, (found, part), place=part.place)
        assert found is not None
        return found

    def product(self, items: Sequence[Node]) -> whole.Whole:
        r"""Runs of factors side by side, with `\odot` and other signs between the runs."""
        at = next((k for k, i in enumerate(items) if sum_letter(i)), None)
        if at is not None:
            return self.over_samples(items, at)
        found: whole.Whole | None = None
        sign, start = "", 0
        for k, item in enumerate((*items, Operator(items[-1].at, ""))):
            if not isinstance(item, Operator):
                continue
            if k == start:
                raise self.formula.refuse(item, "a factor is missing beside this sign")
            part = self.run(items[start:k])
            found = part if found is None else self.joined(items[start], sign, found, part)
            sign, start = item.name, k + 1
            if sign and sign not in _ONCE:
                raise self.formula.refuse(item, "this sign can't be read over whole arrays")
        assert found is not None
        return found

    def over_samples(self, items: Sequence[Node], at: int) -> whole.Whole:
        r"""`\frac1N \sum_n \delta_n (y_n)^\top`: a sum of what each sample's arrays give."""
        letter = sum_letter(items[at])
        body = items[at + 1 :]
        before = items[: at - 1] if at and isinstance(items[at - 1], Operator) else items[:at]
        if not body or letter is None:
            raise self.formula.refuse(items[at], "a sum of what? write it behind the sum")
        self.samples.begin(letter)
        inner = self.product(body)
        found = self.samples.end(items[at], inner)
        return found if not before else self.times(items[0], self.product(before), found)

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
        if self.rank(under):
            raise self.formula.refuse(
                node, "what an array is divided by is a number; write \\oslash for each entry"
            )
        return whole.Entrywise("/", (over, under), place=self.formula.place(node))

    def run(self, items: Sequence[Node]) -> whole.Whole:
        """Factors side by side, from the left."""
        found: whole.Whole | None = None
        k = 0
        while k < len(items):
            part, taken = self.factor(items[k:])
            found = part if found is None else self.times(items[k], found, part)
            k += taken
        assert found is not None
        return found

    def factor(self, items: Sequence[Node]) -> tuple[whole.Whole, int]:
        """The value that begins the items, and how many it takes."""
        first = items[0]
        slope = derivative_of(self.formula, tuple(items))
        if slope is not None:
            found = adjoint(self.formula, slope[0], self.samples.scope)
            if found is None:
                return self.local(slope[0].of, slope[0].by), slope[1]
            found = settled(self.formula, found, self.samples.scope)
            if found.below:
                by = adjoint_name(self.formula, found, 2)
                sample = self.samples.of(found, by)
                if sample is None:
                    raise self.subscripted(found)
                return sample, slope[1]
            name = adjoint_name(self.formula, found, None)
            return self.view(name, self.formula.place(first)), slope[1]
        test = indicated(items)
        if test is not None:
            return self.condition(*test), 2
        called = self.call(items)
        return called if called is not None else (self.value(first), 1)

    def local(self, of: Spelled | None, by: Spelled) -> whole.Whole:
        """A derivative that isn't the objective's is a matrix of its own: not read."""
        raise self.formula.refuse(
            by,
            f"the derivative of '{of.shown if of else ''}' by '{by.shown}' can't be read over "
            "whole arrays; write its value",
        )

    def subscripted(self, found: Spelled) -> Exception:
        """A subscript among whole arrays."""
        return self.formula.refuse(
            found,
            f"'{found.shown}' has subscripts, and another array of this formula has none; write "
            "all of them or none",
        )

    # ---- functions -------------------------------------------------------------------------------

    def call(self, items: Sequence[Node]) -> tuple[whole.Whole, int] | None:
        """A function's value, where one begins the items."""
        if len(items) < 2:
            return None
        group = items[1]
        power: Node | None = None
        match group:
            case Scripted(base=Group(kind="(" | "[") as inner, below=(), above=(above,), primes=0):
                group, power = inner, above
        found = head(items[0])
        name = found[0] if found else ""
        if name in ("sum", "prod"):
            raise self.formula.refuse(
                items[0], "a sum over letters needs subscripts; write them, or a product of arrays"
            )
        if not isinstance(group, Group) or group.kind not in ("(", "[", "{"):
            if found is None or not self.is_word(name):
                return None
            self.formula.deep += 1
            if self.formula.deep > DEEPEST:
                raise self.formula.refuse(items[0], "this is nested too deeply; use brackets")
            value, taken = self.factor(items[1:])
            return self.applied(items[0], name, (value,), found[3]), taken + 1
        if found is not None and self.is_word(name):
            values = tuple(self.value(i) for i in group.items)
            value = self.applied(items[0], name, values, found[3])
            value = self.powered(items[0], value, found[1]) if found[1] else value
        else:
            spelled = spell(items[0])
            if spelled is None or spelled.below or not is_function(self.formula, spelled):
                return None
            if len(group.items) != 1:
                return None
            argument = self.value(group.items[0])
            place = self.formula.place(items[0])
            named = Name(place, self.samples.tensor_of(argument))
            value = self.mapped(meaning(self.formula, spelled, named), spelled.primes, argument)
        return (value if power is None else self.powered(items[0], value, power)), 2

    def is_word(self, name: str) -> bool:
        """Whether a word is a function of arrays or of their entries."""
        words = ("max", "min", "diag", "tr", "trace", "Tr", "det", "softmax", "logdet", "vec")
        return name in words or bool(functions.known(name))

    def applied(
        self, node: Node, name: str, values: tuple[whole.Whole, ...], primes: int
    ) -> whole.Whole:
        """A named function of arrays."""
        place = self.formula.place(node)
        if name in ("max", "min") and len(values) == 2:
            return whole.Entrywise({"max": "maximum", "min": "minimum"}[name], values, place=place)
        if len(values) != 1:
            raise self.formula.refuse(node, f"{name} takes one argument here")
        value = values[0]
        match name:
            case "diag":
                return whole.Diagonal(value, place=place)
            case "tr" | "Tr" | "trace":
                return whole.Trace(value, place=place)
            case "det":
                return whole.Determinant(value, place=place)
            case "logdet":
                return whole.Determinant(value, log=True, place=place)
            case "log" if isinstance(value, whole.Determinant) and not value.log:
                return whole.Determinant(value.of, log=True, place=place)
            case "softmax":
                return self.softmax(node, value)
            case "max" | "min":
                return whole.Reduce(name, value, None, place=place)
        word = functions.known(name)
        if not word:
            raise self.formula.refuse(node, f"'{name}' can't be read over whole arrays")
        if not primes and word in functions.PLAIN:
            return whole.Entrywise(word, (value,), place=place)
        return self.mapped(body(self.formula, node, word), primes, value)

    def softmax(self, node: Node, value: whole.Whole) -> whole.Whole:
        """The softmax of a vector, or of each row; of each column where samples are columns."""
        place = self.formula.place(node)
        power = whole.Entrywise("exp", (value,), place=place)
        rows = self.rank(value) > 1
        columns = rows and self.formula.names.orientation.columns
        axis = 0 if columns else -1
        total = whole.Reduce("sum", power, (axis,), keepdims=rows, place=place)
        return whole.Entrywise("/", (power, total), place=place)

    def mapped(self, function: Expr, primes: int, argument: whole.Whole) -> whole.Whole:
        """A function of one value, or its derivative, of each entry."""
        return at_each_entry(functions.slope(function, primes), argument)

    # ---- symbols and brackets --------------------------------------------------------------------

    def group(self, node: Group) -> whole.Whole:
        """Brackets, bars and norms."""
        place = self.formula.place(node)
        if len(node.items) != 1:
            raise self.formula.refuse(node, "one value stands between these brackets; write one")
        inner = self.value(node.items[0])
        if node.kind == "norm":
            return whole.Norm(inner, place=place)
        if node.kind == "|":
            square = self.rank(inner) == 2
            if square:
                return whole.Determinant(inner, place=place)
            return whole.Entrywise("abs", (inner,), place=place)
        if node.kind == "floor":
            raise self.formula.refuse(node, "this can't be read over whole arrays")
        return inner

    def scripted(self, node: Node) -> whole.Whole:
        """An array's name, or something in brackets with a power."""
        place = self.formula.place(node)
        found = spell(node)
        if found is None:
            if isinstance(node, Scripted) and not node.primes:
                return self.bracketed(node)
            if isinstance(node, Symbol) and node.name == "ones":
                return whole.Fill(Fraction(1), place=place)
            raise self.formula.refuse(node, "this can't be read over whole arrays")
        if found.base == "ones":
            one: whole.Whole = whole.Fill(Fraction(1), place=place)
            return whole.Transpose(one, place=place) if found.is_turned else one
        euler = found.base == "e" and not found.below and not self.formula.names.is_declared("e")
        if euler and (found.power or found.doubtful):
            exponent = self.value(found.power or found.doubtful)  # type: ignore[arg-type]
            return whole.Entrywise("exp", (exponent,), place=place)
        if found.primes:
            raise self.formula.refuse(node, "a derivative needs its argument: write f'(z)")
        found = settled(self.formula, found, self.samples.scope)
        sample: whole.Whole | None = None
        if found.below:
            sample = self.samples.value(found)
            if sample is None:
                raise self.subscripted(found)
        value = sample or self.named(found, node)
        if found.power is not None:
            value = self.powered(node, value, found.power)
        return whole.Transpose(value, place=place) if found.is_turned else value

    def named(self, found: Spelled, node: Node) -> whole.Whole:
        """An array or a number by its name."""
        place = self.formula.place(node)
        names = self.formula.names
        if found.base == "pi" and not names.is_declared("pi"):
            return whole.Known("pi", place=place)
        name = names.take(found.base, found.layer)
        batch = self.vocabulary.batch
        counts = letter_name(found.base) in ("N", "m", "B", "M") and not found.layer
        # a tensor of that name, as the softmax has an m, is no number here
        if counts and batch is not None and (name is None or names.rank(name)):
            return whole.Count(batch, place=place)
        if name is None:
            if found.base == "I" and not found.layer:
                return whole.Identity(place=place)
            raise self.formula.unknown(found)
        return self.view(name, place)

    def condition(self, node: Node, relation: Relation) -> whole.Whole:
        r"""`\mathbb{1}[z > 0]`: 1 where it holds."""
        place = self.formula.place(node)
        if len(relation.signs) != 1 or relation.signs[0] not in _TESTS:
            raise self.formula.refuse(node, "this condition can't be read over whole arrays")
        sides = tuple(self.value(side) for side in relation.sides)
        test = whole.Entrywise(_TESTS[relation.signs[0]], sides, place=place)
        one, zero = (whole.Literal(Fraction(k), place=place) for k in (1, 0))
        return whole.Entrywise("where", (test, one, zero), place=place)

    def bracketed(self, node: Scripted) -> whole.Whole:
        """Something in brackets with what stands above and below it."""
        base = bare(node.base)
        place = self.formula.place(node)
        if isinstance(base, Symbol) and base.name == "ones":
            value: whole.Whole = whole.Fill(Fraction(1), place=place)
        elif isinstance(base, Group) and base.kind == "norm":
            value = whole.Norm(self.value(base.items[0]), self.order(node), place=place)
        else:
            if node.below:
                raise self.formula.refuse(node, "a subscript of a bracket can't be read")
            value = self.value(base)
        for above in node.above:
            value = self.powered(node, value, above)
        return value

    def order(self, node: Scripted) -> int:
        """Which norm it is."""
        below = bare(node.below[0]) if node.below else None
        if below is None or (isinstance(below, Symbol) and below.name == "F"):
            return 2
        if isinstance(below, Number) and below.text in ("1", "2"):
            return int(below.text)
        raise self.formula.refuse(node, "norms of order 1 and 2 can be read")

    def powered(self, node: Node, value: whole.Whole, above: Node) -> whole.Whole:
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
    return Arrays(formula, elaborator, vocabulary).value(as_product((node,)))
