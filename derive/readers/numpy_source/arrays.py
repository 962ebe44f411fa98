"""Operations on the values of a text: numbers at each point, and expressions over whole arrays.

Each gives both where it can; what has neither is refused.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from derive.arrays.nodes import Extent, Hot, Identity, Literal, Whole
from derive.arrays.numpy_functions import of_each
from derive.arrays.python_reader import Reader
from derive.errors import shorten
from derive.ir.notation import Affine
from derive.language.syntax import Place, Refused
from derive.readers.numpy_source.numbers import FUNCTIONS, MOST_PRODUCTS, TooLarge, at_point
from derive.readers.numpy_source.values import (
    Broken,
    Module,
    Number,
    Unknown,
    Value,
    behind,
    is_data,
    is_small,
    literal,
    numbers,
    plain,
)

LONGEST = 500  # turns of a loop, entries of a list, characters of a text that is put together
LARGEST_NODE = 400  # expressions that are larger get names of their own
LONGEST_CHAIN = 40  # of own names, each made of the one before
_UFUNCS: dict[type[ast.AST], np.ufunc] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.true_divide,
    ast.FloorDiv: np.floor_divide,
    ast.Mod: np.mod,
    ast.MatMult: np.matmul,
    ast.BitAnd: np.logical_and,
    ast.BitOr: np.logical_or,
    ast.BitXor: np.logical_xor,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.USub: np.negative,
    ast.UAdd: np.positive,
    ast.Not: np.logical_not,
    ast.Invert: np.logical_not,
}
FAILS = (ValueError, TypeError, IndexError, ArithmeticError, KeyError, AttributeError, TooLarge)
EllipsisType = type(...)


class Symbols(Reader):
    """Expressions over arrays whose parts are known already, by names that no text can have."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.known: dict[str, Whole] = {}

    def resolve(self, node: ast.expr) -> Whole | None:
        """The part of that name."""
        return self.known.get(node.id) if isinstance(node, ast.Name) else None

    def length(self, node: ast.expr) -> Affine | Extent | None:
        """An extent among the parts."""
        found = self.resolve(node)
        return found if isinstance(found, Extent) else None

    def quoted(self, value: Any, like: ast.AST) -> ast.expr:
        """A value as a piece of syntax. Raises `Refused` where it has no expression."""
        found: ast.expr
        match value:
            case Value(counts=True):
                found = ast.Call(ast.Name("arange"), [], [])
            case Number(node=Literal(), value=number):
                found = ast.Constant(number)
                if number < 0:
                    found = ast.UnaryOp(ast.USub(), ast.copy_location(ast.Constant(-number), like))
            case Value(node=node) | Number(node=node) if node is not None:
                name = f"part {len(self.known)}"
                self.known[name] = node
                found = ast.Name(name)
            case None | bool() | str():
                found = ast.Constant(value)
            case tuple() | list() if is_small(value):
                found = ast.Tuple([self.quoted(v, like) for v in value])
            case range():
                found = ast.Call(ast.Name("arange"), [], [])
            case slice(start=None, stop=None, step=None):
                found = ast.Slice()
            case Module(path=path):
                found = ast.Name(path.rpartition(".")[2])
            case _:
                raise Refused(self.place(like), "this has no expression over whole arrays")
        return ast.copy_location(found, like)


