"""What each name of a text holds, and what a name means that holds nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from derive.errors import meant, shorten
from derive.ir.names import adjoint_of, is_next
from derive.language.syntax import Refused
from derive.readers.number_names import SAMPLES
from derive.readers.numpy_source.arrays import Arrays
from derive.readers.numpy_source.records import Records, is_of_gradients
from derive.readers.numpy_source.values import (
    Function,
    Instance,
    Module,
    Number,
    Unknown,
    Value,
    literal,
)

UNSET = object()
_PENALTIES = frozenset(
    ["reg", "lambd", "lambda_", "lmbda", "lam", "weight_decay", "l2", "l2_reg", "reg_strength"]
)  # factors of a penalty, 0 where the model has none


def _assumed(value: Value | Number) -> str:
    """In words what a name without a value was taken for."""
    return f"{value.value:g}" if isinstance(value, Number) else "zeros"


@dataclass
class Frame:
    """The names of one function that is being walked, and the statement it is at."""

    serial: int
    values: dict[str, Any] = field(default_factory=dict)
    seen: tuple[dict[str, Any], ...] = ()
    outer: frozenset[str] = frozenset()
    current: ast.stmt = field(default_factory=ast.Pass)


class Names:
    """The names of a text, function by function."""

    def __init__(self, records: Records, arrays: Arrays) -> None:
        self.model = records.model
        self.records = records
        self.arrays = arrays
        self.globals: dict[str, Any] = {"__name__": "__main__"}
        self.elsewhere: dict[str, Any] = {}  # the last value of each name in functions' frames
        self.frames = [Frame(0, self.globals)]
        self.instances: list[Instance] = []
        self.unknown: dict[str, Unknown] = {}
        self.leaves: dict[str, Any] = {}
        self.serial = 0

    @property
    def frame(self) -> Frame:
        """The function that is being walked."""
        return self.frames[-1]

    def new_frame(self, function: Function) -> Frame:
        """A frame for a call of a function."""
        self.serial += 1
        return Frame(self.serial, {}, function.seen, current=self.frame.current)

    def get(self, name: str) -> Any:
        """What a name holds, `UNSET` where it holds nothing."""
        for values in (self.frame.values, *self.frame.seen, self.globals):
            if name in values:
                return values[name]
        return UNSET

    def lookup(self, node: ast.expr, name: str) -> Any:
        """The value of a name."""
        held = self.get(name)
        return self.leaf(node, name) if held is UNSET else held

    def leaf(self, node: ast.AST, name: str, of: str = "") -> Any:
        """What a name means that holds nothing: a tensor, a number, or something unknown."""
        place = self.arrays.place(node)
        if name in self.leaves:
            return self.leaves[name]
        tensor = self.model.leaf(name)
        if of and is_of_gradients(of) and tensor in self.model.leaves:
            return self.leaf(node, adjoint_of(name))
        if name in ("np", "numpy", "math", "scipy", "special"):
            return Module(name)
        if tensor is not None:
            self.records.read(name, tensor)
        known: Any = self.model.known(name, place)
        if known is not None and name not in SAMPLES and tensor is None:
            self.records.assumed[name] = _assumed(known)
        if known is None:
            known = self.elsewhere.get(name)
        if known is None and name in ("float", "int", "bool", "str", "object"):
            return Module(name)
        if known is None and name in _PENALTIES:
            self.records.assumed[name] = "0"
            return literal(0, place)
        if known is None:
            return self.unknown.setdefault(name, Unknown(name, self._why_unknown(name)))
        if tensor is not None:
            self.leaves[name] = known
        return known

    def _why_unknown(self, name: str) -> str:
        """Why a name has no meaning."""
        names = [n for n in self.model.vocabulary.shapes if not is_next(n)]
        own = [n for f in self.frames for n in f.values]
        alike = [n for n in {*names, *own} - {name} if n[:1].lower() == name[:1].lower()]
        near = meant(name, alike) if len(name) > 2 else ""
        shown = shorten(name)
        return (
            f"'{shown}' is no tensor of the model and has no value before{near}; write its formula "
            f'before, or say which it is, such as names "{shown}=..."'
        )

    def part(self, node: ast.expr, of: Unknown, key: Any) -> Any:
        """`cache["A1"]`, `params.W1`, `weights[-1]`."""
        if key in of.parts:
            return of.parts[key]
        if isinstance(key, str):
            return self.leaf(node, key, of.name)
        members = self.model.members(of)
        if isinstance(key, int) and members and -len(members) <= key < len(members):
            return self.leaf(node, members[key], of.name)
        raise Refused(self.arrays.place(node), of.why or "a part of this isn't known here")

    def members(self, node: ast.AST, of: Unknown) -> list[Any]:
        """The entries of a list that the text is given; of a dictionary its keys."""
        names = self.model.members(of)
        if names is None:
            raise Refused(self.arrays.place(node), of.why)
        if of.name.lower().strip("_") in ("params", "parameters", "model", "p"):
            return list(names)
        return [self.leaf(node, n) for n in names]

    def function(self, name: str) -> Any:
        """A function by its bare name, None where the text gives none."""
        held = self.get(name)
        return None if held is UNSET else held

    def closure(self, node: ast.Lambda | ast.FunctionDef) -> Function:
        """A function of the text's own."""
        inner = () if len(self.frames) == 1 else (self.frame.values,)
        return Function(node, (*inner, *self.frame.seen))

    def changed(self, old: Any, new: Any) -> None:
        """All names of an array get what it is now."""
        for values in self.containers():
            for key, held in list(values.items()):
                if held is old:
                    values[key] = new
                elif isinstance(held, list):
                    held[:] = [new if h is old else h for h in held]
                elif isinstance(held, dict):
                    held.update({k: new for k, h in held.items() if h is old})

    def containers(self) -> Iterator[dict[Any, Any]]:
        """Everything that holds values by name."""
        yield from (f.values for f in self.frames)
        yield from (s for f in self.frames for s in f.seen)
        yield self.globals
        yield self.leaves
        yield self.elsewhere
        yield from (i.attributes for i in self.instances)
        yield from (u.parts for u in list(self.unknown.values()))

    def snapshot(self) -> list[tuple[dict[Any, Any], dict[Any, Any]]]:
        """What all names hold."""
        return [(c, dict(c)) for c in self.containers()]

    def restore(self, kept: list[tuple[dict[Any, Any], dict[Any, Any]]]) -> None:
        """What all names held."""
        for values, before in kept:
            values.clear()
            values.update(before)
