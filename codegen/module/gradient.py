"""The procedures that differentiate."""

from __future__ import annotations

from codegen.module.arguments import converted, measured, unpacked
from codegen.module.context import MODE, PARAMS, Context, arguments, variables
from codegen.module.forward import evaluated, evaluation
from codegen.program.operands import (
    AsNumber,
    Call,
    Entry,
    Literal,
    Operand,
    Own,
    Result,
    Table,
    Variable,
    ZerosLike,
)
from codegen.program.procedures import (
    Argument,
    Compute,
    IfGiven,
    Instruction,
    Let,
    Procedure,
    Put,
    Return,
    Text,
)
from derive.ir.names import current_of
from derive.ir.notation import Equation, Tensor

_INPUTS, _GRADIENT, _BUFFERS = Own("inputs"), Own("gradient"), Own("buffers")


def gradient_procedures(context: Context) -> list[Procedure]:
    """`gradients`; where buffers move, over a procedure that gives their next values too."""
    plan, objective = context.plan, context.derivation.objective
    wrt = [t for t in context.inputs if not t.integer]
    text: Text = (
        "The objective and its derivative by each parameter: (",
        Variable(objective),
        ", {name: array}).",
        *([" With inputs=True also by each input."] if wrt else []),
    )
    given = arguments([PARAMS], variables(context.data))
    asked = (*given, Argument(_INPUTS, Literal(False)), *MODE)
    body = _differentiated(context, wrt)
    value = AsNumber(Variable(objective))
    if not plan.moves:
        return [Procedure("gradients", asked, text, (*body, Return((value, _GRADIENT))))]
    rows = tuple((_next_of(e), Variable(e.tensor)) for e in plan.moves)
    body += [
        Compute(plan.moves, context.windows | {e.tensor for e in plan.moves}),
        Let("buffers", Table(rows)),
        Return((value, _GRADIENT, _BUFFERS)),
    ]
    inner = (*given, *arguments([_INPUTS], context.flags))
    handed: tuple[Operand, ...] = (PARAMS, *variables(context.data), _INPUTS, *context.flags)
    call = Call("_differentiate", handed)
    return [
        Procedure(
            "_differentiate",
            inner,
            ("The objective, its derivatives, and the buffers after this batch.",),
            tuple(body),
        ),
        Procedure("gradients", asked, text, (Return((Result(call, None, 2),)),)),
    ]


def _differentiated(context: Context, wrt: list[Tensor]) -> list[Instruction]:
    """From the arguments to the table of gradients."""
    plan, derivation = context.plan, context.derivation
    call = evaluation(context)
    asked = {derivation.adjoint[n] for n in derivation.wrt if n in derivation.adjoint}
    table = derivation.table
    rows = tuple((n, _gradient_of(context, table[n])) for n in context.system.trainable)
    body: list[Instruction] = [
        *unpacked(context, (*derivation.backward, *plan.moves)),
        Call(call.procedure, call.arguments, variables(evaluated(context))),
        *converted(context.data),
        *measured(context.dims, context.data),
        Compute(plan.train, context.windows | asked),
        Let("gradient", Table(rows)),
    ]
    if wrt:
        more = (Put("gradient", t.name, _gradient_of(context, t)) for t in wrt)
        body.append(IfGiven("inputs", (Compute(plan.extra, context.windows | asked), *more)))
    return body


def _gradient_of(context: Context, tensor: Tensor) -> Operand:
    adjoint = context.derivation.adjoint.get(tensor.name)
    if adjoint is not None and adjoint in context.derived:
        return Variable(adjoint)
    stored = tensor.role == "parameter"
    return ZerosLike(Entry("params", tensor.name) if stored else Variable(tensor.name))


def _next_of(equation: Equation) -> str:
    return current_of(equation.tensor)
