"""What equations hold constant, under names, so that a library can be told of it."""

from __future__ import annotations

from dataclasses import replace

from derive.ir.derivation import Derivation
from derive.ir.notation import Equation
from derive.ir.tree import equation_reads
from derive.systems.freeze import freeze


def with_held_named(derivation: Derivation) -> tuple[Derivation, tuple[str, ...]]:
    """The derivation in which each `hold(value)` is a tensor of its own, and their names."""
    system = derivation.system
    frozen = freeze(system.equations, derivation.table)
    waiting = {e.tensor: e for e in frozen.held}
    equations: list[Equation] = []

    def put(equation: Equation) -> None:
        for read in equation_reads(equation):
            if read.tensor in waiting:
                put(waiting.pop(read.tensor))
        equations.append(equation)

    for equation in frozen.equations:
        put(equation)
    names = tuple(e.tensor for e in frozen.held)
    own = tuple(frozen.table[name] for name in names)
    system = replace(system, tensors=(*system.tensors, *own), equations=tuple(equations))
    return replace(derivation, system=system, tensors=(*derivation.tensors, *own)), names
