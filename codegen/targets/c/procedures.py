"""Procedures as static functions over one `struct net`, which knows where everything lies."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import singledispatchmethod

from codegen.program.nodes import Statement
from codegen.program.operands import Call, Result, Variable, ZerosLike
from codegen.program.procedures import (
    EVERY,
    AtMost,
    Before,
    Check,
    Convert,
    Counter,
    FreshGenerator,
    IfGiven,
    Instruction,
    Let,
    Measure,
    NotEmpty,
    NotNegative,
    Procedure,
    Put,
    Return,
    Sample,
    SetExtent,
    Shape,
    Unpack,
)
from codegen.program.walk import instructions
from codegen.targets.c.draws import sample_nodes
from codegen.targets.c.integers import variable, whole
from codegen.targets.c.loops import Branch, Line, Node, lines_of
from codegen.targets.c.program import TRAINING, Program
from codegen.targets.c.scope import Unserved
from codegen.targets.c.statements import statement_nodes
from codegen.targets.c.text import comment, literal, wrapped
from codegen.targets.c.walks import Walks

STATUS = (
    ("NET_OK", "done"),
    ("NET_EMPTY", "the batch has 0 rows, and there is nothing to compute"),
    ("NET_TOO_LONG", "a sequence has more places than there is room for"),
    ("NET_NO_PLACE", "whole numbers hold one that is no place"),
    ("NET_NEGATIVE", "weights hold NaN or a number below 0"),
    ("NET_ARENA", "the arena is smaller than its size function says, or not aligned"),
    ("NET_SIZE", "an extent is below 0 or beyond NET_MOST"),
)


def functions_of(procedures: Iterable[Procedure], program: Program) -> list[FunctionPrinter]:
    """Procedures as static functions; their texts may be asked for when the arena is laid out."""
    result = [FunctionPrinter(p, program) for p in procedures]
    program.bodies |= {f.name: f.nodes for f in result}
    return result


class FunctionPrinter:
    """Prints one procedure."""

    def __init__(self, procedure: Procedure, program: Program) -> None:
        self.procedure = procedure
        self.program = program
        self.scope = program.scope
        self.scope.used.touched, self.scope.used.changed = {}, set()
        self.name = static_name(procedure.name)
        self.nodes = [node for one in procedure.body for node in self._instruction(one)]
        self.changed = self.scope.used.changed

    def text(self) -> str:
        """All of it."""
        body = spaced(list(lines_of([*self.nodes, Line("return NET_OK;")])))
        head = [
            *comment(purpose_of(self.procedure, self.program)),
            f"static int {self.name}(const struct {self.program.struct} *net)",
            "{",
        ]
        return "\n".join([*head, *self._unpacked(body), *body, "}"])

    def _unpacked(self, body: list[str]) -> list[str]:
        """The lines that give names of their own to what the body mentions."""
        words = set(re.findall(r"\b[A-Za-z_]\w*", _without_comments(body)))
        program, names = self.program, self.program.names
        dims = [names.dim(d) for d in program.module.dims if names.dim(d) in words]
        lines = [f"const integer {', '.join(f'{d} = net->{d}' for d in dims)};"] if dims else []
        if TRAINING in words:
            lines.append(f"const int {TRAINING} = net->{TRAINING};")
        for tensor in program.having("constant"):
            name = self.scope.homes[tensor.name].name
            if name in words:
                assert tensor.value is not None
                value, _ = literal(float(tensor.value), False)
                lines.append(f"const double {name} = {value};")
        for key, name in self._numbers():
            if name in words:
                lines.append(f"const double {name} = net->state->{key};")
        lines += self._pointers(words)
        lines = [row for line in lines for row in wrapped(line, "    ")]
        return [*lines, ""] if lines else []

    def _pointers(self, words: set[str]) -> list[str]:
        """The lines that declare pointers; of values in one place, the second is the first one."""
        result = []
        for name, source, kind in self._variables():
            if name in words:
                const = "" if name in self.changed else "const "
                result.append(f"{const}{kind} *restrict {name} = net->{source};")
        for slot in self.program.slots:
            first, *others = [n for n in slot.names if n in words] or [""]
            if not first:
                continue
            kind = "real" if self.changed & {first, *others} else "const real"
            result.append(f"{kind} *restrict {first} = net->{first};")
            for kind, same in (
                ("real", [n for n in others if n in self.changed]),
                ("const real", [n for n in others if n not in self.changed]),
            ):
                if same:
                    result.append(f"{kind} {', '.join(f'*{n} = {first}' for n in same)};")
        return result

    def _numbers(self) -> list[tuple[str, str]]:
        """The numbers of the optimiser's state: their keys, and the variables that hold them."""
        unpacked = [i for i in self.procedure.body if isinstance(i, Unpack) and i.of == "state"]
        return [(key, self.scope.homes[t].name) for one in unpacked for t, key in one.rows]

    def _variables(self) -> list[tuple[str, str, str]]:
        """What the struct has beside the arena: (name, where it is, its kind)."""
        program, homes = self.program, self.scope.homes
        rows = []
        for tensor in program.data:
            home = homes[tensor.name]
            rows.append((home.name, home.name, "integer" if home.integer else "real"))
        for tensor in program.having("parameter", "buffer"):
            name = homes[tensor.name].name
            where = "moved" if name in self.changed else "params"
            rows.append((name, f"{where}->{name}", "real"))
        for kept, key in program.kept.items():
            kind = "integer" if homes[kept].integer else "real"
            rows.append((homes[kept].name, f"kept->{key}", kind))
        for key, adjoint in program.gradient_rows:
            if adjoint is not None:
                rows.append((homes[adjoint].name, f"gradient->{homes[key].name}", "real"))
        return rows

    # instructions

    @singledispatchmethod
    def _instruction(self, one: Instruction) -> list[Node]:
        if not isinstance(one, Statement):
            raise Unserved(f"target c: no C yet for {type(one).__name__}; use target numpy")
        return statement_nodes([one], self.scope)

    @_instruction.register
    def _nothing(
        self, one: Unpack | Measure | Convert | FreshGenerator | SetExtent | Return
    ) -> list[Node]:
        return []

    @_instruction.register
    def _check(self, one: Check) -> list[Node]:
        nodes: list[Node] = []
        for row in one.places:
            home = self.scope.home(one.tensor)
            entry = f"{home.name}[{self._place()}]"
            allowed = [f"{entry} >= 0 && {entry} < {self.scope.integer(row.extent)}"]
            allowed += [f"{entry} == {other}" for other in row.besides]
            shown = f"({allowed[0]})" if len(allowed) > 1 else allowed[0]
            condition = f"!({' || '.join([shown, *allowed[1:]])})"
            nodes += self._each(one.tensor, condition, "NET_NO_PLACE")
        return nodes

    def _each(self, tensor: str, condition: str, status: str) -> list[Node]:
        count = self.program.count(tensor)
        inner = Branch(condition, (Line(f"return {status};"),))
        return Walks(self.scope).loops([self._place()], [count], lambda _: [inner])

    def _place(self) -> str:
        """The variable of a loop over all entries."""
        return self.scope.names.letter(EVERY)

    @_instruction.register
    def _at_most(self, one: AtMost) -> list[Node]:
        condition = f"{self.scope.integer(one.extent)} > {one.most}"
        return [Branch(condition, (Line("return NET_TOO_LONG;"),))]

    @_instruction.register
    def _counter(self, one: Counter) -> list[Node]:
        letter = self.scope.names.letter(one.axis)
        self.scope.letters[one.axis] = variable(letter)
        self.scope.reach[letter] = variable("places()")  # how many there are nothing tells
        return [Line(f"const integer {letter} = net->kept->{one.source.key};")]

    @_instruction.register
    def _before(self, one: Before) -> list[Node]:
        letter = self.scope.names.letter(one.axis)
        self.scope.reach[letter] = whole(one.length)
        condition = f"{letter} < 0 || {letter} >= {one.length}"
        return [Branch(condition, (Line("return NET_TOO_LONG;"),))]

    @_instruction.register
    def _not_negative(self, one: NotNegative) -> list[Node]:
        name = self.scope.home(one.tensor).name
        return self._each(one.tensor, f"!({name}[{self._place()}] >= 0)", "NET_NEGATIVE")

    @_instruction.register
    def _not_empty(self, one: NotEmpty) -> list[Node]:
        condition = f"{self.scope.dims[one.dim]} <= 0"
        return [Branch(condition, (Line("return NET_EMPTY;"),))]

    @_instruction.register
    def _sample(self, one: Sample) -> list[Node]:
        return sample_nodes(one, self.scope)

    @_instruction.register
    def _call(self, one: Call) -> list[Node]:
        names = [r.tensor for r in one.results if isinstance(r, Variable)]
        called = self.program.procedure(one.procedure)
        assert called is not None
        returned = called.body[-1]
        assert isinstance(returned, Return)
        assert names == [v.tensor for v in returned.values if isinstance(v, Variable)]
        name = static_name(one.procedure)
        return [
            Line(f"const int status = {name}(net);"),
            Branch("status != NET_OK", (Line("return status;"),)),
        ]

    @_instruction.register
    def _let(self, one: Let) -> list[Node]:
        if one.name != "gradient":
            return []
        nodes: list[Node] = []
        direct = dict(self.program.gradient_rows)
        for key, value in self.program.gradient_table:
            if direct[key] is None:
                place = f"net->gradient->{self.scope.homes[key].name}"
                nodes.append(self._given(value, place, str(self.program.count(key))))
        return nodes

    def _given(self, value: object, place: str, count: str) -> Node:
        """A derivative that is zero, or that lies elsewhere."""
        if isinstance(value, ZerosLike):
            self.scope.used.functions.add("fill")
            return Line(f"fill({count}, 0, {place});")
        assert isinstance(value, Variable)
        self.scope.used.functions.add("copy")
        return Line(f"copy({count}, {self.scope.home(value.tensor).name}, {place});")

    @_instruction.register
    def _if_given(self, one: IfGiven) -> list[Node]:
        nodes = [node for inside in one.body for node in self._instruction(inside)]
        return [Branch("net->inputs", tuple(nodes))]

    @_instruction.register
    def _put(self, one: Put) -> list[Node]:
        home = self.scope.homes[one.key]
        given = self._given(one.value, f"net->d_{home.name}", str(self.program.count(one.key)))
        return [Branch(f"net->d_{home.name}", (given,))]


