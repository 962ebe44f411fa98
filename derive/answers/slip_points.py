"""The points at which the search for slips compares what was written with what it tries.

A formula whose letters don't fit its axes is looked at where all axes have one extent: there it can
be worked out, and what is wrong with it besides the extents is seen.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from derive.answers.batch_or_sample import instance_of
from derive.answers.compare import Comparison, compared
from derive.answers.formula import Formula
from derive.answers.hidden_assumptions import Assumption
from derive.answers.slips import Point, Slip, find_slips
from derive.calculus.differentiate import differentiate
from derive.checks.points import NoInstance, draw, run_time_extents
from derive.checks.short_axes import resized
from derive.errors import ChainruleError
from derive.ir.derivation import Derivation
from derive.ir.names import without_marks

POINTS = (1, 2)  # of the setting's: there the batch has two samples, and three
ALIKE = 3  # the extent of every axis, where they are made alike


def slips_of(
    formula: Formula, alike: bool = False, assumed: Assumption | None = None
) -> tuple[Slip, ...]:
    """The likely slips, likeliest first; `alike` where the formula fits its axes no other way.

    With `assumed`, only numbers are looked at that fit it.
    """
    try:
        derivation, points = points_of(formula, alike, assumed)
    except (ChainruleError, NoInstance, ArithmeticError, ValueError, KeyError):
        return ()
    result = find_slips(formula.real, derivation, points)
    return tuple(replace(s, detail=without_marks(s.detail)) for s in result)


def points_of(
    formula: Formula, alike: bool = False, assumed: Assumption | None = None
) -> tuple[Derivation, list[Point]]:
    """The derivation over short axes, and the points. Raises as `compared` and `draw` do."""
    points = list(_alike(formula) if alike else _points(formula, assumed))
    return points[0].at.derivation, [_point(p) for p in points]


def _points(formula: Formula, assumed: Assumption | None) -> Iterator[Comparison]:
    for which in POINTS:
        at = formula.setting.point(which)
        if assumed is not None:
            values = assumed.change(dict(at.values), random.Random(f"slips {which}"))
            at = instance_of(at.derivation, values, at.extents)
        yield compared(formula, at)


def _alike(formula: Formula) -> Iterator[Comparison]:
    derivation = _with_one_extent(formula.setting.derivation)
    extents = dict.fromkeys(run_time_extents(derivation), ALIKE)
    for seed in POINTS:
        values = draw(derivation, formula.setting.seed + seed, extents)
        yield compared(formula, instance_of(derivation, values, extents))


def _with_one_extent(derivation: Derivation) -> Derivation:
    system = derivation.system
    numbers = {e.number for t in system.tensors for e in t.shape}
    new = {n: ALIKE for n in numbers if n is not None}
    return differentiate(resized(system, new), derivation.objective, derivation.wrt)


def _point(comparison: Comparison) -> Point:
    written = comparison.written
    return Point(comparison.at.right, comparison.theirs, written.equation, written.own)
