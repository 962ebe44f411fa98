"""Expressions of a text: a subset of Python, worked out over arrays at one point.

Nothing of the text is executed by Python. What a name means is told by who walks the statements.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import numpy as np

from derive.arrays.nodes import Extent, Known
from derive.errors import shorten
from derive.language.syntax import Place, Refused
from derive.readers.numpy_source.arrays import FAILS, LONGEST, whole
from derive.readers.numpy_source.calls import Calls, entries_of
from derive.readers.numpy_source.numbers import METHODS
from derive.readers.numpy_source.operators import binary, compared, unary
from derive.readers.numpy_source.values import (
    Broken,
    Class,
    Function,
    Instance,
    Method,
    Module,
    Number,
    Parent,
    Unknown,
    Value,
    literal,
    plain,
)

DEEPEST = 150


class Scope(Protocol):
    """What expressions need of who walks the statements."""

    def bind(self, target: ast.expr, value: Any) -> None:
        """A name gets a value, in an expression."""

    def member(self, node: ast.expr, of: Instance, name: str) -> Any:
        """An attribute of an object of the text's own. Raises `Refused`."""


class Steps:
    """How much may still be worked out, over all ways to read a text."""

    def __init__(self, most: int) -> None:
        self.left = most

    def take(self, place: Callable[[ast.AST], Place], node: ast.AST) -> None:
        """One step. Raises `TooLong`."""
        self.left -= 1
        if self.left < 0:
            raise TooLong(place(node))


class TooLong(Refused):
    """A text that does more than is worked out here."""

    def __init__(self, place: Place) -> None:
        super().__init__(place, "this is too long; give the formulas alone")


