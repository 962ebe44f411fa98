"""Training and inference: a system as it is in one of the two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from derive.algebra.conditions import settled
from derive.algebra.reads_of_one import copied, renamed
from derive.ir.notation import Equation, Expr, Number, Read
from derive.ir.system import System
from derive.ir.tree import equation_reads, needed_by, number, transform


def in_mode(system: System, training: bool) -> System:
    """The system with what tells training from inference decided.

    What is needed in the other mode only is left out; the same system where nothing asks.
    """
    modes = {t.name: number(int(training)) for t in system.having("mode")}
    if not modes:
        return system
    equations = tuple(_decided(e, modes) for e in system.equations)
    updates = tuple(_decided(e, modes) for e in system.updates)
    shown = set(system.results.named)
    needed = needed_by(shown | {r.tensor for e in updates for r in equation_reads(e)}, equations)
    return replace(
        system,
        equations=tuple(e for e in equations if e.tensor in needed),
        updates=updates,
        tensors=tuple(
            t
            for t in system.tensors
            if t.role != "mode" and (t.role != "intermediate" or t.name in needed)
        ),
    )


def without_copies(system: System) -> System:
    """The system without the equations that only give a value another name.

    `m[c] = where(on > 0, mu[c], running_mean[c])` is `m[c] = mu[c]` in training. What a layer or
    the system itself puts out keeps its name.
    """
    layers = (layer.output for layer in system.origin.layers)
    shown = {*system.results.named, *layers, *(real for _, real in system.origin.aliases)}
    same: dict[str, str] = {}
    kept = []
    for equation in system.equations:
        now = _read_instead(equation, same)
        original = copied(now) if now.tensor not in shown else None
        if original is None:
            kept.append(now)
        else:
            same[now.tensor] = original
    if not same:
        return system
    return replace(
        system,
        equations=tuple(kept),
        updates=tuple(_read_instead(e, same) for e in system.updates),
        tensors=tuple(t for t in system.tensors if t.name not in same),
    )


def _read_instead(equation: Equation, same: Mapping[str, str]) -> Equation:
    for name in sorted({r.tensor for r in equation_reads(equation)} & same.keys()):
        equation = renamed(equation, name, same[name])
    return equation


def undrawn(system: System) -> System | None:
    """The system with random tensors at their means; None where one may be read outside itself."""
    means = {n: number(Fraction(repr(d.mean))) for n, d in system.training.draws}
    drawn = {t.name: t for t in system.having("random")}
    for equation in system.equations:
        for read in equation_reads(equation):
            if read.tensor in drawn:
                walked = [s.axis for s in read.subscripts]
                if [a and a.extent for a in walked] != list(drawn[read.tensor].shape):
                    return None
    kept = {name: means[name] for name in drawn}
    return replace(system, equations=tuple(_decided(e, kept) for e in system.equations))


def _decided(equation: Equation, modes: Mapping[str, Number]) -> Equation:
    def put(node: Expr) -> Expr | None:
        return modes.get(node.tensor) if isinstance(node, Read) else None

    return replace(
        equation,
        terms=tuple(replace(t, body=settled(transform(t.body, put))) for t in equation.terms),
    )
