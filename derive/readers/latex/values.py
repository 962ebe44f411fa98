"""What a formula's parts mean: the tree of what stands on paper -> values.

One reader for formulas by indices and for those over whole arrays. Terms, fractions, roots, powers
and calls are read here; what a value is, and what a name and a product mean, the two builders say:
`by_index.values.EntryReader` and `by_array.values.ArrayReader`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Generic, TypeVar

from derive.ir.notation import Expr
from derive.language.printer import expr_text
from derive.language.syntax import Fn, Name, Num, Op, Place, Syntax
from derive.readers.latex import functions
from derive.readers.latex.context import DEEPEST, MOST_IN_A_ROW, Formula, Scope
from derive.readers.latex.derivatives import Slope, derivative_of
from derive.readers.latex.labels import settled
from derive.readers.latex.symbol_parts import SymbolParts, parts_of
from derive.readers.latex.syntax.nodes import (
    Accent,
    Cases,
    Group,
    Logic,
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
)

Value = TypeVar("Value")


class ValueReader(ABC, Generic[Value]):
    """Reads the values of one formula, `scope` being the letters that run. Raises `Refused`."""

    def __init__(self, formula: Formula) -> None:
        self.formula = formula

    # ---- what the builders say -------------------------------------------------------------------

    @property
    @abstractmethod
    def scope(self) -> Scope:
        """The letters that run."""

    @abstractmethod
    def number(self, value: Fraction, place: Place) -> Value:
        """An exact number."""

    @abstractmethod
    def constant(self, name: str, place: Place) -> Value:
        """`pi` or `inf`."""

    @abstractmethod
    def apply(self, op: str, args: tuple[Value, ...], place: Place) -> Value:
        """An operator or a function of entries."""

    @abstractmethod
    def product(self, node: Node, items: Sequence[Node]) -> Value:
        """Things side by side, and the signs between them."""

    @abstractmethod
    def derivative(self, node: Node, slope: Slope) -> Value:
        """A derivative as a value."""

    @abstractmethod
    def leading(self, items: Sequence[Node]) -> tuple[Value, int] | None:
        """A sum, an indicator, or a call that begins the items, and how many it takes."""

    @abstractmethod
    def conditional(self, node: Relation | Logic | Cases) -> Value:
        """A condition, or values by conditions."""

    @abstractmethod
    def fenced(self, node: Group, inner: Node) -> Value:
        """Something between bars, double bars or floor brackets."""

    @abstractmethod
    def unnamed(self, node: Node) -> Value:
        """What is no name: something in brackets with scripts, a sign such as the infinity's."""

    @abstractmethod
    def named(self, node: Node, written: SymbolParts) -> Value:
        """A tensor, a number or an extent by its name, without its power."""

    @abstractmethod
    def raised(self, node: Node, value: Value, above: Node) -> Value:
        """A value with what stands above it: a power, a transpose."""

    @abstractmethod
    def of_arrays(self, word: str, node: Node) -> Callable[[Value], Value] | None:
        """A function that is one of whole arrays; None where a word is no such function."""

    def quotient(self, node: Node, over: Value, under: Value) -> Value:
        """A fraction."""
        return self.apply("/", (over, under), self.formula.place(node))

    def letter(self, node: Node) -> Value | None:
        """A letter that runs; None where a node is none."""
        return None

    @abstractmethod
    def argument(self, value: Value, place: Place) -> Syntax:
        """A function's argument as syntax: which tensor it is tells what a letter's function is."""

    def compare(self, op: str, left: Value, right: Value, place: Place) -> Value:
        """A comparison."""
        return self.apply(op, (left, right), place)

    # ---- what they share -------------------------------------------------------------------------

    def value(self, node: Node) -> Value:
        """What a node means."""
        formula = self.formula
        formula.deep += 1
        if formula.deep > DEEPEST:
            raise formula.refuse(
                node, "this is nested too deeply; split it with named intermediates"
            )
        try:
            return self._value(node)
        finally:
            formula.deep -= 1

    def _value(self, node: Node) -> Value:
        place = self.formula.place(node)
        match node:
            case Number():
                return self.number(self.formula.number(node).value, place)
            case Sum(terms=terms):
                return self._sum(node, terms)
            case Product(items=items):
                return self.product(node, items)
            case Over(top=top, bottom=bottom):
                result = derivative_of(self.formula, (node,))
                if result is not None:
                    return self.derivative(node, result[0])
                return self.quotient(node, self.value(top), self.value(bottom))
            case Root(degree=degree, of=of):
                return self._root(degree, self.value(of), place)
            case Group():
                return self._group(node)
            case Relation() | Logic() | Cases():
                return self.conditional(node)
            case Operator():
                raise self.formula.refuse(node, "a factor is missing beside this sign")
            case Symbol() | Scripted() | Accent():
                return self._symbol(node)

    def _sum(self, node: Node, terms: Sequence[tuple[str, Node]]) -> Value:
        self.check_length(node, terms)
        result: Value | None = None
        for sign, term in terms:
            part, place = self.value(term), self.formula.place(term)
            if result is not None:
                result = self.apply(sign, (result, part), place)
            else:
                result = self.apply("neg", (part,), place) if sign == "-" else part
        assert result is not None
        return result

    def check_length(self, node: Node, parts: Sequence[object]) -> None:
        """Raise `Refused` where too much stands in a row."""
        if len(parts) > MOST_IN_A_ROW:
            raise self.formula.refuse(node, "this is too long; split it with named intermediates")

    def _root(self, degree: Node | None, of: Value, place: Place) -> Value:
        if degree is None or (isinstance(degree, Number) and degree.text == "2"):
            return self.apply("sqrt", (of,), place)
        one = self.number(Fraction(1), place)
        power = self.apply("/", (one, self.value(degree)), place)
        return self.apply("**", (of, power), place)

    def _group(self, node: Group) -> Value:
        if len(node.items) != 1:
            what = (
                "one value stands between these brackets" if node.items else "nothing stands here"
            )
            raise self.formula.refuse(node, f"{what}; write one")
        inner = node.items[0]
        return (
            self.fenced(node, inner) if node.kind in ("|", "norm", "floor") else self.value(inner)
        )

    def factor(self, items: Sequence[Node]) -> tuple[Value, int]:
        """The value that begins the items, and how many it takes."""
        result = derivative_of(self.formula, items)
        if result is not None:
            return self.derivative(items[0], result[0]), result[1]
        leading = self.leading(items)
        return leading if leading is not None else (self.value(items[0]), 1)

    def _symbol(self, node: Node) -> Value:
        """A symbol with its scripts: a letter, a tensor, a constant, a power of these."""
        formula, place = self.formula, self.formula.place(node)
        running = self.letter(node)
        if running is not None:
            return running
        result = parts_of(node)
        if result is None:
            return self.unnamed(node)
        if result.primes:
            raise formula.refuse(node, "a derivative needs its argument: write f'(z_{ni})")
        euler = result.base == "e" and not result.below and not result.layer and not result.is_word
        if euler and not formula.names.is_declared("e"):
            above = result.power or result.doubtful
            exponent = self.number(Fraction(1), place) if above is None else self.value(above)
            return self.apply("exp", (exponent,), place)
        result = settled(formula, result, self.scope)
        value = self.named(node, result)
        return value if result.power is None else self.raised(node, value, result.power)

    def mapped(self, function: Expr, argument: Value, place: Place) -> Value:
        """A function of one value, at an argument."""

        def put(node: Syntax) -> Value:
            match node:
                case Num(value=value):
                    return self.number(value, place)
                case Name(name=name):
                    known = name != functions.ARGUMENT
                    return self.constant(name, place) if known else argument
                case Op(op=op, args=args):
                    return self.apply(op, tuple(map(put, args)), place)
                case Fn(name=name, args=args):
                    return self.apply(name, tuple(map(put, args)), place)
                case _:
                    raise AssertionError(node)

        return put(functions.read(expr_text(function)))
