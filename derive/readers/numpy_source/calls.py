"""Calls of what Python and NumPy have, and of methods of arrays, dictionaries, lists and texts."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import numpy as np

from derive.arrays.nodes import Extent
from derive.arrays.python_reader import Reader
from derive.errors import shorten
from derive.language.syntax import Place, Refused
from derive.readers.numpy_source.arrays import FAILS, LONGEST, Arrays, reason
from derive.readers.numpy_source.names import Names
from derive.readers.numpy_source.numbers import DRAWN, FUNCTIONS, METHODS, MOST_ENTRIES, SEVERAL
from derive.readers.numpy_source.operators import binary
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
    behind,
    literal,
    numbers,
    plain,
)

_AT = {"add": np.add.at, "subtract": np.subtract.at}
Invoke = Callable[[ast.Call, Any, list[Any], dict[str, Any]], Any]


class Endless(Refused):
    """A loop that is too long to be written out."""

    def __init__(self, place: Place) -> None:
        super().__init__(place, "a loop is known over a short range; write it with whole arrays")


class Calls:
    """Works out calls; `invoke` those of the text's own functions."""

    def __init__(self, arrays: Arrays, names: Names, invoke: Invoke) -> None:
        self.arrays = arrays
        self.names = names
        self.invoke = invoke
        self.random = np.random.default_rng(0)

    def place(self, node: ast.AST) -> Place:
        """Where a node stands."""
        return self.arrays.place(node)

    def called(
        self, node: ast.Call, function: Any, args: list[Any], options: dict[str, Any]
    ) -> Any:
        """What a call gives."""
        match function:
            case Function() | Class() | Instance():
                return self.invoke(node, function, args, options)
            case Method(of=Value() as of, name=name) if name in METHODS or name in (
                "fill",
                "tolist",
            ):
                return self.known(node, name, [of, *args], options)
            case Method(of=Value(), name=name):
                raise Refused(
                    self.place(node), f"the method '.{shorten(name)}' of an array isn't known"
                )
            case Method(of=Number() as of, name="item" | "copy" | "astype"):
                return of
            case Method(of=of, name=name):
                return self.of_container(node, of, name, args, options)
            case Module(path=path):
                return self.known(node, path.rpartition(".")[2], args, options, path)
            case Unknown(name=name):
                return self.known(node, name, args, options)
            case _:
                raise Refused(self.place(node), "only functions by their names are known")

    def of_container(
        self, node: ast.Call, of: Any, name: str, args: list[Any], options: dict[str, Any]
    ) -> Any:
        """Methods of dictionaries, lists and texts."""
        match of, name, args:
            case Unknown(), _, _:
                return self.of_unknown(node, of, name, args)
            case dict(), "get", [key, *rest]:
                return of.get(plain(key), rest[0] if rest else None)
            case dict(), "keys", []:
                return list(of)
            case dict(), "values", []:
                return list(of.values())
            case dict(), "items", []:
                return list(of.items())
            case dict(), "update", [dict() as other]:
                of.update(other)
                return None
            case dict(), "copy", []:
                return dict(of)
            case dict(), "setdefault", [key, value]:
                return of.setdefault(plain(key), value)
            case dict() | list(), "pop", _:
                try:
                    return of.pop(*(plain(a) if k == 0 else a for k, a in enumerate(args)))
                except FAILS:
                    raise Refused(self.place(node), "there is no such entry") from None
            case list(), "append", [value] if len(of) < LONGEST:
                of.append(value)
                return None
            case list(), "extend", [list() | tuple() as more] if len(of) + len(more) < LONGEST:
                of.extend(more)
                return None
            case list(), "insert", [Number(value=at), value] if len(of) < LONGEST:
                of.insert(int(at), value)
                return None
            case list(), "reverse", []:
                of.reverse()
                return None
            case list(), "copy", []:
                return list(of)
            case str(), "format", _ if ":" in of:
                raise Refused(self.place(node), "this text isn't known here")
            case str(), "format" | "join" | "lower" | "upper" | "startswith" | "endswith", _:
                try:
                    return getattr(of, name)(*map(plain, args))
                except FAILS:
                    raise Refused(self.place(node), "this text isn't known here") from None
            case Parent(), _, _:
                return self.invoke(node, Method(of, name), args, options)
            case Class(), _, _:
                return self.invoke(node, of.member(name), args, options)
            case _:
                raise Refused(self.place(node), f"'.{shorten(name)}' isn't known here")

    def of_unknown(self, node: ast.Call, of: Unknown, name: str, args: list[Any]) -> Any:
        """Methods of a dictionary or list that the text is given."""
        match name, args:
            case "get", [key, *rest]:
                result = self.names.part(node, of, plain(key))
                return rest[0] if isinstance(result, Unknown) and rest else result
            case "copy", []:
                return of
            case _, _ if name in METHODS:
                raise Refused(self.place(node), of.why)
            case "keys", []:
                return self.names.members(node, of)
            case "items" | "values", []:
                keys = self.names.members(node, of)
                both = [(k, self.names.part(node, of, k)) for k in keys]
                return both if name == "items" else [v for _, v in both]
            case _:
                raise Refused(self.place(node), f"'.{shorten(name)}' isn't known here")

    def known(
        self, node: ast.Call, name: str, args: list[Any], options: dict[str, Any], path: str = ""
    ) -> Any:
        """A function of Python's or NumPy's."""
        place = self.place(node)
        builtin = self.builtin(node, name, args, options, path)
        if builtin is not NotImplemented:
            return builtin
        for part in (*args, *options.values()):
            if isinstance(part, Broken):
                raise part.why
        if name == "astype":
            name, args = _type(args), args[:1]
            if name == "float":
                return args[0]
        options.pop("dtype", None)
        options.pop("copy", None)
        out = options.pop("out", None)
        if name in DRAWN and path != name:
            return self.drawn(node, name, args, options)
        if name in ("at", "add_at"):
            return self.added_at(node, args, path.split(".")[-2] if "." in path else "add")
        several = SEVERAL.get(name)
        if several is not None:
            return self.of_several(node, name, several, args, options)
        function = FUNCTIONS.get(name)
        if function is None:
            Reader(self.arrays.name).maker(place, name)
            raise Refused(place, f"the function '{shorten(name)}' isn't known")
        result = self.arrays.apply(node, function, args, name, options)
        if out is not None:
            self.names.changed(out, result)
        if name == "arange" and isinstance(result, Value):
            return Value(result.array, None, result.behind, result.data, counts=len(args) == 1)
        return result

    def of_several(
        self, node: ast.Call, name: str, function: Callable[..., Any], args: list[Any], options: Any
    ) -> Any:
        """A function that gives several arrays."""
        result = self.arrays.apply(node, function, args, name, options)
        if name == "slogdet" and isinstance(args[0], Value) and args[0].node is not None:
            sign, log = result
            symbolic = (
                self.arrays.expression(node, args, "logdet") if self.arrays.symbolic else None
            )
            return sign, Value(log.array, symbolic, log.behind)
        return list(result)

    def drawn(self, node: ast.Call, name: str, args: list[Any], options: dict[str, Any]) -> Any:
        """Random numbers: data, whatever they are."""
        shape = options.get("size", args if name in ("randn", "rand") else args[-1:])
        if isinstance(shape, list) and len(shape) == 1 and isinstance(shape[0], tuple | list):
            shape = shape[0]
        shape = shape if isinstance(shape, tuple | list) else (shape,)
        lengths = [s.value for s in shape if isinstance(s, Number)]
        if len(lengths) != len(shape) or np.prod([1, *lengths]) > MOST_ENTRIES:
            raise Refused(self.place(node), "how many random numbers there are isn't known")
        drawn = self.random.uniform(0.2, 0.8, [max(0, int(n)) for n in lengths])
        return Value(drawn, None, data=True)

    def added_at(self, node: ast.Call, args: list[Any], how: str) -> None:
        """`np.add.at(dW, x, dy)`."""
        change = _AT.get(how)
        if change is None:
            raise Refused(self.place(node), "of these, np.add.at and np.subtract.at are known")
        if len(args) != 3 or not isinstance(args[0], Value):
            raise Refused(self.place(node), "np.add.at takes an array, places and what is added")
        old, places, more = args
        try:
            new = np.array(numbers(old), float)
            change(new, self.arrays.index(places), numbers(more))
        except FAILS as error:
            raise Refused(self.place(node), reason(error, args)) from None
        self.names.changed(old, Value(new, None, behind(args)))

    def builtin(
        self, node: ast.Call, name: str, args: list[Any], options: dict[str, Any], path: str
    ) -> Any:
        """Python's own functions over containers and known numbers."""
        bare = path in (name, "")
        match name, args:
            case "range", _ if bare and all(isinstance(a, Number) for a in args) and args:
                try:
                    return range(*(int(a.value) for a in args))
                except FAILS:
                    raise Refused(self.place(node), "this range isn't known") from None
            case "len", [list() | tuple() | dict() | str() | range() as of]:
                return literal(len(of), self.place(node))
            case "len", [Value() as of] if of.shape:
                shown = Extent(of.node, 0, place=self.place(node)) if of.node is not None else None
                return Number(of.shape[0], shown)
            case "len", [Unknown() as of]:
                return literal(len(self.names.members(node, of)), self.place(node))
            case "enumerate", [of, *start]:
                first = int(start[0].value) if start else 0
                return [(Number(k + first), e) for k, e in enumerate(self.entries(node, of))]
            case "zip", _:
                return list(zip(*(self.entries(node, a) for a in args), strict=False))
            case "reversed", [of]:
                return of[::-1] if isinstance(of, range) else self.entries(node, of)[::-1]
            case "list" | "tuple" | "sorted" | "set", [of] if isinstance(of, Value):
                return of
            case "list" | "sorted", [of]:
                return of if isinstance(of, range) else self.entries(node, of)
            case "tuple", [of]:
                return tuple(self.entries(node, of))
            case "list" | "dict" | "set" | "tuple", []:
                return {"dict": dict(options), "tuple": ()}.get(name, [])
            case "dict", [of]:
                return {**entries_of(of), **options}
            case "isinstance" | "hasattr" | "callable", _:
                raise Refused(self.place(node), f"{name} isn't known here")
            case "super", _:
                return Parent(self.names.get("self"))
            case "print" | "seed", _:
                return None
            case "finfo", _:
                return Unknown(
                    "finfo",
                    parts={
                        "eps": literal(2.220446049250313e-16, self.place(node)),
                        "tiny": literal(0, self.place(node)),
                    },
                )
            case "default_rng" | "RandomState", _:
                return Module("np.random")
            case _:
                return self.of_numbers(node, name, args, bare)

    def of_numbers(self, node: ast.Call, name: str, args: list[Any], bare: bool) -> Any:
        """Python's own functions over known numbers."""
        match name, args:
            case "sum", [list() | tuple() as parts, *_] if bare:
                result: Any = literal(0, self.place(node))
                for part in parts:
                    result = binary(self.arrays, node, ast.Add(), result, part)
                return result
            case "max" | "min", [list() | tuple() as parts] if bare:
                return self.of_numbers(node, name, list(parts), bare)
            case "max" | "min", [_, _, *_] if bare and all(isinstance(a, Number) for a in args):
                return (max if name == "max" else min)(args, key=lambda a: a.value)
            case "abs" | "round" | "float" | "int", [Number() as of, *_]:
                return _rounded(name, of, self.place(node))
            case "str", [of]:
                return str(plain(of))[:LONGEST]
            case "float", [str()]:
                return Number(float("inf"))
            case _:
                return NotImplemented

    def entries(self, node: ast.AST, value: Any) -> list[Any]:
        """What a loop goes through. Raises `Refused`."""
        result: Any
        match value:
            case list() | tuple():
                result = list(value)
            case dict():
                result = list(value)
            case str():
                result = list(value)
            case range() if len(value) > LONGEST:
                raise Endless(self.place(node))
            case range():
                result = [Number(k) for k in value]
            case Value(array=array) if array is not None and array.ndim:
                result = [self.arrays.picked(node, value, Number(k)) for k in range(len(array))]
            case Unknown():
                result = list(self.names.members(node, value))
            case _:
                raise Refused(self.place(node), "a loop over this isn't known here")
        if len(result) > LONGEST:
            raise Endless(self.place(node))
        return list(result)


def entries_of(value: Any) -> dict[Any, Any]:
    """The entries of a dictionary, none of anything else."""
    return value if isinstance(value, dict) else {}


def _type(args: list[Any]) -> str:
    kind = args[1] if len(args) > 1 else "float"
    word = kind.path.rpartition(".")[2] if isinstance(kind, Module) else str(kind)
    return "int64" if "int" in word else "bool_" if "bool" in word else "float"


def _rounded(name: str, of: Number, place: Place) -> Number:
    match name:
        case "abs":
            return Number(abs(of.value), of.node if of.value >= 0 else None)
        case "float":
            return of
        case _:
            try:
                result = int(of.value) if name == "int" else round(of.value)
            except (ValueError, OverflowError):
                raise Refused(place, "this is no number") from None
            return Number(result, of.node if result == of.value else None)
