"""Values of a text as pieces of NumPy syntax, which the reader of NumPy expressions reads."""

from __future__ import annotations

import ast
from typing import Any

from derive.arrays.nodes import Extent, Literal, Whole
from derive.arrays.python_reader import Reader
from derive.ir.notation import Affine
from derive.language.syntax import Refused
from derive.readers.numpy_source.values import Module, Number, Value, is_small


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
        result = self.resolve(node)
        return result if isinstance(result, Extent) else None

    def quoted(self, value: Any, like: ast.AST) -> ast.expr:
        """A value as a piece of syntax. Raises `Refused` where it has no expression."""
        result: ast.expr
        match value:
            case Value(counts=True):
                result = ast.Call(ast.Name("arange"), [], [])
            case Number(node=Literal(), value=number):
                result = ast.Constant(number)
                if number < 0:
                    result = ast.UnaryOp(ast.USub(), ast.copy_location(ast.Constant(-number), like))
            case Value(node=node) | Number(node=node) if node is not None:
                name = f"part {len(self.known)}"
                self.known[name] = node
                result = ast.Name(name)
            case None | bool() | str():
                result = ast.Constant(value)
            case tuple() | list() if is_small(value):
                result = ast.Tuple([self.quoted(v, like) for v in value])
            case range():
                result = ast.Call(ast.Name("arange"), [], [])
            case slice(start=None, stop=None, step=None):
                result = ast.Slice()
            case Module(path=path):
                result = ast.Name(path.rpartition(".")[2])
            case _:
                raise Refused(self.place(like), "this has no expression over whole arrays")
        return ast.copy_location(result, like)
