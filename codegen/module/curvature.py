"""The procedure that forms a matrix of second derivatives, and the update that reads it."""

from __future__ import annotations

from dataclasses import replace

from codegen.module.arguments import converted, measured, unpacked
from codegen.module.context import PARAMS, Context, arguments, read_by, variables
from codegen.module.forward import evaluated, evaluation, shape_text
from codegen.module.partition import curving
from codegen.program.operands import Call, Entry, Operand, Variable
from codegen.program.procedures import Compute, Instruction, Procedure, Return, Unpack
from derive.ir.names import current_of, is_next, next_of
from derive.ir.notation import Add, Equation, Read, affine
from derive.ir.tree import add
from derive.language.printer import equation_text

_CALLED = {"hessian": "hessian", "gauss_newton": "gauss_newton"}
_NAMED = {
    "hessian": "The Hessian of the objective",
    "gauss_newton": "The Gauss-Newton matrix of the objective",
}


def curvature_procedures(context: Context) -> list[Procedure]:
    """The procedure that forms the matrix; none where no update reads one."""
    derivation = context.original
    if not derivation.curvature:
        return []
    matrix = derivation.curvature[-1].tensor
    equations = tuple(curving(derivation))
    body: list[Instruction] = [*unpacked(context, equations)]
    if read_by(equations) & set(evaluated(context)):
        call = evaluation(context)
        body.append(Call(call.procedure, call.arguments, variables(evaluated(context))))
    body += converted(context.data)
    body += measured(context.dims, context.data)
    body.append(Compute(equations, context.windows | {matrix}))
    body.append(Return((Variable(matrix),)))
    kind = derivation.system.training.optimizer.curvature
    shape = shape_text(context.derivation.table[matrix])
    return [
        Procedure(
            _CALLED[kind],
            arguments([PARAMS], variables(context.data)),
            (f"{_NAMED[kind]} by all parameters, one after the other", *shape, "."),
            tuple(body),
        )
    ]


def curvature_update(context: Context) -> tuple[list[Instruction], dict[str, Entry]]:
    """What `train_step` does where all parameters move together, and what lies in dictionaries."""
    derivation = context.original
    training = derivation.system.training
    hyper = [t for t in derivation.tensors if t.role == "hyperparameter"]
    used = read_by(derivation.updates)
    named = zip(hyper, (n for n, _ in training.optimizer.hyperparameters), strict=True)
    rows = tuple((t.name, n) for t, n in named if t.name in used)
    places = {adjoint: Entry("gradient", name) for name, adjoint in derivation.adjoints}
    for name in derivation.system.trainable:
        places[name] = places[next_of(name)] = Entry("params", name)
    matrix = derivation.curvature[-1].tensor
    given: tuple[Operand, ...] = (PARAMS, *variables(context.data))
    body: list[Instruction] = [Unpack("state", rows)] if rows else []
    body.append(Call(_CALLED[training.optimizer.curvature], given, (Variable(matrix),)))
    constants = tuple(replace(t, role="constant") for t in hyper)
    for equation in derivation.updates:
        moved, adds = _moved(equation)
        note = equation_text(equation)
        body.append(Compute((moved,), adds=adds, note=note, tensors=constants))
    return body, places


def _moved(equation: Equation) -> tuple[Equation, bool]:
    """An update that only adds to a parameter, as what it adds."""
    term = equation.terms[0]
    own = Read(current_of(equation.tensor), tuple(affine(a) for a in equation.axes))
    if not is_next(equation.tensor) or not isinstance(term.body, Add):
        return equation, False
    first, *others = term.body.args
    if first != own or len(equation.terms) > 1:
        return equation, False
    return replace(equation, terms=(replace(term, body=add(*others)),)), True