class Expressions:
    """Works out expressions."""

    def __init__(self, calls: Calls, scope: Scope, steps: Steps) -> None:
        self.arrays = calls.arrays
        self.names = calls.names
        self.calls = calls
        self.scope = scope
        self.steps = steps
        self.depth = 0

    def place(self, node: ast.AST) -> Place:
        """Where a node stands."""
        return self.arrays.place(node)

    def value(self, node: ast.expr) -> Any:
        """What an expression is. Raises `Refused`."""
        place = self.place(node)
        self.steps.take(self.place, node)
        if self.depth > DEEPEST:
            raise Refused(place, "this is nested too deeply; split it with names of your own")
        self.depth += 1
        try:
            result = self._value(node, place)
        finally:
            self.depth -= 1
        if isinstance(result, Broken):
            raise result.why
        return result

    def _value(self, node: ast.expr, place: Place) -> Any:
        match node:
            case ast.Constant(value=bool() | str() | None as value):
                return value
            case ast.Constant(value=int() | float() as value):
                return literal(value, place)
            case ast.Constant(value=value) if value is ...:
                return ...
            case ast.Name(id=name):
                return self.names.lookup(node, name)
            case ast.Attribute(value=of, attr=name):
                return self.attribute(node, self.value(of), name)
            case ast.Subscript(value=of, slice=picks):
                return self.item(node, self.value(of), self.picks(picks))
            case ast.Call():
                return self.call(node)
            case ast.BinOp(left=left, op=op, right=right):
                return binary(self.arrays, node, op, self.value(left), self.value(right))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return not self.truth(node, self.value(operand))
            case ast.UnaryOp(op=op, operand=operand):
                return unary(self.arrays, node, op, self.value(operand))
            case ast.BoolOp(op=op, values=values):
                return self.either(node, op, values)
            case ast.Compare(left=left, ops=ops, comparators=others):
                return compared(
                    self.arrays, node, [self.value(left), *map(self.value, others)], ops
                )
            case ast.IfExp(test=test, body=body, orelse=other):
                return self.value(body if self.truth(node, self.value(test)) else other)
            case ast.NamedExpr(target=target, value=inner):
                result = self.value(inner)
                self.scope.bind(target, result)
                return result
            case _:
                return self.made(node, place)

    def made(self, node: ast.expr, place: Place) -> Any:
        """Containers, texts, functions without a name."""
        match node:
            case ast.Tuple(elts=parts):
                return tuple(self.several(parts))
            case ast.List(elts=parts) | ast.Set(elts=parts):
                return list(self.several(parts))
            case ast.Dict(keys=keys, values=values):
                result: dict[Any, Any] = {}
                for key, value in zip(keys, values, strict=True):
                    if key is None:
                        result |= entries_of(self.value(value))
                    else:
                        result[plain(self.value(key))] = self.attempt(value)
                return result
            case (
                ast.ListComp(elt=element) | ast.GeneratorExp(elt=element) | ast.SetComp(elt=element)
            ):
                return [self.attempt(element) for _ in self.turns(node.generators)]
            case ast.DictComp(key=key, value=value, generators=generators):
                return {plain(self.value(key)): self.attempt(value) for _ in self.turns(generators)}
            case ast.JoinedStr(values=parts):
                return "".join(self.text(p) for p in parts)[:LONGEST]
            case ast.FormattedValue():
                return self.text(node)
            case ast.Lambda():
                return self.names.closure(node)
            case ast.Starred():
                raise Refused(place, "'*' before a value isn't known here")
            case _:
                raise Refused(place, "this piece of Python isn't known; write it with whole arrays")

    def several(self, parts: Sequence[ast.expr]) -> Iterable[Any]:
        """Entries of a list, unpacked where `*` stands."""
        result: list[Any] = []
        for part in parts:
            if isinstance(part, ast.Starred):
                result += self.calls.entries(part, self.value(part.value))
            else:
                result.append(self.attempt(part))
        return result

    def attempt(self, node: ast.expr) -> Any:
        """The value, or why there is none: it may not be needed."""
        try:
            return self.value(node)
        except TooLong:
            raise
        except Refused as refused:
            return Broken(refused)

    def turns(self, generators: Sequence[ast.comprehension]) -> Iterable[None]:
        """Each turn of a comprehension, with its names set."""
        if not generators:
            yield None
            return
        first, *rest = generators
        for entry in self.calls.entries(first.iter, self.value(first.iter)):
            self.scope.bind(first.target, entry)
            if all(self.truth(t, self.value(t)) for t in first.ifs):
                yield from self.turns(rest)

    def text(self, node: ast.expr) -> str:
        """A part of a text that is put together."""
        if isinstance(node, ast.Constant):
            return str(node.value)
        if isinstance(node, ast.FormattedValue):
            result = plain(self.value(node.value))
            if isinstance(result, int | str):
                return str(result)
        raise Refused(self.place(node), "this text isn't known here")

    def either(self, node: ast.BoolOp, op: ast.boolop, values: Sequence[ast.expr]) -> Any:
        """`and`, `or`, as far as it is known."""
        result: Any = None
        for part in values:
            result = self.value(part)
            if self.truth(part, result) == isinstance(op, ast.Or):
                return result
        return result

    def truth(self, node: ast.AST, value: Any) -> bool:
        """Whether a condition holds. Raises `Refused` where the arrays decide it."""
        match value:
            case Number(value=number):
                return bool(number)
            case None | bool() | str() | list() | tuple() | dict() | range():
                return bool(value)
            case Function() | Instance() | Class() | Module():
                return True
            case Value(array=array) if array is not None and array.size == 1:
                self.arrays.symbolic = False
                return bool(array.reshape(()))
            case Unknown(why=why):
                raise Refused(self.place(node), why)
            case _:
                raise Refused(
                    self.place(node),
                    "'if' isn't known where arrays decide; write np.where, or one branch",
                )

    def attribute(self, node: ast.Attribute, of: Any, name: str) -> Any:
        """`x.T`, `np.pi`, `self.W`, `cache.h`."""
        place = self.place(node)
        match of:
            case Module(path=path):
                return self.constant(place, f"{path}.{name}")
            case Instance():
                return self.scope.member(node, of, name)
            case Unknown() if name in METHODS or name in ("get", "items", "keys", "values"):
                return Method(of, name)
            case Unknown(why=why) if name == "T":
                raise Refused(place, why)  # its transpose, and no part called T
            case Unknown():
                return self.names.part(node, of, name)
            case Value() if name == "T":
                return self.arrays.apply(node, np.transpose, [of], "transpose")
            case Value() if name == "shape":
                return tuple(
                    Number(n, Extent(of.node, k, place=place) if of.node is not None else None)
                    for k, n in enumerate(of.shape)
                )
            case Value() if name == "size":
                count = self.arrays.apply(node, np.size, [of], "size")
                return Number(int(count.array), count.node) if count.array is not None else count
            case Value() if name == "ndim":
                return literal(len(of.shape), place)
            case Value() if name == "dtype":
                return Module("float")
            case Value() if name == "real":
                return of
            case Value() if name not in METHODS and name not in ("fill", "tolist"):
                return self.names.part(node, Unknown("", f"'.{shorten(name)}' isn't known"), name)
            case Value() | dict() | list() | tuple() | str() | Number() | Parent() | Class():
                return Method(of, name)
            case _:
                raise Refused(place, f"'.{shorten(name)}' isn't known here")

    def constant(self, place: Place, path: str) -> Any:
        """What a module has."""
        match path.rpartition(".")[2]:
            case "pi":
                return Number(np.pi, Known("pi", place=place))
            case "inf" | "Inf" | "infty":
                return Number(float("inf"), Known("inf", place=place))
            case "e":
                return Number(float(np.e), None)
            case "newaxis":
                return None
            case _:
                return Module(path)

    def picks(self, node: ast.expr) -> Any:
        """What stands between square brackets."""
        match node:
            case ast.Slice(lower=lower, upper=upper, step=step):
                return slice(*(None if e is None else self.value(e) for e in (lower, upper, step)))
            case ast.Tuple(elts=parts):
                return tuple(self.picks(p) for p in parts)
            case _:
                return self.value(node)

    def item(self, node: ast.AST, of: Any, key: Any) -> Any:
        """A part of an array, an entry of a container."""
        place = self.place(node)
        match of:
            case Unknown():
                assert isinstance(node, ast.expr)
                return self.names.part(node, of, plain(key))
            case dict():
                try:
                    return of[plain(key)]
                except (KeyError, TypeError):
                    raise Refused(
                        place, f"there is no entry {shorten(str(plain(key)))!r}"
                    ) from None
            case list() | tuple() | str() | range():
                try:
                    result = of[whole(key)]
                except FAILS:
                    raise Refused(place, "there is no such entry") from None
                return list(result) if isinstance(of, list) and isinstance(key, slice) else result
            case Value():
                return self.arrays.picked(node, of, key)
            case _:
                raise Refused(place, "a part of this isn't known here")

    def call(self, node: ast.Call) -> Any:
        """A call of whatever is known."""
        function = self.callee(node.func)
        args = list(self.several(node.args))
        options: dict[str, Any] = {}
        for word in node.keywords:
            if word.arg is None:
                options |= {str(k): v for k, v in entries_of(self.value(word.value)).items()}
            else:
                options[word.arg] = self.attempt(word.value)
        return self.calls.called(node, function, args, options)

    def callee(self, node: ast.expr) -> Any:
        """What is called. A name that nothing gives is one of Python's or NumPy's own."""
        if isinstance(node, ast.Name):
            result = self.names.function(node.id)
            return Module(node.id) if result is None else result
        return self.value(node)
