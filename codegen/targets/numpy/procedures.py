"""Procedures -> NumPy functions: their heads, their docstrings, and line by line what they do."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from functools import singledispatchmethod

from codegen.program.facts import may_fail
from codegen.program.nodes import Map, Statement
from codegen.program.operands import (
    AsNumber,
    Call,
    Entry,
    Literal,
    Memory,
    NoState,
    Operand,
    Own,
    Place,
    Result,
    Table,
    Variable,
    ZerosLike,
)
from codegen.program.procedures import (
    Argument,
    AtMost,
    Before,
    Check,
    Convert,
    Counter,
    EachParameter,
    Extent,
    FreshGenerator,
    IfGiven,
    Instruction,
    Let,
    Measure,
    NotEmpty,
    NotNegative,
    Overall,
    Procedure,
    Put,
    Return,
    Sample,
    SetExtent,
    Shape,
    Text,
    Unpack,
    Update,
)
from codegen.program.walk import arrays_in, instructions
from codegen.python_module.line_breaking import LINE, defined, listed, wrap
from codegen.targets.numpy.checks import check_lines, sample_lines
from codegen.targets.numpy.names import LocalNames, Names
from codegen.targets.numpy.optimizer import each_parameter_lines, overall_lines, unpacked
from codegen.targets.numpy.printer import Printer
from derive.ir.notation import Dim, affine


@dataclass(frozen=True)
class Function:
    """One emitted function: the lines that define it, its docstring and its body.

    `quiet`: an arm of a `where` that isn't taken may be undefined.
    """

    head: tuple[str, ...]
    doc: tuple[str, ...]
    lines: tuple[str, ...]
    quiet: bool


def function_of(procedure: Procedure, names: Names) -> Function:
    """A procedure in NumPy."""
    return FunctionPrinter(procedure, names).function()


class FunctionPrinter:
    """Prints one procedure, in the names of its module."""

    def __init__(self, procedure: Procedure, names: Names) -> None:
        self.procedure = procedure
        places = {tensor: f'{e.of}["{e.key}"]' for tensor, e in procedure.places}
        self.names = LocalNames(names, places) if places else names
        self.printer = Printer(self.names, frozenset(places))
        self.extents = {
            affine(Dim(a.what.dim)): self._extent(a.what)
            for a in procedure.arguments
            if isinstance(a.what, Extent)
        }

    def function(self) -> Function:
        """All of it."""
        procedure = self.procedure
        shown = ", ".join(self._argument(a) for a in procedure.arguments)
        return Function(
            tuple(defined(procedure.name, shown)),
            self._doc(procedure.purpose),
            tuple(self.lines(procedure.body, "    ")),
            procedure.masked or _is_quiet(procedure),
        )

    def _argument(self, argument: Argument) -> str:
        match argument.what:
            case Extent():
                name = self._extent(argument.what)
            case Variable() | Own():
                name = self.operand(argument.what)
        default = argument.default
        return name if default is None else f"{name}={self.operand(default)}"

    def _extent(self, extent: Extent) -> str:
        return extent.name or self.names.dim(extent.dim)

    def _doc(self, text: Text) -> tuple[str, ...]:
        """A docstring's lines, with nothing in them that could end it."""
        whole = "".join(self._piece(p) for p in text).replace("\\", "/").replace('"""', "'''")
        return tuple(textwrap.wrap(whole, 78, break_long_words=False, break_on_hyphens=False))

    def _piece(self, piece: str | Variable | Shape) -> str:
        match piece:
            case Variable(tensor):
                return self.names.tensor(tensor)
            case Shape(extents):
                return Printer.entries([self.printer.index(e) for e in extents])
            case str():
                return piece

    # operands

    def operand(self, operand: Operand) -> str:
        """The source of an operand."""
        match operand:
            case Variable(tensor):
                return self.names.tensor(tensor)
            case Own(name):
                return name
            case Literal(value):
                return repr(value)
            case Entry(of, key):
                return f'{of}["{key}"]'
            case Place(axis, plus):
                letter = self.names.letter(axis)
                return f"{letter} + {plus}" if plus else letter
            case AsNumber(of):
                return f"float({self.operand(of)})"
            case ZerosLike(like):
                kind = "" if isinstance(like, Entry) else f", dtype={self.names.dtype}"
                return f"np.zeros_like({self.operand(like)}{kind})"
            case NoState(shape, integer):
                extents = [self.extents.get(e) or self.printer.index(e) for e in shape]
                kind = "np.intp" if integer else self.names.dtype
                return f"np.zeros({Printer.entries(extents)}, dtype={kind})"
            case Call(name, arguments, _, named):
                shown = [self.operand(a) for a in arguments]
                shown += [f"{key}={self.operand(a)}" for key, a in named]
                return f"{name}({', '.join(shown)})"
            case Result(call, position, first):
                picked = f":{first}" if position is None else position
                return f"{self.operand(call)}[{picked}]"
            case Table():
                return f"{{{', '.join(self._rows(operand))}}}"
            case Memory():
                return _memory(operand)

    def _rows(self, table: Table) -> list[str]:
        shown = ["**HYPERPARAMETERS"] * len(table.before)
        return shown + [f'"{key}": {self.operand(value)}' for key, value in table.rows]

    def _filled(self, left: str, table: Table) -> list[str]:
        """A dictionary behind `left`, its entries on lines of their own where they are many."""
        rows = self._rows(table)
        line = f"{left}{{{', '.join(rows)}}}"
        if len(line) <= LINE:
            return [line]
        return [f"{left}{{", *(f"        {row}," for row in rows), "    }"]

    # instructions

    def lines(self, body: Iterable[Instruction], indent: str) -> list[str]:
        """The source lines of instructions."""
        return [line for one in body for line in self._instruction(one, indent)]

    @singledispatchmethod
    def _instruction(self, one: Instruction, indent: str) -> list[str]:
        assert isinstance(one, Statement), f"no NumPy for {type(one).__name__}"
        return self.printer.lines([one], indent)

    @_instruction.register
    def _unpack(self, one: Unpack, indent: str) -> list[str]:
        names = LocalNames() if one.of == "state" else self.names
        rows = [(names.tensor(t), f'{one.of}["{key}"]') for t, key in one.rows]
        return unpacked(rows, indent)

    @_instruction.register
    def _check(self, one: Check, indent: str) -> list[str]:
        return check_lines(one, self.printer, self.operand(one.source), indent)

    @_instruction.register
    def _measure(self, one: Measure, indent: str) -> list[str]:
        array = self.names.tensor(one.tensor)
        source = f"{array}.shape[{one.position}]" if one.position else f"len({array})"
        return [f"{indent}{self.names.dim(one.dim)} = {source}"]

    @_instruction.register
    def _set_extent(self, one: SetExtent, indent: str) -> list[str]:
        return [f"{indent}{self.names.dim(one.dim)} = {one.argument}"]

    @_instruction.register
    def _convert(self, one: Convert, indent: str) -> list[str]:
        name = self.names.tensor(one.tensor)
        kind = "np.intp" if one.integer else self.names.dtype
        return [f"{indent}{name} = np.asarray({name}, dtype={kind})"]

    @_instruction.register
    def _at_most(self, one: AtMost, indent: str) -> list[str]:
        code = self.printer.index(one.extent)
        text = f'f"a sequence has {{{code}}} places, and there is room for {one.most}"'
        return _refused(f"{code} > {one.most}", text, indent)

    @_instruction.register
    def _not_negative(self, one: NotNegative, indent: str) -> list[str]:
        text = f'"{one.tensor} holds NaN or a number below 0"'
        return _refused(f"not np.all({self.names.tensor(one.tensor)} >= 0)", text, indent)

    @_instruction.register
    def _not_empty(self, one: NotEmpty, indent: str) -> list[str]:
        text = '"the batch has 0 rows, and there is nothing to compute"'
        return _refused(f"{self.names.dim(one.dim)} == 0", text, indent)

    @_instruction.register
    def _counter(self, one: Counter, indent: str) -> list[str]:
        return [f"{indent}{self.names.letter(one.axis)} = {self.operand(one.source)}"]

    @_instruction.register
    def _before(self, one: Before, indent: str) -> list[str]:
        counter = self.names.letter(one.axis)
        return _refused(
            f"{counter} >= {one.length}", f'"a sequence has {one.length} places"', indent
        )

    @_instruction.register
    def _generator(self, one: FreshGenerator, indent: str) -> list[str]:
        return [f"{indent}rng = np.random.default_rng() if rng is None else rng"]

    @_instruction.register
    def _sample(self, one: Sample, indent: str) -> list[str]:
        return sample_lines(one, self.printer, indent)

    @_instruction.register
    def _call(self, one: Call, indent: str) -> list[str]:
        return listed("", [self.operand(r) for r in one.results], f" = {self.operand(one)}")

    @_instruction.register
    def _let(self, one: Let, indent: str) -> list[str]:
        assert isinstance(one.value, Table)
        return self._filled(f"{indent}{one.name} = ", one.value)

    @_instruction.register
    def _put(self, one: Put, indent: str) -> list[str]:
        return wrap(f'{indent}{one.of}["{one.key}"] = ', self.operand(one.value), indent)

    @_instruction.register
    def _if_given(self, one: IfGiven, indent: str) -> list[str]:
        return [f"{indent}if {one.flag}:", *self.lines(one.body, indent + "    ")]

    @_instruction.register
    def _overall(self, one: Overall, indent: str) -> list[str]:
        return overall_lines(one, indent)

    @_instruction.register
    def _each_parameter(self, one: EachParameter, indent: str) -> list[str]:
        return each_parameter_lines(one, indent)

    @_instruction.register
    def _update(self, one: Update, indent: str) -> list[str]:
        return [f"{indent}{one.of}.update({one.entries})"]

    @_instruction.register
    def _return(self, one: Return, indent: str) -> list[str]:
        *values, last = one.values
        shown = [self.operand(v) for v in values]
        if isinstance(last, Table):
            before = "".join(f"{code}, " for code in shown)
            return self._filled(f"{indent}return {before}", last)
        if not values and not isinstance(last, Variable | Own):
            return wrap(f"{indent}return ", self.operand(last), indent)
        return listed("return ", [*shown, self.operand(last)])


def _refused(condition: str, text: str, indent: str) -> list[str]:
    return [f"{indent}if {condition}:", f"{indent}    raise ValueError({text})"]


def _memory(memory: Memory) -> str:
    """Zeros for each parameter of which something is kept."""
    which = " or ".join(f"params[name].ndim == {k}" for k in memory.ranks)
    which += " and ".join(f"params[name].ndim != {k}" for k in memory.other_than)
    condition = f" if {which}" if which else ""
    return f"{{name: np.zeros_like(params[name]) for name in PARAMETERS{condition}}}"


def _is_quiet(procedure: Procedure) -> bool:
    """Whether a `where` works out an arm that it doesn't take and that may be undefined."""
    return any(
        isinstance(array, Map) and array.function == "where" and any(map(may_fail, array.args[1:]))
        for one in instructions(procedure.body)
        if not isinstance(one, Overall | EachParameter)
        for array in arrays_in(one)
    )
