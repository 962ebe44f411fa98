"""Own functions of a text, written out where they are called."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from derive.arrays.nodes import Whole
from derive.errors import shorten
from derive.language.syntax import Refused
from derive.readers.numpy_source.ast_shapes import called
from derive.readers.numpy_source.constant_folding import Unknown, constant
from derive.readers.numpy_source.names import NO_VALUE, Frame, Names

DEEPEST_CALL = 8


class Return(Exception):
    """A function's end."""


class Calls(Names):
    """Values of calls."""

    def __init__(self, tree: ast.Module, name: str) -> None:
        super().__init__(tree, name)
        self.functions: dict[str, ast.FunctionDef | ast.Lambda] = {}
        self.depth = 0

    def block(self, body: Sequence[ast.stmt]) -> None:
        """Walk statements in order."""
        raise NotImplementedError

    def own_call(self, node: ast.Call) -> Whole | None:
        """The value of an own function, written out."""
        found = self._call(node)
        if isinstance(found, Refused):
            raise found
        if isinstance(found, tuple):
            raise Refused(self.place(node), "this function gives several values; name them")
        return found  # type: ignore[return-value]

    def _call(self, node: ast.Call) -> object:
        name = called(node.func)
        own = isinstance(node.func, ast.Name) or (
            isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id in ("self", "cls")
        )
        function = self.functions.get(name) if own else None
        if function is None:
            return None
        place = self.place(node)
        if self.depth >= DEEPEST_CALL:
            raise Refused(place, f"'{shorten(name)}' calls itself, or calls too deeply")
        frame = Frame()
        names = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
        if names[:1] == ["self"]:
            names = names[1:]
        defaults = dict(zip(names[::-1], function.args.defaults[::-1], strict=False))
        given = dict(zip(names, node.args, strict=False))
        given |= {k.arg: k.value for k in node.keywords if k.arg in names}
        if len(node.args) > len(names) or function.args.vararg or function.args.kwarg:
            raise Refused(place, f"'{shorten(name)}' takes {len(names)} arguments")
        for parameter in names:
            value = given.get(parameter) or defaults.get(parameter)
            if value is None:
                raise Refused(place, f"'{shorten(name)}' needs '{shorten(parameter)}'")
            try:
                frame.known[parameter] = constant(value, self.frame.known)
            except Unknown:
                frame.values[parameter] = self._try(value)
        self.frames.append(frame)
        self.depth += 1
        try:
            if isinstance(function, ast.Lambda):
                return self._try(function.body)
            self.block(function.body)
        except Return:
            return frame.returned
        finally:
            self.frames.pop()
            self.depth -= 1
        return Refused(place, f"'{shorten(name)}' gives no value")

    def _try(self, value: ast.expr) -> object:
        try:
            if isinstance(value, ast.Tuple):
                return tuple(self._try(v) for v in value.elts)
            if isinstance(value, ast.Call):
                own = self._call(value)
                if own is not None:
                    return own
            if isinstance(value, ast.Constant) and value.value is None:
                return Refused(self.place(value), NO_VALUE)
            return self.value(value)
        except Refused as refused:
            return refused
