"""Displays in notebooks, of systems, equations, steps, derivations and reports."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from html import escape

from codegen.latex.formula import Formula
from codegen.latex.index_printer import IndexPrinter
from codegen.latex.symbols import Names
from codegen.report_text import as_text
from derive.checks.report import Report
from derive.ir.derivation import Derivation, Step
from derive.ir.notation import Dim, Equation, Tensor, affine
from derive.ir.system import System
from derive.ir.tree import equation_reads
from derive.language.printer import equation_text

_MOST_LINES = 100


@singledispatch
def formulas(shown: object) -> list[Formula]:
    """The formulas that an object shows; none where it is no mathematics."""
    del shown
    return []


@formulas.register
def _(shown: Equation) -> list[Formula]:
    return [_printer(shown).formula(shown)]


@formulas.register
def _(shown: Step) -> list[Formula]:
    printer = _printer(shown.before, shown.after)
    return [printer.formula(shown.before), printer.formula(shown.after)]


@formulas.register
def _(shown: System) -> list[Formula]:
    printer = IndexPrinter(Names(shown), shown.table)
    return [printer.formula(e) for e in shown.equations]


@formulas.register
def _(shown: Derivation) -> list[Formula]:
    printer = IndexPrinter(Names(shown), shown.table)
    return [printer.formula(e) for e in shown.equations]


def bundle(shown: object) -> dict[str, str]:
    """Every form of an object by its MIME type."""
    result = {"text/plain": text(shown), "text/html": html(shown)}
    formula = latex(shown)
    return result if formula is None else {**result, "text/latex": formula}


def latex(shown: object) -> str | None:
    """Formulas under each other, between dollar signs; None for what has none."""
    inner = bare_latex(shown)
    return None if inner is None else f"$\\displaystyle {inner}$"


def bare_latex(shown: object) -> str | None:
    """The same without dollar signs."""
    result = formulas(shown)
    if not result:
        return None
    rows = [_aligned(f) for f in result]
    return rows[0].replace("&", "", 1) if len(rows) == 1 else _environment(rows)


def html(shown: object) -> str:
    """A table for a report; else the formulas, which a notebook typesets."""
    if isinstance(shown, Report):
        return _table(shown)
    result = latex(shown)
    if result is None:
        return f"<pre>{escape(str(shown))}</pre>"
    heading = (
        f"<p>{escape(shown.rule)}: {escape(shown.reason)}</p>" if isinstance(shown, Step) else ""
    )
    return f"{heading}<div>{escape(result, quote=False)}</div>"


def text(shown: object) -> str:
    """Plain text: the equations in the language in which they are written."""
    match shown:
        case Equation():
            return equation_text(shown)
        case Step():
            return f"{shown.rule}: {shown.reason}\n{_lines((shown.before, shown.after))}"
        case System() | Derivation():
            return _lines(shown.equations)
        case Report():
            return as_text(shown)
        case _:
            return repr(shown)


def _lines(equations: Sequence[Equation]) -> str:
    """An equation a line, the first ones of many."""
    lines = [equation_text(e) for e in equations[:_MOST_LINES]]
    more = len(equations) - _MOST_LINES
    return "\n".join([*lines, f"... and {more} more"] if more > 0 else lines)


def _aligned(formula: Formula) -> str:
    latex = formula.latex()
    return f"{formula.left} &{latex[len(formula.left) + 1 :]}"


def _environment(rows: list[str]) -> str:
    return r"\begin{aligned} " + r" \\ ".join(rows) + r" \end{aligned}"


def _table(report: Report) -> str:
    head = "<tr><th>check</th><th>of</th><th>verdict</th><th></th></tr>"
    rows = "".join(
        "<tr>"
        + "".join(f"<td>{escape(c)}</td>" for c in (r.check, r.name, r.verdict))
        + f"<td>{'<br>'.join(escape(line) for line in (r.detail, *r.notes) if line)}</td></tr>"
        for r in report.rows
    )
    title, verdict = escape(report.title), escape(report.verdict)
    names = ", ".join(f"{written} is {tensor}" for written, tensor in report.names)
    below = f"<p>names: {escape(names)}</p>" if names else ""
    return f"<table><caption>{title}</caption>{head}{rows}</table>{below}<p>{verdict}</p>"


def _printer(*equations: Equation) -> IndexPrinter:
    """A printer for equations by themselves: what they read is as large as their letters say."""
    table: dict[str, Tensor] = {}
    for equation in equations:
        shape = tuple(a.extent for a in equation.axes)
        table[equation.tensor] = Tensor(equation.tensor, shape, "intermediate")
    for read in (r for e in equations for r in equation_reads(e)):
        shape = tuple(
            s.axis.extent if s.axis else affine(Dim(f"{read.tensor}{k}"))
            for k, s in enumerate(read.subscripts)
        )
        table.setdefault(read.tensor, Tensor(read.tensor, shape, "input"))
    system = System("", tuple(table.values()), equations)
    return IndexPrinter(Names(system), table)
