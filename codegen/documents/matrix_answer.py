"""The answers to what was asked in matrix notation, in one of several forms."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from codegen.latex.array_printer import NoTex, TexPrinter
from codegen.latex.index_printer import IndexPrinter
from codegen.latex.symbols import Names as Symbols
from codegen.pipeline import array_program
from codegen.program.operands import Variable
from codegen.program.procedures import (
    Argument,
    Compute,
    Instruction,
    Measure,
    Module,
    Procedure,
    Return,
)
from codegen.python_module.emitted_source import helper_text
from codegen.python_module.tables import SPECIAL
from codegen.targets.numpy.array_expressions import ArrayFunction, array_function
from codegen.targets.numpy.names import Names
from codegen.targets.numpy.procedures import function_of
from codegen.targets.numpy.runtime_calls import runtime_calls
from derive.arrays.entries import extent_text
from derive.arrays.printer import text
from derive.errors import ChainruleError, meant, shown
from derive.ir.notation import Affine, Dim, Tensor, affine
from derive.ir.runtime_extents import dims_of
from derive.language.printer import equation_text
from derive.matrix_calculus.derivatives import Answer, Answers

FORMATS = ("text", "tex", "py", "md", "json")
SCHEMA = "chainrule/expression/1"


def written(answers: Answers, form: str) -> str:
    """The answers in a form out of `FORMATS`, with a line's end. Raises `ChainruleError`."""
    match form:
        case "text":
            return f"{answers}\n"
        case "tex":
            return _Formulas(answers).lines()
        case "md":
            return _Formulas(answers).markdown()
        case "py":
            return _functions(answers)
        case "json":
            return json.dumps(_data(answers), indent=2, ensure_ascii=False) + "\n"
        case _:
            raise ChainruleError(
                f"format: unknown {shown(form)}{meant(form, FORMATS)}; known: {', '.join(FORMATS)}"
            )


# ---- LaTeX ---------------------------------------------------------------------------------------


class _Formulas:
    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.names = Symbols(answers.derivation)
        self.index = IndexPrinter(self.names, answers.derivation.table)

    def printer(self, answer: Answer) -> TexPrinter:
        """Prints the nodes of an answer."""
        return TexPrinter(self.names, answer.is_number, answer.is_vector)

    def right(self, answer: Answer) -> str | None:
        """The derivative in matrices; None where there is no such form."""
        if answer.value is None:
            return None
        printer = self.printer(answer)
        try:
            result = printer.latex(answer.value)
            parts = [f"{self.names[n]} = {printer.latex(v)}" for n, v in answer.where]
        except NoTex:
            return None
        return result + (r", \quad " + r",\; ".join(parts) if parts else "")

    def by_indices(self, answer: Answer) -> list[str]:
        """The derivative by indices, and what it reads before."""
        *before, last = answer.equations
        result = [self.index.formula(e).latex() for e in before]
        if last.tensor in self.answers.derivation.table:
            return [*result, self.index.formula(last).latex()]
        count = len(self.answers.asked.shapes[answer.of])
        of = self.index.integers.entry(answer.of, tuple(map(affine, last.axes[:count])))
        by = self.index.integers.entry(answer.wrt, tuple(map(affine, last.axes[count:])))
        value = self.index.right(last.terms).text
        return [*result, _flat(rf"\frac{{\partial {of}}}{{\partial {by}}} = {value}")]

    def lines(self) -> str:
        """One line an answer: its value where there is one answer."""
        result: list[str] = []
        alone = len(self.answers.each) == 1
        for answer in self.answers.each:
            value = self.right(answer)
            if value is None:
                result += self.by_indices(answer)
            else:
                result.append(value if alone else f"{self.left(answer)} = {value}")
        return "\n".join([*result, ""])

    def left(self, answer: Answer) -> str:
        """The derivative's name."""
        of, by = self.names.of(answer.of), self.names.of(answer.wrt)
        return rf"\frac{{\partial {of}}}{{\partial {by}}}"

    def markdown(self) -> str:
        """The expression and its derivatives as formulas between dollars."""
        asked = self.answers.asked
        result: list[str] = []
        try:
            whole = self.printer(self.answers.each[0]).latex(asked.value)
            result.append(f"$${self.names.of(asked.result)} = {whole}$$")
        except NoTex:
            pass
        for answer in self.answers.each:
            value = self.right(answer)
            if value is None:
                result += [f"$${line}$$" for line in self.by_indices(answer)]
            else:
                result.append(f"$${self.left(answer)} = {value}$$")
        return "\n\n".join(result) + "\n"


