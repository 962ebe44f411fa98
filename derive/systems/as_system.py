"""A derivation as a system: its equations are equations, and may be differentiated again."""

from __future__ import annotations

from dataclasses import replace

from derive.ir.derivation import Derivation
from derive.ir.system import Earlier, System
from derive.systems.schedule import members, schedule


def as_system(derivation: Derivation) -> System:
    """A derivation's forward and backward equations as one system, for a second derivative."""
    roles = {"adjoint": "intermediate"}
    own = derivation.system.table
    tensors = tuple(
        replace(t, role=roles.get(t.role, t.role))
        for t in derivation.tensors
        if t.role != "next" or t.name in own  # a buffer's next value stays, a parameter's goes
    )
    new = (t for t in derivation.tensors if t.name not in own)
    seeds = ((derivation.objective, t.name) for t in new if t.role == "input")
    equations = (*derivation.forward, *derivation.inlined, *derivation.backward)
    ordered = tuple(members(schedule(equations)))
    optimizer = replace(derivation.system.training.optimizer, update_text=(), curvature="")
    return replace(
        derivation.system,
        tensors=tensors,
        equations=ordered,
        results=replace(derivation.system.results, objective=None),
        training=replace(derivation.system.training, optimizer=optimizer),
        earlier=Earlier(derivation.objective, (*derivation.adjoints, *seeds)),
    )
