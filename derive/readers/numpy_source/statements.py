"""Statements of NumPy source, walked in order: each assignment as a value of whole arrays.

Own functions are written out where they are called. What is assigned anew has a new name, so that
a value read is the one that was there.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from derive.arrays.nodes import (
    Dot,
    Entrywise,
    Product,
    Reduce,
    Transpose,
)
from derive.errors import shorten
from derive.ir.names import is_adjoint
from derive.language.syntax import Refused
from derive.readers.numpy_source.assignment_targets import Targets
from derive.readers.numpy_source.ast_shapes import called, changes, is_main
from derive.readers.numpy_source.constant_folding import Unknown, constant, counts
from derive.readers.numpy_source.inlined_calls import Return
from derive.readers.numpy_source.intermediates import Assigned, steps
from derive.readers.vocabulary import Unread

MOST_STEPS = 5000
_CHANGES_ITS_FIRST = (
    "at",
    "copyto",
    "put",
    "put_along_axis",
    "fill_diagonal",
    "place",
    "putmask",
)
_CHANGES_ITSELF = ("fill", "sort", "partition", "itemset")


class Program(Targets):
    """Walks a text's statements."""

    def __init__(self, tree: ast.Module, name: str) -> None:
        super().__init__(tree, name)
        self._gather(tree.body)

    def run(self) -> list[Assigned]:
        """Every assignment, in order. What names mean was told before, by `meet`."""
        for again in range(2):
            # the first time only to see which values are steps to another
            self.begin()
            self.ascends = self.depth = self.steps = 0
            self._roots()
            if not again:
                self.steps_known = steps(self.found)
        return self.found

    def _gather(self, body: Sequence[ast.stmt]) -> None:
        for statement in body:
            match statement:
                case ast.FunctionDef(name=name):
                    self.functions[name] = statement
                case ast.ClassDef(body=inner):
                    self._gather(inner)
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda() as value):
                    self.functions[name] = value
                case _:
                    pass

    def _roots(self) -> None:
        """The script; where it computes nothing, the functions that no other one calls."""
        self.block(self.tree.body)
        calls = {
            called(n.func)
            for f in self.functions.values()
            for n in ast.walk(f)
            if isinstance(n, ast.Call) and self._own_name(n.func) is not f
        }
        if self.unread or any(a.tensor and is_adjoint(a.tensor) for a in self.found):
            calls |= {
                called(n.func)
                for s in self.tree.body
                if not isinstance(s, ast.FunctionDef | ast.ClassDef)
                for n in ast.walk(s)
                if isinstance(n, ast.Call)
            }
        for name, function in self.functions.items():
            if name in calls or name == "__init__" or isinstance(function, ast.Lambda):
                continue
            try:
                self.block(function.body)
            except Return:
                self._returned(name, function)

    def _own_name(self, func: ast.expr) -> object:
        return self.functions.get(called(func))

    def _returned(self, name: str, function: ast.FunctionDef) -> None:
        """What a root returns: a dictionary's entries by their keys, one value by its name."""
        statement = next((s for s in function.body if isinstance(s, ast.Return)), None)
        value = self.frame.returned
        if statement is None:
            return
        if isinstance(statement.value, ast.Dict):
            for key, entry in zip(statement.value.keys, statement.value.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    known = isinstance(entry, ast.Name) and entry.id == key.value
                    if not known:
                        put = self._of_gradients(key.value)
                        self._same_or_assign(put, entry)
            return
        if isinstance(statement.value, ast.Tuple) and isinstance(value, tuple):
            self._nameless(statement.value, value)
            return
        single = not isinstance(value, tuple | Refused) and value is not None
        if single and not isinstance(statement.value, ast.Name) and self.tensor(name) is not None:
            assert statement.value is not None
            self._assign(name, value, statement.value)

    def _nameless(self, statement: ast.Tuple, values: tuple[object, ...]) -> None:
        """Values that are returned without a name, where they are made of more than data."""
        for entry, value in zip(statement.elts, values, strict=False):
            whole = isinstance(value, Product | Dot | Reduce | Transpose | Entrywise)
            if whole and not isinstance(entry, ast.Name | ast.Subscript | ast.Attribute):
                text = shorten(ast.unparse(entry), 30)
                reason = "this value has no name; give it one, such as dW1, before it is returned"
                self.unread.append(Unread(text, self.place(entry).line, reason))

    def block(self, body: Sequence[ast.stmt]) -> None:
        """Walk statements in order. Raises `Refused` where there are too many."""
        for statement in body:
            self.steps += 1
            if self.steps > MOST_STEPS:
                raise Refused(self.place(statement), "this is too long; give the formulas alone")
            self._statement(statement)

    def _statement(self, statement: ast.stmt) -> None:
        if len(self.frames) == 1:
            self.current = statement
        match statement:
            case ast.Assign(targets=targets, value=value):
                if isinstance(value, ast.Lambda):
                    return
                for target in targets:
                    self._put(target, value)
            case ast.AnnAssign(target=target, value=value) if value is not None:
                self._put(target, value)
            case ast.AugAssign(target=target, op=op, value=value):
                self._augmented(target, op, value, statement)
            case ast.For():
                self._loop(statement)
            case ast.If(test=test, body=body, orelse=other):
                self._branch(statement, test, body, other)
            case ast.Return(value=value):
                self.frame.returned = None if value is None else self._try(value)
                raise Return
            case ast.Expr(value=ast.Call() as call):
                self._effect(call)
            case ast.With() | ast.While() | ast.Try() | ast.AsyncFor() | ast.Match():
                word = type(statement).__name__.lower()
                raise Refused(
                    self.place(statement),
                    f"'{word}' isn't known here; give the array statements alone",
                )
            case _:
                pass  # imports, definitions, text, calls for their effect

    def _effect(self, call: ast.Call) -> None:
        """`np.add.at(dW, x, dy)`, `dW.fill(0)`: what is changed in place isn't known after it."""
        name = called(call.func)
        changed = [k.value for k in call.keywords if k.arg == "out"]
        if name in _CHANGES_ITS_FIRST:
            changed += call.args[:1]
        elif name in _CHANGES_ITSELF and isinstance(call.func, ast.Attribute):
            changed.append(call.func.value)
        for target in changed:
            key = self._key(target.value if isinstance(target, ast.Subscript) else target)
            if key is not None:
                told = f"what {shorten(ast.unparse(call.func))} changes in place isn't known here"
                self._assign(key, Refused(self.place(call), told), call, is_change=True)

    def _branch(
        self, statement: ast.If, test: ast.expr, body: Sequence[ast.stmt], other: Sequence[ast.stmt]
    ) -> None:
        try:
            chosen = constant(test, self.frame.known)
        except Unknown:
            absent = self._is_absent(test)
            if is_main(test):
                self.block(body)
            elif absent is not None:
                self.block(body if absent else other)
            elif any(changes(s) for s in (*body, *other)):
                raise Refused(
                    self.place(statement),
                    "'if' isn't known where arrays are changed; write np.where, or one branch",
                ) from None
            return
        self.block(body if chosen else other)

    def _is_absent(self, test: ast.expr) -> bool | None:
        """What `y is None` says of a name that isn't known to be None; else None."""
        match test:
            case ast.Compare(
                left=ast.Name(id=name), ops=[op], comparators=[ast.Constant(value=None)]
            ) if isinstance(op, ast.Is | ast.IsNot) and self.tensor(name) is not None:
                return isinstance(op, ast.IsNot)
            case _:
                return None

    def _loop(self, statement: ast.For) -> None:
        names = {n.id for n in ast.walk(statement.target) if isinstance(n, ast.Name)}
        body = [s for s in statement.body if changes(s)]
        used = {n.id for s in body for n in ast.walk(s) if isinstance(n, ast.Name)}
        if names.isdisjoint(used):
            self.block(body)  # each turn says the same
            return
        turns = counts(statement.iter, self.frame.known)
        if turns is None or not isinstance(statement.target, ast.Name):
            self._lose(statement)
            return
        for turn in turns:
            self.frame.known[statement.target.id] = turn
            self.block(body)

    def _lose(self, statement: ast.For) -> None:
        """What a loop that can't be written out changes isn't known after it."""
        place = self.place(statement)
        told = "a loop is known over a short range of numbers; write it with whole arrays"
        targets = [
            t
            for s in ast.walk(statement)
            if isinstance(s, ast.Assign | ast.AugAssign)
            for t in (s.targets if isinstance(s, ast.Assign) else [s.target])
        ]
        for target in targets:
            of = target.value if isinstance(target, ast.Subscript) else target
            for one in of.elts if isinstance(of, ast.Tuple | ast.List) else [of]:
                name = self._key(one)
                if name is not None and self.tensor(name) not in self.given:
                    self._assign(name, Refused(place, told), statement.iter, is_change=True)
