"""The procedures that go forward: `forward`, `probabilities`, `loss`, and what they call."""

from __future__ import annotations

from collections.abc import Sequence

from codegen.module.arguments import (
    checked,
    converted,
    drawn,
    generator,
    measured,
    not_empty,
    over_batch,
    unpacked,
)
from codegen.module.context import (
    MODE,
    PARAMS,
    RNG,
    TRAINING,
    Context,
    arguments,
    listing,
    variables,
)
from codegen.program.operands import AsNumber, Call, Literal, Operand, Result, Variable
from codegen.program.procedures import Compute, Instruction, Procedure, Return, Shape, Text, Unpack
from derive.ir.notation import Tensor
from derive.language.printer import equation_text

_GIVEN = ("input", "parameter", "buffer", "constant")  # what nothing computes


def forward_procedures(context: Context) -> list[Procedure]:
    """`_propagate` up to the output, `_evaluate` on to the objective, and what calls them."""
    result = [_propagate(context)] if context.plan.early else []
    result += [_evaluate(context), _forward(context)]
    system = context.system
    if system.probabilities is not None and system.probabilities != system.output:
        result.append(_probabilities(context, system.probabilities))
    return [*result, _loss(context)]


def evaluation(context: Context) -> Call:
    """The call that gives the objective and what a gradient needs."""
    return Call("_evaluate", (PARAMS, *variables(context.data), *context.flags))


def evaluated(context: Context) -> list[str]:
    """The tensors that `_evaluate` returns."""
    return [context.derivation.objective, *context.plan.from_late]


def _propagation(context: Context, flags: Sequence[Operand]) -> Call:
    return Call("_propagate", (PARAMS, *variables(context.inputs), *flags))


def _propagate(context: Context) -> Procedure:
    plan = context.plan
    body = [
        *unpacked(context, plan.early),
        *checked(context.bounds, context.inputs),
        *(not_empty(context) if over_batch(context, plan.early) else ()),
        *generator(context),
        *drawn(context),
        Compute(plan.early, context.windows),
        Return(variables(plan.from_early)),
    ]
    return Procedure(
        "_propagate",
        arguments([PARAMS], variables(context.inputs), context.flags),
        ("Forward propagation; returns ", *listing(plan.from_early), "."),
        tuple(body),
    )


def _evaluate(context: Context) -> Procedure:
    plan = context.plan
    body: list[Instruction] = [*unpacked(context, plan.late)]
    if plan.early:
        call = _propagation(context, context.flags)
        body.append(Call(call.procedure, call.arguments, variables(plan.from_early)))
        body += converted(context.inputs)
        body += measured(context.dims, context.inputs)
        body += checked(context.bounds, context.targets, known=context.inputs)
        body += not_empty(context)
    else:
        body += checked(context.bounds, context.data)
        body += not_empty(context)
        body += [*generator(context), *drawn(context)]
    body.append(Compute(plan.late, context.windows))
    body.append(Return(variables(evaluated(context))))
    return Procedure(
        "_evaluate",
        arguments([PARAMS], variables(context.data), context.flags),
        (
            "The objective and what its gradient needs: ",
            *listing(evaluated(context)),
            ".",
        ),
        tuple(body),
    )


def _forward(context: Context) -> Procedure:
    output, objective = context.system.output, context.derivation.objective
    table = context.derivation.table
    if output is not None and table[output].role in _GIVEN:
        return _given(context, table[output])
    if output is not None and context.plan.early and output in context.plan.from_early:
        call = _propagation(context, context.flags)
        return Procedure(
            "forward",
            (*arguments([PARAMS], variables(context.inputs)), *MODE),
            ("The output ", Variable(output), *shape_text(table[output]), "."),
            (Return((_picked(call, context.plan.from_early, output),)),),
        )
    shown = objective if output is None else output
    if shown not in evaluated(context):
        shown = objective
    what = "objective" if shown == objective else "output"
    return Procedure(
        "forward",
        (*arguments([PARAMS], variables(context.data)), *MODE),
        (f"The {what} ", Variable(shown), "."),
        (Return((_picked(evaluation(context), evaluated(context), shown),)),),
    )


def _given(context: Context, output: Tensor) -> Procedure:
    """`forward` where the output is an input or a parameter, under whatever name."""
    body: list[Instruction] = []
    if output in context.stored:
        body.append(Unpack("params", ((output.name, output.name),)))
    body += checked(context.bounds, context.inputs)
    body.append(Return((Variable(output.name),)))
    return Procedure(
        "forward",
        (*arguments([PARAMS], variables(context.inputs)), *MODE),
        ("The output ", Variable(output.name), *shape_text(output), ", as it is given."),
        tuple(body),
    )


def _probabilities(context: Context, name: str) -> Procedure:
    unset = {TRAINING: Literal(False), RNG: Literal(None)}
    call = _propagation(context, [unset[f] for f in context.flags])
    shape = shape_text(context.derivation.table[name])
    return Procedure(
        "probabilities",
        arguments([PARAMS], variables(context.inputs)),
        ("The probabilities that the output stands for", *shape, "."),
        (Return((_picked(call, context.plan.from_early, name),)),),
    )


def _loss(context: Context) -> Procedure:
    objective = context.derivation.objective
    text = equation_text(context.original.system.defined[objective])
    value = _picked(evaluation(context), evaluated(context), objective)
    return Procedure(
        "loss",
        (*arguments([PARAMS], variables(context.data)), *MODE),
        (f"The objective {text}.",),
        (Return((AsNumber(value),)),),
    )


def _picked(call: Call, names: Sequence[str], name: str) -> Operand:
    """One of the values that a call returns."""
    return call if len(names) == 1 else Result(call, list(names).index(name))


def shape_text(tensor: Tensor) -> Text:
    """What a text says of a tensor's shape."""
    return (", shape ", Shape(tensor.shape)) if tensor.shape else ()