def purpose_of(procedure: Procedure, program: Program) -> str:
    """What a procedure is for, in the names of the text."""
    parts = []
    for part in procedure.purpose:
        match part:
            case Variable(tensor):
                parts.append(program.names.tensor(tensor))
            case Shape(extents):
                parts.append(f"({', '.join(map(str, program.scope.shape(extents)))})")
            case str():
                parts.append(part)
    return "".join(parts)


def static_name(procedure: str) -> str:
    """What a static function is called."""
    return {"gradients": "differentiate"}.get(procedure, procedure.lstrip("_"))


def holds_statements(procedure: Procedure) -> bool:
    """Whether a procedure works something out itself."""
    return any(isinstance(i, Statement) for i in instructions(procedure.body))


def called_by(procedure: Procedure) -> Call | Result | None:
    """The call whose value a procedure hands on."""
    last = procedure.body[-1]
    assert isinstance(last, Return)
    (value,) = last.values
    inner = getattr(value, "of", value)
    return inner if isinstance(inner, Call | Result) else None


def spaced(lines: Iterable[str]) -> list[str]:
    """Lines with a blank one before each comment that doesn't begin a block."""
    result: list[str] = []
    for line in lines:
        opens = not result or result[-1].endswith("{") or not result[-1].strip()
        if line.lstrip().startswith("/*") and not opens:
            result.append("")
        result.append(line)
    return result


def _without_comments(lines: list[str]) -> str:
    return re.sub(r"/\*.*?\*/", " ", "\n".join(lines), flags=re.DOTALL)