class Arrays:
    """What is done with values; `symbolic`: expressions are formed, too."""

    def __init__(self, name: str, symbolic: bool) -> None:
        self.name = name
        self.symbolic = symbolic

    def place(self, node: ast.AST) -> Place:
        """Where a node stands."""
        return Place(self.name, getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1)

    def binary(self, node: ast.AST, op: ast.operator, one: Any, other: Any) -> Any:
        """Two values and an operator between them."""
        place = self.place(node)
        match one, op, other:
            case (
                (str(), ast.Add(), str())
                | (list(), ast.Add(), list())
                | (tuple(), ast.Add(), tuple())
            ):
                return (one + other)[:LONGEST]
            case (list() | tuple(), ast.Mult(), Number(value=int() as times)):
                return (one * min(times, LONGEST))[:LONGEST]
            case (Number(value=int() as times), ast.Mult(), list() | tuple()):
                return (other * min(times, LONGEST))[:LONGEST]
            case (str(), ast.Mod(), _):
                parts = other if isinstance(other, tuple) else (other,)
                try:
                    return (one % tuple(map(plain, parts)))[:LONGEST]
                except FAILS:
                    raise Refused(place, "this text isn't known here") from None
            case (Number() | bool(), _, Number() | bool()):
                return self.of_numbers(node, op, as_number(one), as_number(other))
            case _:
                pass
        if isinstance(op, ast.Pow):
            return self.apply(node, FUNCTIONS["power"], [one, other], "**")
        if type(op) not in _UFUNCS:
            raise Refused(place, "this operator isn't known between arrays")
        return self.apply(node, _UFUNCS[type(op)], [one, other], op)

    def of_numbers(self, node: ast.AST, op: ast.operator, one: Number, other: Number) -> Number:
        """Two numbers that no array decides."""
        place = self.place(node)
        a, b = one.value, other.value
        try:
            match op:
                case ast.Pow():
                    if abs(b) > 1000 or (isinstance(a, int) and abs(a) > 10**6 and abs(b) > 40):
                        raise Refused(place, "this number is too large")
                    found = a**b
                case ast.Add():
                    found = a + b
                case ast.Sub():
                    found = a - b
                case ast.Mult():
                    found = a * b
                case ast.Div():
                    found = a / b
                case ast.FloorDiv():
                    found = a // b
                case ast.Mod():
                    found = a % b
                case _:
                    raise Refused(place, "this operator isn't known between numbers")
        except ArithmeticError:
            raise Refused(place, "this is no number") from None
        if isinstance(found, complex) or (isinstance(found, int) and found.bit_length() > 1000):
            raise Refused(place, "this number is too large")
        node_ = None
        if (
            isinstance(one.node, Literal)
            and isinstance(other.node, Literal)
            and isinstance(found, int)
        ):
            node_ = literal(found, place).node
        elif self.symbolic and one.node is not None and other.node is not None:
            with suppress(Refused):
                node_ = self.expression(node, [one, other], op)
        return Number(found, node_)

    def unary(self, node: ast.AST, op: ast.unaryop, of: Any) -> Any:
        """`-x`, `~x`."""
        if isinstance(of, Number) and isinstance(op, ast.USub | ast.UAdd):
            if isinstance(op, ast.UAdd):
                return of
            shown = (
                literal(-of.value, self.place(node)).node if isinstance(of.node, Literal) else None
            )
            if shown is None and of.node is not None:
                shown = of_each("neg", of.node, place=self.place(node))
            return Number(-of.value, shown)
        return self.apply(node, _UFUNCS[type(op)], [of], op)

    def compared(self, node: ast.AST, sides: list[Any], ops: Sequence[ast.cmpop]) -> Any:
        """A chain of comparisons."""
        found: Any = True
        for one, op, other in zip(sides, ops, sides[1:], strict=False):
            test = self.comparison(node, op, one, other)
            found = (
                test
                if found is True
                else self.apply(node, np.logical_and, [found, test], ast.BitAnd())
            )
        return found

    def comparison(self, node: ast.AST, op: ast.cmpop, one: Any, other: Any) -> Any:
        """One comparison."""
        match op:
            case ast.Is() | ast.IsNot():
                if isinstance(one, Unknown) and other is None:
                    raise Refused(self.place(node), one.why)
                same = one is other if other is None or isinstance(other, bool) else False
                return same == isinstance(op, ast.Is)
            case ast.In() | ast.NotIn():
                if isinstance(other, dict | list | tuple | str):
                    try:
                        return (plain(one) in [plain(o) for o in other]) == isinstance(op, ast.In)
                    except TypeError:
                        pass
                raise Refused(self.place(node), "'in' isn't known between arrays")
            case _:
                pass
        if isinstance(one, Number | bool) and isinstance(other, Number | bool):
            return bool(_UFUNCS[type(op)](as_number(one).value, as_number(other).value))
        one, other = _class_of(one, other), _class_of(other, one)
        if not isinstance(one, Value) and not isinstance(other, Value):
            if isinstance(op, ast.Eq | ast.NotEq):
                return (plain(one) == plain(other)) == isinstance(op, ast.Eq)
            raise Refused(self.place(node), "these can't be compared")
        return self.apply(node, _UFUNCS[type(op)], [one, other], op)

    def apply(
        self,
        node: ast.AST,
        function: Callable[..., Any],
        args: list[Any],
        shown: Any,
        options: dict[str, Any] | None = None,
    ) -> Any:
        """A function of arrays: its numbers, and its expression."""
        options = options or {}
        every = (*args, *options.values())
        for part in every:
            if isinstance(part, Broken):
                raise part.why
            if isinstance(part, Unknown):
                raise Refused(self.place(node), part.why)
        why: Refused | None = None
        found: Any = None
        try:
            found = at_point(
                function, list(map(raw, args)), {n: raw(o) for n, o in options.items()}
            )
        except FAILS as error:
            why = Refused(self.place(node), reason(error, args))
        expression = None
        try:
            if self.symbolic:
                expression = self.expression(node, args, shown, options)
        except Refused as refused:
            why = why or refused
        if found is None and expression is None:
            raise why or Refused(self.place(node), "this isn't known here")
        if isinstance(found, list):
            return tuple(self.array(f, None, every) for f in found)
        return self.array(found, expression, every)

    def array(self, numbers_: np.ndarray | None, node: Whole | None, parts: Sequence[Any]) -> Value:
        """A value whose expression isn't too large."""
        size = 1 + sum(p.size for p in parts if isinstance(p, Value))
        chain = max((p.chain for p in parts if isinstance(p, Value)), default=0)
        data = all(map(is_data, parts))
        shown = node if size < LARGEST_NODE and chain < LONGEST_CHAIN else None
        return Value(numbers_, shown, behind(parts), data, size=size, chain=chain)

    def expression(
        self, node: ast.AST, args: list[Any], shown: Any, options: dict[str, Any] | None = None
    ) -> Whole:
        """The expression over whole arrays. Raises `Refused`."""
        if not self.symbolic:
            raise Refused(self.place(node), "")
        symbols = Symbols(self.name)
        parts = [symbols.quoted(a, node) for a in args]
        built: ast.expr
        match shown:
            case "**":
                built = ast.BinOp(parts[0], ast.Pow(), parts[1])
            case ast.operator():
                built = ast.BinOp(parts[0], shown, parts[1])
            case ast.unaryop():
                built = ast.UnaryOp(shown, parts[0])
            case ast.cmpop():
                built = ast.Compare(parts[0], [shown], [parts[1]])
            case _:
                words = [
                    ast.keyword(n, symbols.quoted(o, node)) for n, o in (options or {}).items()
                ]
                built = ast.Call(ast.copy_location(ast.Name(shown), node), parts, words)
        try:
            return symbols.value(ast.copy_location(built, node))
        except (AttributeError, IndexError, TypeError, ValueError):
            raise Refused(self.place(node), "this has no expression over whole arrays") from None

    def picked(self, node: ast.AST, of: Value, key: Any) -> Value:
        """A part of an array."""
        array = None
        why: Refused | None = None
        try:
            array = taken(numbers(of), self.index(key))
        except FAILS as error:
            why = Refused(self.place(node), reason(error, [of]))
        expression: Whole | None = None
        try:
            expression = self.part_of(node, of, key)
        except Refused as refused:
            why = why or refused
        if array is None and expression is None:
            raise why or Refused(self.place(node), "this part of an array isn't known here")
        found = self.array(array, expression, [of, key])
        return replace(found, classes=of.classes and array is not None and array.ndim > 0)

    def index(self, key: Any) -> Any:
        """A subscript in numbers; targets that are rows of ones and zeros give their classes."""
        match key:
            case tuple():
                return tuple(map(self.index, key))
            case slice():
                return whole(key)
            case None | bool() | EllipsisType():
                return key
            case Number(value=value):
                return int(value)
            case Value(classes=True, array=array) if array is not None:
                return np.argmax(array, axis=-1)
            case _:
                found = numbers(key)
                return found.astype(int) if found.dtype.kind == "f" else found

    def part_of(self, node: ast.AST, of: Value, key: Any) -> Whole:
        """The expression of a part. Raises `Refused`."""
        if not self.symbolic or of.node is None:
            raise Refused(self.place(node), "")
        if isinstance(of.node, Identity) and isinstance(key, Value) and key.node is not None:
            assert of.node.size is not None
            return Hot(key.node, of.node.size, place=self.place(node))
        symbols = Symbols(self.name)
        parts = [symbols.quoted(p, node) for p in (key if isinstance(key, tuple) else (key,))]
        built = ast.Subscript(
            symbols.quoted(of, node), parts[0] if len(parts) == 1 else ast.Tuple(parts)
        )
        return symbols.value(ast.copy_location(built, node))


