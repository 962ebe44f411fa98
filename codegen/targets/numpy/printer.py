"""Statements -> NumPy: lines under their formulas."""

from __future__ import annotations

from collections.abc import Iterable
from functools import singledispatchmethod

from codegen.program.facts import grows, is_number, may_be_view
from codegen.program.nodes import (
    AddAt,
    Array,
    Assign,
    Count,
    For,
    Map,
    Spread,
    Statement,
    When,
    Whole,
    Zeros,
)
from codegen.python_module.line_breaking import comment, wrap
from codegen.python_module.tables import ATOM
from codegen.targets.numpy.arrays import ArrayPrinter
from codegen.targets.numpy.names import Names
from derive.ir.notation import Axis


class Printer(ArrayPrinter):
    """Prints statements as lines; tensors that are `stored` are entries of dictionaries."""

    def __init__(self, names: Names, stored: frozenset[str] = frozenset()) -> None:
        super().__init__(names)
        self.stored = stored

    def lines(self, statements: Iterable[Statement], indent: str = "    ") -> list[str]:
        """The source lines of statements."""
        return [line for s in statements for line in self._statement(s, indent)]

    @singledispatchmethod
    def _statement(self, statement: Statement, indent: str) -> list[str]:
        raise AssertionError(f"no NumPy for {type(statement).__name__}")

    @_statement.register
    def _assign(self, s: Assign, indent: str) -> list[str]:
        name = self.names.tensor(s.tensor)
        lines = comment(s.note, indent)
        if s.picks is None or all(isinstance(p, Whole) for p in s.picks):
            if s.op == "=" and s.tensor not in self.stored:
                return [*lines, *wrap(f"{indent}{name} = ", self._whole(s), indent)]
            left = name
        else:
            left = f"{name}[{self.picks(s.picks)}]"
        code, op = self.right_side(s.value, s.axes, s.op)
        return [*lines, *wrap(f"{indent}{left} {op} ", code, indent)]

    def right_side(self, value: Array, axes: tuple[Axis, ...], op: str) -> tuple[str, str]:
        """What is put or added into a place, and the operator: `-=` for what is negative."""
        if op == "+=" and isinstance(value, Map) and value.function == "neg":
            value, op = value.args[0], "-="
        return self.aligned(value, axes)[0], op

    def _whole(self, s: Assign) -> str:
        value = s.value
        turned = value.axes != s.axes and set(value.axes) == set(s.axes)
        code, level = self.aligned(value, s.axes) if turned else self.show(value)
        if is_number(value):
            return f"{self.dtype}({code})"
        if s.own and isinstance(value, Spread) and grows(value):
            inner = self.aligned(value.of, value.axes)[0]
            return f"np.full({self.shape(value.shape)}, {inner}, dtype={self.dtype})"
        if s.own and may_be_view(value):
            return f"{code if level >= ATOM else f'({code})'}.copy()"
        return code

    @_statement.register
    def _zeros(self, s: Zeros, indent: str) -> list[str]:
        code = f"np.zeros({self.shape(s.shape)}, dtype={self.dtype})"
        return [*comment(s.note, indent), *wrap(f"{self.names.tensor(s.tensor)} = ", code, indent)]

    @_statement.register
    def _for(self, s: For, indent: str) -> list[str]:
        count = f"range({self.index(s.letter.extent)})"
        steps = count if s.direction > 0 else f"reversed({count})"
        letter = self.names.letter(s.letter)
        return [f"{indent}for {letter} in {steps}:", *self.lines(s.body, indent + "    ")]

    @_statement.register
    def _when(self, s: When, indent: str) -> list[str]:
        head = f"{indent}if {self.condition(s.condition)}:"
        return [head, *self.lines(s.body, indent + "    ")]

    @_statement.register
    def _add_at(self, s: AddAt, indent: str) -> list[str]:
        name = self.names.tensor(s.tensor)
        if any(not isinstance(p, Whole) for p in s.picks):
            name = f"{name}[{self.picks(s.picks)}]"
        indices = [self.aligned(i, s.index_axes)[0] for i in s.indices]
        if not s.checked and s.positions == tuple(range(len(s.positions))):
            return self._add_inside(s, name, indices, indent)
        where = self.entries([str(p) for p in s.positions])
        value = self.aligned(s.value, s.axes)[0]
        call = f"_add_at({name}, {where}, {self.entries(indices)}, {value})"
        return wrap(indent, call, indent)

    def _add_inside(self, s: AddAt, name: str, indices: list[str], indent: str) -> list[str]:
        """At places along the first axes that are all inside."""
        alone = {i.value.axis for i in s.indices if isinstance(i, Count)}
        if set(s.index_axes) <= alone:  # then no two places are the same
            code, op = self.right_side(s.value, s.axes, "+=")
            return wrap(f"{indent}{name}[{', '.join(indices)}] {op} ", code, indent)
        value = self.aligned(s.value, s.axes)[0]
        return wrap(indent, f"np.add.at({name}, {self.entries(indices)}, {value})", indent)
