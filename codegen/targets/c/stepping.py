"""A place of a sequence at a time: `net_init_step`, `net_step` and what is kept between places."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from codegen.program.operands import Entry, NoState, Operand, Place, Table, Variable
from codegen.program.procedures import EVERY, Check, Module, Procedure, Return
from codegen.targets.c.frame import Frame
from codegen.targets.c.integers import product
from codegen.targets.c.loops import Line, Loop, lines_of
from codegen.targets.c.names import Names
from codegen.targets.c.procedures import functions_of, holds_statements, static_name
from codegen.targets.c.program import Program
from codegen.targets.c.text import comment, wrapped
from derive.ir.notation import Tensor
from derive.ir.runtime_extents import dims_of

NAMES = ("init_step", "step")


@dataclass(frozen=True)
class Kept:
    """What is kept under a key: the tensor that the next place reads, None for its number."""

    key: str
    tensor: Tensor | None


def stepping_of(module: Module, single: bool, names: Names) -> Stepping | None:
    """The functions that go along a sequence; None where the module has none."""
    found = [p for p in module.procedures if p.name in NAMES]
    if not found:
        return None
    begin, step = found
    return Stepping(module, (begin, step), single, names)


class Stepping:
    """Prints them. Each has a struct of its own, for its tensors lack the axis that is walked."""

    def __init__(
        self, module: Module, both: tuple[Procedure, Procedure], single: bool, names: Names
    ) -> None:
        self.names = names
        self.procedures = both
        self.programs = [self._program(module, p, single) for p in both]
        purposes = "before the first place of a sequence.", "at one place of a sequence."
        self.frames = [
            Frame(p, f"Where everything lies {purpose}")
            for p, purpose in zip(self.programs, purposes, strict=True)
        ]

    def _program(self, module: Module, procedure: Procedure, single: bool) -> Program:
        given = {a.what.tensor for a in procedure.arguments if isinstance(a.what, Variable)}
        kept = {k.tensor.name for k in self.kept if k.tensor is not None}
        tensors = [
            replace(t, role="state" if t.name in kept - given else t.role)
            for t in procedure.tensors
            if t.role not in ("input", "target") or t.name in given | kept
        ]
        data = [t for t in tensors if t.name in given | kept]
        dims = dims_of(data)
        mine = replace(
            module,
            tensors=tuple(tensors),
            procedures=(procedure,),
            dims=tuple(d for d in module.dims if d in dims),
        )
        result = Program(mine, single, self.names, procedure.name)
        rows = {k.tensor.name: self.names.tensor(k.key) for k in self.kept if k.tensor is not None}
        result.kept = {name: key for name, key in rows.items() if name not in given}
        return result

    @property
    def kept(self) -> list[Kept]:
        """What is kept, in order."""
        step = self.procedures[1]
        read = {
            one.source.key: one.tensor
            for one in step.body
            if isinstance(one, Check) and isinstance(one.source, Entry)
        }
        table = {t.name: t for t in step.tensors}
        return [
            Kept(key, None if isinstance(value, Place) else table[read[key]])
            for key, value in _rows(step)
        ]

    def given(self, procedure: Procedure) -> list[Tensor]:
        """The inputs that a procedure takes."""
        program = self.programs[self.procedures.index(procedure)]
        names = {a.what.tensor for a in procedure.arguments if isinstance(a.what, Variable)}
        return [t for t in program.module.tensors if t.name in names]

    @property
    def output(self) -> Tensor:
        """What a place gives."""
        returned = self.procedures[1].body[-1]
        assert isinstance(returned, Return)
        shown = returned.values[0]
        assert isinstance(shown, Variable)
        return next(t for t in self.procedures[1].tensors if t.name == shown.tensor)

    @property
    def functions(self) -> set[str]:
        """The functions of the runtime that the text calls."""
        return {name for p in self.programs for name in p.scope.used.functions}

    # what the header says

    def record(self) -> list[str]:
        """The struct of what is kept."""
        rows = []
        for one in self.kept:
            if one.tensor is None:
                rows.append(f"    integer {one.key};")
                continue
            shape = self.programs[1].scope.shape(one.tensor.shape)
            kind = "integer" if one.tensor.integer else "real"
            rows.append(f"    {kind} *{self.names.tensor(one.key)}; /* {product(shape)} */")
        purpose = "What is kept from one place of a sequence to the next, in memory of the caller."
        return [*comment(purpose), "struct net_kept {", *rows, "};", ""]

    def prototypes(self) -> list[str]:
        """The heads of the functions."""
        sizes = [f.size_head() for f, p in self._both() if holds_statements(p)]
        return [*sizes, *(self._head(f, p) for f, p in self._both())]

    def _both(self) -> list[tuple[Frame, Procedure]]:
        return list(zip(self.frames, self.procedures, strict=True))

    def _head(self, frame: Frame, procedure: Procedure) -> str:
        given = [
            f"const {'integer' if t.integer else 'real'} *{self.names.tensor(t.name)}"
            for t in self.given(procedure)
        ]
        dims = [f"integer {d}" for d in frame.program.dims]
        memory = ["void *arena", "size_t bytes"] if holds_statements(procedure) else []
        parts = ["const struct net_params *params", *given, *dims, "struct net_kept *kept"]
        result = ["real *result"] * (procedure is self.procedures[1])
        return f"int net_{procedure.name}({', '.join([*parts, *result, *memory])})"

    # functions

    def texts(self) -> list[str]:
        """All functions."""
        result = []
        for frame, procedure in self._both():
            parts: list[list[str]] = []
            functions = functions_of([procedure] * holds_statements(procedure), frame.program)
            public = self._public(frame, procedure)
            for function in functions:
                frame.program.lay_out(["\n".join(public)])
                parts += [frame.struct(), frame.lay_out(), [function.text()], frame.size()]
            result += ["\n".join(lines) for lines in (*parts, public)]
        return result

    def _public(self, frame: Frame, procedure: Procedure) -> list[str]:
        """The function that others call."""
        begins = procedure is self.procedures[0]
        purpose = (
            "What is kept before the first place of a sequence."
            if begins
            else f"The output {self.names.tensor(self.output.name)} at one place of a sequence; "
            "then what is kept for the next one."
        )
        lines = [*comment(purpose), *wrapped(self._head(frame, procedure), ""), "{"]
        if holds_statements(procedure):
            given = [self.names.tensor(t.name) for t in self.given(procedure)]
            lines += frame.filled([*(f".{g} = {g}" for g in given), ".kept = kept"])
            lines += [
                f"    const int status = {static_name(procedure.name)}(&net);",
                "    if (status != NET_OK)",
                "        return status;",
            ]
        else:
            lines += ["    (void)params;"]
        if not begins:
            lines += self._copied(frame.program, Variable(self.output.name), "result", self.output)
        for key, value in self._in_order(_rows(procedure)):
            lines += self._remembered(frame.program, key, value)
        words = set(re.findall(r"\w+", "\n".join(lines[lines.index("{") :])))
        unused = [d for d in frame.program.dims if d not in words]
        return [*lines, *(f"    (void){d};" for d in unused), "    return NET_OK;", "}"]

    def _remembered(self, program: Program, key: str, value: Operand) -> list[str]:
        """The lines that put a value where it is kept."""
        (one,) = (k for k in self.kept if k.key == key)
        if one.tensor is None:
            return [f"    kept->{key}{'++' if isinstance(value, Place) else ' = 0'};"]
        if value == Variable(one.tensor.name) and one.tensor.name in program.kept:
            return []
        return self._copied(program, value, f"kept->{self.names.tensor(key)}", one.tensor)

    def _copied(self, program: Program, value: Operand, to: str, tensor: Tensor) -> list[str]:
        """A loop over all entries of a tensor."""
        count = product(program.scope.shape(tensor.shape))
        letter = self.names.letter(EVERY) if count.number != 1 else "0"
        text = "0"
        if not isinstance(value, NoState):
            assert isinstance(value, Variable)
            text = f"{self._address(program, value.tensor)}[{letter}]"
        line = Line(f"{to}[{letter}] = {text};")
        return list(lines_of([Loop(letter, count, (line,))] if count.number != 1 else [line]))

    def _address(self, program: Program, tensor: str) -> str:
        if not holds_statements(program.module.procedures[0]):
            return self.names.tensor(tensor)
        if tensor in program.kept:
            return f"kept->{program.kept[tensor]}"
        role = program.table[tensor].role
        own = program.scope.homes[tensor].name
        return f"params->{own}" if role in ("parameter", "buffer") else f"net.{own}"

    def _in_order(self, rows: Iterable[tuple[str, Operand]]) -> list[tuple[str, Operand]]:
        """What is read before it is written over: a value moves one place further back."""
        tensors = {k.key: k.tensor.name for k in self.kept if k.tensor is not None}
        left, result = list(rows), []
        while left:
            row = next(
                r
                for r in left
                if not any(v == Variable(tensors.get(r[0], "")) for k, v in left if k != r[0])
            )
            left.remove(row)
            result.append(row)
        return result


def _rows(procedure: Procedure) -> tuple[tuple[str, Operand], ...]:
    """What a procedure keeps, by keys."""
    returned = procedure.body[-1]
    assert isinstance(returned, Return)
    table = returned.values[-1]
    assert isinstance(table, Table)
    return table.rows
