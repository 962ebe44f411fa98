"""Statements of a text, walked in order."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from derive.language.syntax import Refused
from derive.readers.numpy_source import in_place
from derive.readers.numpy_source.assignments import Assignments, base_name
from derive.readers.numpy_source.expressions import TooLong
from derive.readers.numpy_source.loops import Break, Continue, Loops
from derive.readers.numpy_source.values import Broken, Class, Function, Module, Value

DECORATED = "what a decorator makes of a function isn't known; call it as a function"
CHANGED = "what this call makes of the array isn't known; write it with [...] ="
UNKNOWN = "this statement isn't known; write it with if, for and while"


class Return(Exception):
    """A function's end."""

    def __init__(self, value: Any) -> None:
        self.value = value


class Statements:
    """Walks statements."""

    def __init__(self, assignments: Assignments) -> None:
        self.assignments = assignments
        self.names = assignments.names
        self.expressions = assignments.expressions
        self.loops = Loops(assignments, self.block)

    def block(self, body: Sequence[ast.stmt]) -> None:
        """Walk statements in order."""
        for statement in body:
            self.expressions.steps.take(self.names.arrays.place, statement)
            self.names.frame.current = statement
            symbolic = self.names.arrays.symbolic
            try:
                self._statement(statement)
            except (TooLong, RecursionError):
                raise
            except Refused as refused:
                self._lose([statement], refused)
            finally:
                self.names.arrays.symbolic = symbolic

    def _statement(self, statement: ast.stmt) -> None:
        """One statement. Raises `Refused` where what it assigns isn't known."""
        match statement:
            case ast.Assign(targets=targets, value=value):
                result = self.expressions.attempt(value)
                if isinstance(value, ast.Dict):
                    self.assignments.named_entries(base_name(targets[0]), value, result)
                for target in targets:
                    self.assignments.bind(target, result)
            case ast.AnnAssign(target=target, value=value) if value is not None:
                self.assignments.bind(target, self.expressions.attempt(value))
            case ast.AugAssign(target=target, op=op, value=value):
                self.assignments.augmented(target, op, value, statement)
            case ast.FunctionDef(name=name):
                self.names.frame.values[name] = self._decorated(statement)
            case ast.ClassDef():
                self._define(statement)
            case ast.For():
                self.loops.loop(statement)
            case ast.While():
                self.loops.repeat(statement)
            case ast.If(test=test, body=body, orelse=other):
                chosen = self.expressions.truth(test, self.expressions.value(test))
                self.block(body if chosen else other)
            case ast.Return(value=value):
                result = None if value is None else self.expressions.attempt(value)
                if isinstance(value, ast.Dict):
                    self.assignments.named_entries("", value, result)
                raise Return(result)
            case ast.Expr(value=ast.Call() as call):
                self._call(call)
            case ast.Expr(value=value):
                self.expressions.attempt(value)
            case ast.With(body=body) | ast.Try(body=body):
                self.block(body)
            case ast.Break():
                raise Break
            case ast.Continue():
                raise Continue
            case ast.Global(names=names):
                self.names.frame.outer |= frozenset(names)
            case ast.Import(names=names):
                for one in names:
                    self.names.globals[one.asname or one.name.partition(".")[0]] = Module(
                        one.name if one.asname else one.name.partition(".")[0]
                    )
            case ast.ImportFrom(module=module, names=names):
                for one in names:
                    self.names.globals[one.asname or one.name] = Module(
                        f"{module or ''}.{one.name}"
                    )
            case ast.Delete(targets=targets):
                for target in targets:
                    if isinstance(target, ast.Name):
                        self.names.frame.values.pop(target.id, None)
            case ast.Pass() | ast.Assert() | ast.Nonlocal() | ast.Raise() | ast.Return():
                pass
            case _:
                raise Refused(self.names.arrays.place(statement), UNKNOWN)

    def _call(self, call: ast.Call) -> None:
        """A call that stands alone: it may change an array where it stands."""
        written = in_place.assignment(call)
        if written is not None:
            self._statement(written)
            return
        target = in_place.changed(call)
        before = None if target is None else self.expressions.attempt(target)
        result = self.expressions.attempt(call)
        if target is None or not isinstance(before, Value):
            return
        after = self.expressions.attempt(target)
        if isinstance(result, Broken):
            self.assignments.replace(target, before, result)
        elif after is before:
            why = Refused(self.names.arrays.place(call), CHANGED)
            self.assignments.replace(target, before, Broken(why))
        elif isinstance(after, Value):
            self.assignments.replace(target, after, after)

    def _decorated(self, node: ast.FunctionDef) -> Any:
        """A function, given to the text's own functions that stand behind `@` before it."""
        result: Any = self.names.closure(node)
        for decorator in reversed(node.decorator_list):
            own = decorator.func if isinstance(decorator, ast.Call) else decorator
            if isinstance(own, ast.Name) and isinstance(self.names.function(own.id), Function):
                why = Refused(self.names.arrays.place(decorator), DECORATED)
                result = Broken(why)
        return result

    def _define(self, node: ast.ClassDef) -> None:
        """A class."""
        bases = [self.names.get(b.id) for b in node.bases if isinstance(b, ast.Name)]
        made = Class(node, tuple(b for b in bases if isinstance(b, Class)), {})
        for statement in node.body:
            match statement:
                case ast.FunctionDef(name=name):
                    made.members[name] = self.names.closure(statement)
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    made.members[name] = self.expressions.attempt(value)
                case _:
                    pass
        self.names.frame.values[node.name] = made

    def _lose(self, body: Sequence[ast.stmt], why: Refused) -> None:
        """What statements would have changed isn't known after them."""
        for statement in body:
            for inner in ast.walk(statement):
                targets: list[ast.expr] = []
                if isinstance(inner, ast.Assign):
                    targets = list(inner.targets)
                elif isinstance(inner, ast.AugAssign | ast.AnnAssign):
                    targets = [inner.target]
                for target in targets:
                    self._lose_target(target, why)

    def _lose_target(self, target: ast.expr, why: Refused) -> None:
        """One target of an assignment that isn't known."""
        if isinstance(target, ast.Tuple | ast.List):
            for part in target.elts:
                self._lose_target(part, why)
            return
        while isinstance(target, ast.Subscript) and not isinstance(target.slice, ast.Constant):
            target = target.value
        try:
            self.assignments.bind(target, Broken(why))
        except TooLong:
            raise
        except Refused:
            pass
