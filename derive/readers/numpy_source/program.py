"""A whole text: its script, and then the functions that nothing calls."""

from __future__ import annotations

import ast
from typing import Any

from derive.errors import shorten
from derive.language.syntax import Place
from derive.readers.numpy_source.arrays import Arrays
from derive.readers.numpy_source.assignments import Assignments
from derive.readers.numpy_source.calls import Calls
from derive.readers.numpy_source.descent import Again
from derive.readers.numpy_source.expressions import Expressions, Steps
from derive.readers.numpy_source.functions import Functions, bound_to
from derive.readers.numpy_source.meanings import Meanings
from derive.readers.numpy_source.names import Names
from derive.readers.numpy_source.statements import Statements
from derive.readers.numpy_source.values import Class, Function, Instance, Value


class Program:
    """Walks a text."""

    def __init__(self, tree: ast.Module, name: str, meanings: Meanings, steps: Steps) -> None:
        self.tree = tree
        arrays = Arrays(name, meanings.symbolic)
        self.names = Names(meanings.records, arrays)
        calls = Calls(arrays, self.names, self.invoke)
        expressions = Expressions(calls, self, steps)
        self.assignments = Assignments(self.names, expressions, meanings)
        self.statements = Statements(self.assignments)
        self.functions = Functions(self.statements)

    def bind(self, target: ast.expr, value: Any) -> None:
        """A name gets a value, in an expression."""
        self.assignments.bind(target, value)

    def member(self, node: ast.expr, of: Instance, name: str) -> Any:
        """An attribute of an object."""
        return self.functions.member(node, of, name)

    def invoke(
        self, node: ast.Call, function: Any, args: list[Any], options: dict[str, Any]
    ) -> Any:
        """A call of the text's own."""
        return self.functions.invoke(node, function, args, options)

    def walk(self) -> None:
        """The script, and then the functions that nothing calls."""
        self.statements.block(self.tree.body)
        calls = {
            getattr(n.func, "id", getattr(n.func, "attr", ""))
            for n in ast.walk(self.tree)
            if isinstance(n, ast.Call)
        }
        for statement in self.tree.body:
            match statement:
                case ast.FunctionDef(name=name) if name not in calls:
                    self._root(Function(statement))
                case ast.ClassDef(name=name):
                    self._object_of(name, calls)
                case _:
                    pass

    def _object_of(self, name: str, calls: set[str]) -> None:
        """The methods of a class that nothing calls."""
        made = self.names.globals.get(name)
        if not isinstance(made, Class):
            return
        this = next((i for i in reversed(self.names.instances) if i.of is made), None)
        if this is None:
            this = Instance(made)
            self.names.instances.append(this)
            start = made.members.get("__init__")
            if isinstance(start, Function):
                self._root(Function(start.node, start.seen, this))
        for word, member in made.members.items():
            if isinstance(member, Function) and word not in calls and word != "__init__":
                self._root(bound_to(member, this))

    def _root(self, function: Function) -> None:
        """A function that nothing calls: its parameters are what their names mean."""
        self.names.leaves.clear()
        frame = self.names.new_frame(function)
        spec = function.node.args
        names = [a.arg for a in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)]
        if function.bound is not None and names:
            frame.values[names[0]] = function.bound
        defaults = dict(zip([a.arg for a in spec.args][::-1], spec.defaults[::-1], strict=False))
        for name in names:
            if name in self.names.globals and name not in frame.values:
                place = Place("formulas", 1, 1)
                result = (
                    self.names.model.known(name, place) if self.names.model.tensor(name) else None
                )
                if result is not None:
                    frame.values[name] = result
            default = defaults.get(name)
            if (
                default is not None
                and self.names.model.tensor(name) is None
                and name not in frame.values
            ):
                frame.values[name] = self.statements.expressions.attempt(default)
        if isinstance(function.node, ast.Lambda):
            return
        try:
            value = self.functions.body(function, frame)
        except Again:
            return
        returns = [s for s in ast.walk(function.node) if isinstance(s, ast.Return)]
        if returns and returns[-1].value is not None:
            self.names.frame.current = returns[-1]
            self._returned(function.name, returns[-1].value, value)

    def _returned(self, name: str, node: ast.expr, value: Any) -> None:
        """What a function that nothing calls gives, by its keys or the function's name."""
        if isinstance(value, tuple) and isinstance(node, ast.Tuple):
            for part, entry in zip(node.elts, value, strict=False):
                self._nameless(part, entry, alone=False)
        elif not isinstance(node, ast.Name) and self.names.model.tensor(name) is not None:
            self.assignments.hold({}, name, name, value, node)
        else:
            self._nameless(node, value, alone=True)

    def _nameless(self, node: ast.expr, value: Any, alone: bool) -> None:
        """A value that is returned without a name."""
        if isinstance(value, Value) and not isinstance(
            node, ast.Name | ast.Subscript | ast.Attribute | ast.Constant
        ):
            text = shorten(ast.unparse(node), 30)
            self.assignments.meanings.nameless(text, value, self.names.arrays.place(node), alone)
