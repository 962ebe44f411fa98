"""What is asked of a system: all derivatives of its objective, and how its parameters move."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from derive.calculus.optimizer_updates import updates_of
from derive.calculus.reverse_sweep import Sweep, sweep_of
from derive.calculus.second.curvature_updates import moved_together
from derive.ir.derivation import Derivation
from derive.ir.system import System
from derive.ir.wellformed import check_derivation
from derive.systems.as_system import as_system

__all__ = ["as_system", "differentiate"]


def differentiate(
    system: System | Derivation,
    of: str | None = None,
    wrt: Iterable[str] | None = None,
) -> Derivation:
    """All derivatives of `of` (the objective, by default) by the tensors of `wrt`, and updates.

    By default `wrt` is every trainable parameter and every real-valued input. Where `of` has
    axes, the derivative of `sum(d_of * of)` is formed for an upstream tensor that becomes an
    input named `d` + `of`; where `of` is a recurrence, its whole derivative, later steps
    included, gets a name of its own. A derivation may be differentiated again: its equations are
    equations.

    Raises `ChainruleError` for an unknown tensor, and where there is nothing to differentiate.
    """
    second = isinstance(system, System) and bool(system.training.optimizer.curvature)
    sweep = sweep_of(system, of, wrt, apart=second)
    result = _with_updates(sweep.derivation(), sweep)
    check_derivation(result)
    return result


def _with_updates(derivation: Derivation, sweep: Sweep) -> Derivation:
    """The derivation with the optimiser's equations for each parameter that moves."""
    system = derivation.system
    moved = [n for n in system.trainable if n in derivation.wrt]
    if moved and system.training.optimizer.curvature:
        return moved_together(derivation, moved)
    nexts, updates = updates_of(
        system,
        {n: derivation.adjoint.get(n, "") for n in moved},
        {n: sweep.axes(n) for n in moved},
        {t.name for t in derivation.tensors},
    )
    return replace(derivation, tensors=(*derivation.tensors, *nexts), updates=updates)