def _flat(latex: str) -> str:
    return "".join(c for c in latex if c >= " ")


# ---- NumPy ---------------------------------------------------------------------------------------


def _functions(answers: Answers) -> str:
    """A module: what is imported, then what several functions call, then a function an answer."""
    asked = answers.asked
    kind = "jacobian" if asked.shapes[asked.result] else "gradient"
    alone = len(answers.each) == 1
    result: list[ArrayFunction] = []
    for answer in answers.each:
        name = kind if alone else f"{kind}_{answer.wrt}"
        shape = f"({', '.join(map(extent_text, answer.shape))}{',' * (len(answer.shape) == 1)})"
        of = text(asked.value)
        doc = f"The derivative of {of} by {answer.wrt}" + (
            f", of the shape {shape}." if answer.shape else "."
        )
        shapes = asked.declared.shapes
        result.append(
            _by_indices(answers, answer, name, doc)
            if answer.value is None
            else array_function(name, doc, answer.value, answer.where, shapes, answer.shape)
        )
    special = sorted({name for f in result for name in f.special})
    imports = [f"from scipy.special import {', '.join(special)}"] if special else []
    helpers = dict.fromkeys(helper for f in result for helper in f.helpers)
    functions = ["\n".join(f.lines) for f in result]
    return "\n\n\n".join(["\n".join(["import numpy as np", *imports]), *helpers, *functions]) + "\n"


def _by_indices(answers: Answers, answer: Answer, name: str, doc: str) -> ArrayFunction:
    """A function of the equations that give a derivative, array by array."""
    table = dict(answers.derivation.table)
    for equation in answer.equations:
        shape = tuple(a.extent for a in equation.axes)
        table.setdefault(equation.tensor, Tensor(equation.tensor, shape, "intermediate"))
    given = list(answers.asked.declared.shapes)
    dims = tuple(sorted(dims_of(table.values())))
    measures = (
        Measure(dim, tensor, axis)
        for dim, (tensor, axis) in _walked(answers.asked.declared.shapes).items()
    )
    last = Return((Variable(answer.equations[-1].tensor),))
    body: tuple[Instruction, ...] = (*measures, Compute(tuple(answer.equations)), last)
    taken = tuple(Argument(Variable(n)) for n in given)
    procedure = Procedure(name, taken, (doc,), body)
    module = array_program(Module(name, "", (), tuple(table.values()), dims, (), (), (procedure,)))
    names = Names([*given, *(e.tensor for e in answer.equations)], dims, dtype="float")
    function = function_of(module.procedures[0], names)
    lines = (*function.head, f'    """{doc}"""', *function.lines)
    calls = runtime_calls(module)
    special = frozenset(SPECIAL.values()) & calls
    return ArrayFunction(lines, special, tuple(helper_text(calls)))


def _walked(shapes: Mapping[str, Sequence[Affine]]) -> dict[str, tuple[str, int]]:
    result: dict[str, tuple[str, int]] = {}
    for name, shape in shapes.items():
        for axis, extent in enumerate(shape):
            for atom, _ in extent.terms:
                if isinstance(atom, Dim):
                    result.setdefault(atom.name, (name, axis))
    return result


# ---- data ----------------------------------------------------------------------------------------


def _data(answers: Answers) -> dict[str, object]:
    asked = answers.asked
    formulas = _Formulas(answers)
    rows: list[dict[str, object]] = []
    for answer in answers.each:
        shape: Sequence[Affine] = answer.shape
        rows.append(
            {
                "of": answer.of,
                "wrt": answer.wrt,
                "shape": [e.number if e.number is not None else extent_text(e) for e in shape],
                "matrix": None if answer.value is None else text(answer.value),
                "where": {n: text(v) for n, v in answer.where},
                "tex": formulas.right(answer),
                "equations": [equation_text(e) for e in answer.equations],
            }
        )
    return {"schema": SCHEMA, "expression": text(asked.value), "derivatives": rows}
