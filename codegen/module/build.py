"""A derivation -> the procedures of its module, as data."""

from __future__ import annotations

from codegen.module.context import Context
from codegen.module.curvature import curvature_procedures
from codegen.module.forward import forward_procedures
from codegen.module.gradient import gradient_procedures
from codegen.module.masked import with_masks
from codegen.module.step import step_procedures
from codegen.module.train_step import training_procedures
from codegen.program.procedures import Beginning, Module
from derive.ir.notation import Tensor
from derive.ir.system import Initializer
from derive.language.printer import equation_text

_ZERO = Initializer("zeros")
_NEAR_ZERO = Initializer("normal", (("std", 0.1),))


def module_of(context: Context) -> Module:
    """The module of a derivation; its equations are still equations."""
    system, derivation = context.system, context.derivation
    tensors = list(derivation.tensors)
    if context.walk:
        tensors += [k.tensor for k in context.walk.kept if k.tensor.role == "state"]
    return Module(
        name=system.name,
        objective=equation_text(context.original.system.defined[derivation.objective]),
        sources=system.origin.sources,
        tensors=tuple(tensors),
        dims=context.dims,
        hyperparameters=tuple((n, float(v)) for n, v in system.training.optimizer.hyperparameters),
        beginnings=tuple(_beginning(context, t) for t in context.stored),
        procedures=with_masks(
            context,
            (
                *forward_procedures(context),
                *gradient_procedures(context),
                *curvature_procedures(context),
                *step_procedures(context),
                *training_procedures(context),
            ),
        ),
    )


def _beginning(context: Context, tensor: Tensor) -> Beginning:
    """What begins where the spec says nothing: a buffer at 0, a parameter near it."""
    training = context.system.training
    example = dict(training.example)
    if tensor.name in example:
        return Beginning(tensor, None, example[tensor.name])
    default = _ZERO if tensor.role == "buffer" else _NEAR_ZERO
    return Beginning(tensor, dict(training.initializers).get(tensor.name, default))
