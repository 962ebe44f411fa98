"""Assignments of a text: names, attributes, entries and parts of arrays get values."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from derive.errors import shorten
from derive.language.syntax import Refused
from derive.readers.numpy_source.arrays import FAILS
from derive.readers.numpy_source.expressions import Expressions, TooLong
from derive.readers.numpy_source.meanings import LEAF, Meanings
from derive.readers.numpy_source.names import Names
from derive.readers.numpy_source.numbers import FUNCTIONS
from derive.readers.numpy_source.operators import binary
from derive.readers.numpy_source.updates import added, with_part
from derive.readers.numpy_source.values import Broken, Instance, Unknown, Value, plain

_AUGMENTED = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.MatMult)


class Assignments:
    """Gives values to what stands left of `=`."""

    def __init__(self, names: Names, expressions: Expressions, meanings: Meanings) -> None:
        self.names = names
        self.expressions = expressions
        self.meanings = meanings
        self.arrays = names.arrays

    def bind(self, target: ast.expr, value: Any) -> None:
        """What stands left of `=` gets a value."""
        match target:
            case ast.Name(id=name):
                frame = self.names.frame
                values = self.names.globals if name in frame.outer else frame.values
                self.hold(values, name, name, value, target)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                self._unpack(parts, value, target)
            case ast.Starred(value=inner):
                self.bind(inner, value)
            case ast.Attribute(value=of, attr=name):
                holder = self.expressions.value(of)
                if isinstance(holder, Instance):
                    self.hold(holder.attributes, name, name, value, target)
                elif isinstance(holder, Unknown):
                    self.hold(holder.parts, name, name, value, target)
                elif isinstance(holder, Value) and name == "shape":
                    shape = list(value) if isinstance(value, tuple) else [value]
                    args = [holder, *shape]
                    self.bind(of, self.arrays.apply(target, FUNCTIONS["reshape"], args, "reshape"))
                elif isinstance(holder, Value):
                    self.hold({}, name, name, value, target)  # `self.weights.dW = ...`
                else:
                    raise Refused(self.arrays.place(target), "this can't be assigned to here")
            case ast.Subscript(value=of, slice=picks):
                self._enter(
                    target, of, self.expressions.value(of), self.expressions.picks(picks), value
                )
            case _:
                raise Refused(self.arrays.place(target), "this can't be assigned to here")

    def hold(self, values: dict[Any, Any], key: Any, name: str, value: Any, node: ast.AST) -> None:
        """A name gets a value, which may be a tensor of the model."""
        place = self.arrays.place(node)
        if isinstance(value, Broken) and self.names.model.is_given(name):
            values.pop(key, None)  # made by what isn't known here
            return
        held = self.meanings.meant(name, value, place, self._shown, self.names.frame.serial)
        if held is LEAF:
            tensor = self.names.model.tensor(name) or name
            self.names.records.read(name, tensor)
            # data and parameters are what they are
            values[key] = self.names.model.value(tensor, place)
            return
        self.meanings.descent.hold(values, key)
        values[key] = held
        if len(self.names.frames) > 1 and not isinstance(held, Broken):
            self.names.elsewhere[name] = held

    def _shown(self) -> str:
        """The statement that is being walked, as text."""
        return shorten(ast.unparse(self.names.frame.current), 200)

    def _unpack(self, parts: Sequence[ast.expr], value: Any, node: ast.AST) -> None:
        """Several names get the parts of a value."""
        if isinstance(value, Unknown):
            return  # `x, w, b = cache`, which another function made: names are told by themselves
        if isinstance(value, Broken):
            for part in parts:
                self.bind(part, value)
            return
        entries = self.expressions.calls.entries(node, value)
        stars = [k for k, p in enumerate(parts) if isinstance(p, ast.Starred)]
        if stars:
            first, rest = stars[0], len(parts) - stars[0] - 1
            last = len(entries) - rest
            entries = [*entries[:first], entries[first:last], *entries[last:]]
        if len(entries) != len(parts):
            why = Refused(self.arrays.place(node), f"this is no {len(parts)} values at once")
            entries = [Broken(why)] * len(parts)
        for part, entry in zip(parts, entries, strict=True):
            self.bind(part, entry)

    def _enter(self, node: ast.Subscript, of: ast.expr, holder: Any, key: Any, value: Any) -> None:
        """An entry of a container, or a part of an array, gets a value."""
        place = self.arrays.place(node)
        match holder:
            case dict() | Unknown():
                values = holder if isinstance(holder, dict) else holder.parts
                word = plain(key)
                if isinstance(word, str):
                    self._entry(values, word, base_name(of), value, node)
                else:
                    values[word] = value
            case list():
                try:
                    at = key if isinstance(key, slice) else int(key.value)
                    holder[at] = value
                except FAILS:
                    raise Refused(place, "there is no such entry") from None
                self.meanings.entry_of_list(base_name(of), holder, value, place, self._shown)
            case Value():
                new = (
                    value
                    if isinstance(value, Broken)
                    else with_part(self.arrays, node, holder, key, value)
                )
                self.replace(of, holder, new, part=True)
            case _:
                raise Refused(place, "an entry of this isn't known here")

    def _entry(self, values: dict[Any, Any], key: str, of: str, value: Any, node: ast.AST) -> None:
        """`grads["W2"] = ...`."""
        name = self.meanings.entry_name(of, key, value)
        self.hold(values, key, name, value, node)

    def named_entries(self, of: str, node: ast.Dict, held: Any) -> None:
        """The entries of `grads = {"W1": ...}`, each by its key."""
        if not isinstance(held, dict):
            return
        for key, entry in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value in held:
                same = isinstance(entry, ast.Name) and entry.id == key.value
                if not same and isinstance(held[key.value], Value | Broken):
                    self._entry(held, key.value, of, held[key.value], entry)

    def replace(self, of: ast.expr, old: Any, new: Any, part: bool = False) -> None:
        """An array is changed where it stands."""
        name = base_name(of) or "it"
        place, serial = self.arrays.place(of), self.names.frame.serial
        held = self.meanings.meant(name, new, place, self._shown, serial, part, change=True)
        if held is LEAF:
            held = self.names.model.value(self.names.model.tensor(name) or name, place)
        self.meanings.descent.hold(self.names.leaves, name)
        self.names.changed(old, held)
        if isinstance(of, ast.Name) and self.names.get(of.id) is not held:
            self.names.frame.values[of.id] = held

    def augmented(
        self, target: ast.expr, op: ast.operator, value: ast.expr, statement: ast.stmt
    ) -> None:
        """`x += ...`."""
        if not isinstance(op, _AUGMENTED):
            raise Refused(self.arrays.place(statement), "of these, += -= *= /= and **= are known")
        if isinstance(target, ast.Subscript):
            holder = self.expressions.value(target.value)
            if isinstance(holder, Value):
                key = self.expressions.picks(target.slice)
                more = self.expressions.attempt(value)
                new = (
                    more
                    if isinstance(more, Broken)
                    else added(self.arrays, target, holder, key, op, more)
                )
                self.replace(target.value, holder, new, part=True)
                return
        old = self.expressions.value(target)
        try:
            new = binary(self.arrays, statement, op, old, self.expressions.value(value))
        except TooLong:
            raise
        except Refused as refused:
            new = Broken(refused)
        in_place = isinstance(old, Value) and (old.shape or old.array is None)
        if isinstance(old, list) and isinstance(new, list):
            old[:] = new
        elif in_place and not isinstance(target, ast.Subscript):
            self.replace(target, old, new, part=False)
        else:
            with self.meanings.changing():
                self.bind(target, new)


def base_name(node: ast.expr) -> str:
    """The name of what is changed: of `self.W`, `grads["W"]` that is `W`."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str() as name)):
            return name
        case ast.Subscript(value=of):
            return base_name(of)
        case _:
            return ""
