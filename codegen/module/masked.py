"""Which procedures work out values that may be undefined, where a choice doesn't take them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from codegen.module.context import Context
from codegen.program.procedures import Compute, Procedure
from codegen.program.walk import instructions
from derive.algebra.hazards import Hazards
from derive.ir.notation import Call, Equation, Tensor
from derive.ir.tree import walk


def with_masks(context: Context, procedures: Iterable[Procedure]) -> tuple[Procedure, ...]:
    """The procedures, marked."""
    derivation = context.derivation
    later = (*derivation.backward, *context.system.updates, *derivation.curvature)
    masked = _masked((*derivation.forward, *later), derivation.table)
    along: frozenset[str] = frozenset()
    if context.walk:
        table = {t.name: t for t in context.walk.tensors}
        along = _masked((*context.walk.before, *context.walk.equations), table)
    return tuple(
        replace(p, masked=bool(_computed(p) & (along if p.tensors else masked))) for p in procedures
    )


def _computed(procedure: Procedure) -> set[str]:
    """The tensors that a procedure works out; an optimiser's rules stand for many."""
    computes = (one for one in instructions(procedure.body) if isinstance(one, Compute))
    return {e.tensor for one in computes if not one.note for e in one.equations}


def _masked(equations: Sequence[Equation], table: Mapping[str, Tensor]) -> frozenset[str]:
    """Tensors that may be undefined, where some equation chooses what it reads."""
    forward = (e for e in equations if table[e.tensor].role != "adjoint")
    nodes = (node for e in forward for t in e.terms for node in walk(t.body))
    if not any(isinstance(node, Call) and node.function == "where" for node in nodes):
        return frozenset()
    return Hazards(equations, table).unsound_tensors
