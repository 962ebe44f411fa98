"""Which equation is computed where: before the targets come in, with them, or on the way back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from derive.ir.derivation import Derivation
from derive.ir.notation import Equation
from derive.ir.runtime_extents import dims_of, equation_dims
from derive.ir.tree import equation_reads, needed_by
from derive.systems.schedule import members, schedule


@dataclass(frozen=True)
class Plan:
    """The split of a derivation over an emitted module's functions.

    `early` needs no target, `late` is the rest up to the objective; `train` gives the parameters'
    gradients, `extra` what only the inputs' need, `moves` the buffers after the step.
    `from_early` and `from_late` are the values that each function hands on.
    """

    early: tuple[Equation, ...]
    late: tuple[Equation, ...]
    train: tuple[Equation, ...]
    extra: tuple[Equation, ...]
    moves: tuple[Equation, ...]
    from_early: tuple[str, ...]
    from_late: tuple[str, ...]


def plan_of(derivation: Derivation, others: Sequence[Equation] = ()) -> Plan:
    """Split a derivation's equations; what nothing needs is left out.

    What `others` read is handed on, too.
    """
    system, objective = derivation.system, derivation.objective
    backward = derivation.backward
    later = (*backward, *system.updates, *derivation.curvature)
    reads = {r.tensor for e in (*later, *others) for r in equation_reads(e)}
    shown = {n for n in (system.output, system.probabilities) if n is not None}
    wanted = needed_by({objective, *reads, *shown}, system.equations)
    forward = [e for e in system.equations if e.tensor in wanted]
    late = _late(derivation, forward)
    # without targets there is one function: nothing comes in later
    split = bool(system.having("target")) and objective in late
    before = [e for e in forward if split and e.tensor not in late]
    after = [e for e in forward if e not in before]
    own = {derivation.adjoint[n] for n in moved(derivation)}
    training = needed_by(own, backward)
    late_reads = {r.tensor for e in after for r in equation_reads(e)}
    draws = [t.name for t in system.having("random") if t.name in reads | late_reads]
    from_early = [
        n for n in (*draws, *(e.tensor for e in before)) if n in reads | late_reads | shown
    ]
    shown_late = shown & {e.tensor for e in after}
    handed = dict.fromkeys((*from_early, *draws, *(e.tensor for e in after)))
    return Plan(
        early=tuple(before),
        late=tuple(after),
        train=tuple(e for e in backward if e.tensor in training),
        extra=tuple(e for e in backward if e.tensor not in training),
        moves=system.updates,
        from_early=tuple(from_early) if before else (),
        from_late=tuple(n for n in handed if n in reads | shown_late and n != objective),
    )


def curving(derivation: Derivation) -> list[Equation]:
    """Behind the forward equations, those of a matrix of second derivatives and what it needs."""
    every = (*derivation.backward, *derivation.curvature)
    needed = needed_by({e.tensor for e in derivation.curvature[-1:]}, every)
    return [e for e in every if e.tensor in needed]


def moved(derivation: Derivation) -> list[str]:
    """The parameters that have a gradient."""
    return [n for n in derivation.system.trainable if n in derivation.adjoint]


def _late(derivation: Derivation, forward: Sequence[Equation]) -> set[str]:
    """What depends on targets, or on an extent that only targets have.

    A recurrence is computed in one go: one late member makes all of them late.
    """
    system = derivation.system
    late_dims = dims_of(system.tensors) - dims_of(system.having("input"))
    result = {t.name for t in system.having("target")}
    for block in schedule(tuple(forward)):
        group = list(members([block]))
        reads = {r.tensor for e in group for r in equation_reads(e)}
        names = {e.tensor for e in group}
        if (names | reads) & result or any(late_dims & equation_dims(e) for e in group):
            result |= names
    return result
