"""Functions and parts of the arrays of a text: numbers at each point, and whole expressions.

Each gives both where it can; what has neither is refused.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from derive.arrays.nodes import Hot, Identity, Whole
from derive.errors import shorten
from derive.language.syntax import Place, Refused
from derive.readers.numpy_source.numbers import MOST_PRODUCTS, TooLarge, at_point
from derive.readers.numpy_source.symbols import Symbols
from derive.readers.numpy_source.values import (
    Broken,
    Number,
    Unknown,
    Value,
    behind,
    is_data,
    is_small,
    numbers,
)

LONGEST = 500  # turns of a loop, entries of a list, characters of a text that is put together
LARGEST_NODE = 400  # expressions that are larger get names of their own
LONGEST_CHAIN = 40  # of own names, each made of the one before
FAILS = (ValueError, TypeError, IndexError, ArithmeticError, KeyError, AttributeError, TooLarge)
EllipsisType = type(...)


class Arrays:
    """Applies functions to values; where `symbolic`, it forms expressions, too."""

    def __init__(self, name: str, symbolic: bool) -> None:
        self.name = name
        self.symbolic = symbolic

    def place(self, node: ast.AST) -> Place:
        """Where a node stands."""
        return Place(self.name, getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1)

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
        result: Any = None
        try:
            result = at_point(
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
        if result is None and expression is None:
            raise why or Refused(self.place(node), "this isn't known here")
        if isinstance(result, list):
            return tuple(self.array(f, None, every) for f in result)
        return self.array(result, expression, every)

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
        result = self.array(array, expression, [of, key])
        return replace(result, classes=of.classes and array is not None and array.ndim > 0)

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
                result = numbers(key)
                return result.astype(int) if result.dtype.kind == "f" else result

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
