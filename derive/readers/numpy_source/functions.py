"""Functions and classes of a text: calls are walked with their arguments."""

from __future__ import annotations

import ast
from typing import Any

from derive.errors import shorten
from derive.language.syntax import Place, Refused
from derive.readers.numpy_source.names import Frame
from derive.readers.numpy_source.statements import Return, Statements
from derive.readers.numpy_source.values import Class, Function, Instance, Method, Parent, Unknown

DEEPEST_CALL = 25


class Functions:
    """Walks calls of the text's own functions, methods and classes."""

    def __init__(self, statements: Statements) -> None:
        self.statements = statements
        self.names = statements.names
        self.expressions = statements.expressions

    def invoke(
        self, node: ast.Call, function: Any, args: list[Any], options: dict[str, Any]
    ) -> Any:
        """A call of the text's own."""
        match function:
            case Class():
                made = Instance(function)
                self.names.instances.append(made)
                start = function.member("__init__")
                if isinstance(start, Function):
                    self._run(node, Function(start.node, start.seen, made), args, options)
                return made
            case Instance():
                for word in ("__call__", "forward"):
                    result = function.of.member(word)
                    if isinstance(result, Function):
                        return self._run(
                            node, Function(result.node, result.seen, function), args, options
                        )
                raise Refused(self.names.arrays.place(node), "this object can't be called")
            case Method(of=Parent(of=Instance() as this), name=name):
                bases = (b.member(name) for b in this.of.bases)
                result = next((b for b in bases if isinstance(b, Function)), None)
                if result is None:
                    return None
                return self._run(node, Function(result.node, result.seen, this), args, options)
            case Function():
                return self._run(node, function, args, options)
            case _:
                raise Refused(self.names.arrays.place(node), "this can't be called here")

    def member(self, node: ast.expr, of: Instance, name: str) -> Any:
        """An attribute of an object."""
        if name in of.attributes:
            return of.attributes[name]
        result = of.of.member(name)
        if isinstance(result, Function):
            bound = bound_to(result, of)
            return self._run(node, bound, [], {}) if "property" in _decorators(result) else bound
        return self.names.leaf(node, name) if result is None else result

    def _run(
        self, node: ast.AST, function: Function, args: list[Any], options: dict[str, Any]
    ) -> Any:
        """The value of a call, written out."""
        place = self.names.arrays.place(node)
        if any(isinstance(n, ast.Yield | ast.YieldFrom) for n in ast.walk(function.node)):
            raise Refused(place, "yield isn't known; give a list")
        if len(self.names.frames) > DEEPEST_CALL:
            raise Refused(place, f"'{shorten(function.name)}' calls itself, or calls too deeply")
        frame = self.names.new_frame(function)
        taken = [function.bound, *args] if function.bound is not None else args
        self._arguments(function, frame, taken, options, place)
        return self.body(function, frame)

    def body(self, function: Function, frame: Frame) -> Any:
        """What a function gives, its parameters set."""
        self.names.frames.append(frame)
        try:
            if isinstance(function.node, ast.Lambda):
                return self.expressions.value(function.node.body)
            self.statements.block(function.node.body)
        except Return as returned:
            return returned.value
        except RecursionError:
            raise Refused(Place("formulas", 1, 1), "this is nested too deeply") from None
        finally:
            self.names.frames.pop()
        return None

    def _arguments(
        self,
        function: Function,
        frame: Frame,
        args: list[Any],
        options: dict[str, Any],
        place: Place,
    ) -> None:
        """Sets a function's parameters."""
        spec = function.node.args
        names = [a.arg for a in (*spec.posonlyargs, *spec.args)]
        shown = shorten(function.name)
        if len(args) > len(names) and spec.vararg is None:
            raise Refused(place, f"'{shown}' takes {len(names)} arguments")
        given = dict(zip(names, args, strict=False))
        if spec.vararg is not None:
            given[spec.vararg.arg] = tuple(args[len(names) :])
        only = [a.arg for a in spec.kwonlyargs]
        more = {k: v for k, v in options.items() if k not in names and k not in only}
        given |= {k: v for k, v in options.items() if k not in more}
        if spec.kwarg is not None:
            given[spec.kwarg.arg] = dict(more)
        elif more:
            raise Refused(place, f"'{shown}' has no parameter '{shorten(min(more))}'")
        defaults = dict(zip(names[::-1], spec.defaults[::-1], strict=False))
        defaults |= {n: d for n, d in zip(only, spec.kw_defaults, strict=True) if d is not None}
        for name in (*names, *only):
            if name not in given and name not in defaults:
                raise Refused(place, f"'{shown}' needs '{shorten(name)}'")
        for name, default in defaults.items():
            if name not in given:
                given[name] = self.expressions.attempt(default)
        for name, value in given.items():
            if not (isinstance(value, Unknown) and self.names.model.tensor(name) is not None):
                frame.values[name] = value


def _decorators(function: Function) -> list[str]:
    """What stands behind `@` before a function."""
    return [getattr(d, "id", "") for d in getattr(function.node, "decorator_list", [])]


def bound_to(function: Function, this: Instance) -> Function:
    """A method of an object."""
    free = "staticmethod" in _decorators(function)
    return Function(function.node, function.seen, None if free else this)