def _class_of(value: Any, beside: Any) -> Any:
    """Beside a number a row of targets is the number of its class."""
    if isinstance(value, Value) and value.classes and not isinstance(beside, Value):
        array = np.argmax(numbers(value), axis=-1)
        return Value(array, None, value.behind)
    return value


def as_number(value: Any) -> Number:
    """A truth value as a number."""
    return value if isinstance(value, Number) else Number(int(value))


def whole(key: Any) -> Any:
    """A subscript as Python has it. Raises `TypeError`."""
    match key:
        case slice(start=a, stop=b, step=c):
            return slice(*(None if e is None else whole(e) for e in (a, b, c)))
        case Number(value=value) if value == int(value):
            return int(value)
        case Value(array=array) if array is not None and array.size == 1:
            return int(array.reshape(()))
        case bool():
            return int(key)
        case _:
            raise TypeError("this is no index")


def taken(array: np.ndarray, index: Any) -> np.ndarray:
    """A part of an array. Raises `TooLarge`."""
    parts = index if isinstance(index, tuple) else (index,)
    for part in parts:
        if isinstance(part, np.ndarray) and part.size * array.size > MOST_PRODUCTS:
            raise TooLarge
    return np.asarray(array[index])


def raw(value: Any) -> Any:
    """An argument as NumPy takes it."""
    match value:
        case None | str() | bool():
            return value
        case Number(value=number):
            return number
        case Value(array=array) if array is not None:
            return array
        case tuple() if is_small(value):
            return tuple(map(raw, value))
        case list() if is_small(value):
            return list(map(raw, value))
        case _:
            return numbers(value)


def reason(error: Exception, args: Sequence[Any]) -> str:
    """Why there are no numbers."""
    if isinstance(error, TooLarge):
        return "this array is too large; give the formulas alone"
    shapes = [a.shape for a in args if isinstance(a, Value) and a.array is not None]
    if isinstance(error, ValueError) and len(shapes) > 1:
        return "arrays of shapes " + " and ".join(map(str, shapes)) + " don't go together"
    return f"this can't be worked out: {shorten(str(error), 60)}"
