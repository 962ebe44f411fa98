"""The emitted matrix of second derivatives, and the update that reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from codegen.lowering.equation import lower_equation
from codegen.module.partition import curving
from codegen.program.nodes import Assign
from codegen.targets.numpy.functions.frame import Frame
from codegen.targets.numpy.functions.function import Function, wrapped
from codegen.targets.numpy.functions.train_step import Update
from codegen.targets.numpy.line_breaking import comment, listed, wrap
from codegen.targets.numpy.names import Names
from codegen.targets.numpy.printer import Printer
from derive.ir.notation import (
    Add,
    Equation,
    Read,
    affine,
)
from derive.ir.tree import add, equation_reads
from derive.language.printer import equation_text

_CALLED = {"hessian": "hessian", "gauss_newton": "gauss_newton"}
_TOLD = {
    "hessian": "The Hessian of the objective",
    "gauss_newton": "The Gauss-Newton matrix of the objective",
}


def curvature_functions(frame: Frame) -> list[Function]:
    """The function that forms the matrix; none where no update reads one."""
    derivation = frame.original
    if not derivation.curvature:
        return []
    writer = frame.writer
    matrix = derivation.curvature[-1]
    equations = curving(derivation)
    given = (*frame.inputs, *frame.targets)
    body = writer.body(equations, {matrix.tensor})
    sizes = writer.sizes(body, given)
    used = {r.tensor for e in equations for r in equation_reads(e)}
    values = writer.returned([derivation.objective, *frame.plan.from_late])
    lines = [*writer.unpack(equations)]
    if used & {derivation.objective, *frame.plan.from_late}:
        lines += listed("", values, f" = _evaluate(params{frame.data_arguments}{frame.inner})")
    lines += writer.arrays([t for t in given if t.name in used or writer.measured(t, sizes)])
    lines += [*sizes, *body, f"    return {writer.names.tensor(matrix.tensor)}"]
    kind = derivation.system.training.curvature
    doc = (
        f"{_TOLD[kind]} by all parameters, one after the other{writer.shape_words(matrix.tensor)}."
    )
    name, quiet = _CALLED[kind], writer.was_quiet()
    return [Function(name, f"params{frame.data_arguments}", wrapped(doc), tuple(lines), quiet)]


class _Locals(Names):
    """What tensors are in `train_step`."""

    def __init__(self, names: Names, places: Mapping[str, str]) -> None:
        super().__init__((), ())
        self._names = names
        self._places = dict(places)

    def tensor(self, name: str) -> str:
        """The variable, or the entry of a dict."""
        return self._places.get(name) or self._names.tensor(name)


def curvature_update(frame: Frame) -> Update:
    """The lines of `train_step` where all parameters move together."""
    derivation = frame.original
    training = derivation.system.training
    hyper = [t for t in derivation.tensors if t.role == "hyperparameter"]
    used = {r.tensor for e in derivation.updates for r in equation_reads(e)}
    named = zip(hyper, (n for n, _ in training.hyperparameters), strict=True)
    read = [(t.name, n) for t, n in named if t.name in used]
    places: dict[str, str] = {}
    for name, adjoint in derivation.adjoints:
        places[adjoint] = f'gradient["{name}"]'
    for name in derivation.system.trainable:
        places[name] = places[f"next({name})"] = f'params["{name}"]'
    matrix = derivation.curvature[-1].tensor
    printer = Printer(_Locals(frame.names, places | {t: t for t, _ in read}))
    lines = []
    if read:
        left = ", ".join(printer.names.tensor(t) for t, _ in read)
        right = ", ".join(f'state["{n}"]' for _, n in read)
        lines.append(f"    {left} = {right}")
    call = f"{_CALLED[training.curvature]}(params{frame.data_arguments})"
    lines += wrap(f"    {printer.names.tensor(matrix)} = ", call, "    ")
    table = {
        n: replace(t, role="constant") if t.role == "hyperparameter" else t
        for n, t in derivation.table.items()
    }
    for equation in derivation.updates:
        lines += comment(equation_text(equation), "    ")
        told, op = _moved(equation)
        (statement,) = lower_equation(told, table)
        assert isinstance(statement, Assign)
        if not equation.tensor.startswith("next("):
            # an array of its own, which others are joined with: nothing broadcasts later
            own = replace(statement, picks=None, note="")
            lines += printer.lines([own], "    ")
            continue
        value, op = printer.right_side(statement.value, statement.axes, op)
        lines += wrap(f"    {printer.names.tensor(equation.tensor)} {op} ", value, "    ")
    frame.writer.printer.helpers.update(printer.helpers)
    return Update(tuple(lines), ("**HYPERPARAMETERS",) if hyper else (), remembers=False)


def _moved(equation: Equation) -> tuple[Equation, str]:
    """An update that only adds to a parameter, as what it adds; the operator before it."""
    term = equation.terms[0]
    own = Read(equation.tensor[5:-1], tuple(affine(a) for a in equation.axes))
    if not equation.tensor.startswith("next(") or not isinstance(term.body, Add):
        return equation, "="
    first, *others = term.body.args
    if first != own or len(equation.terms) > 1:
        return equation, "="
    return replace(equation, terms=(replace(term, body=add(*others)),)), "+="
