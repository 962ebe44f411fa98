"""Edits of the writer's own equations: a slip there shows at every place where the name is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from derive.answers.slips.candidates import Candidate, written
from derive.answers.slips.evaluator import Array, Evaluator
from derive.answers.slips.nested import Nested, nested, written_in
from derive.answers.slips.samples import Samples
from derive.answers.slips.slip import Point
from derive.ir.notation import Equation, Expr
from derive.ir.tree import reads

_ROUNDS = 8


@dataclass(frozen=True)
class OwnEquation:
    """An equation of the writer's own that is edited, and the formula that reads it.

    `entries` are all entries of its tensor, and `formula` is what was written, with the writer's
    other equations written in: each for every point.
    """

    name: str
    candidate: Candidate
    entries: tuple[Samples, ...]
    formula: tuple[Nested, ...]

    def evaluator(self, which: int) -> Evaluator:
        """The equation's values at a point."""
        return self.candidate.evaluator(which, self.entries[which])

    def changed(self, which: int, samples: Samples, edited: Expr) -> tuple[Evaluator, Expr]:
        """The formula, to be evaluated where the tensor is what an edit makes of it."""
        array: Array = self.evaluator(which).at_places(edited)
        shape = samples.values.array(self.name).shape
        values = samples.values.with_array(self.name, array.reshape(shape))
        formula = self.formula[which]
        return Evaluator(values, formula.axes, samples.places), formula.expr


def own_equations(points: Sequence[Samples]) -> Iterator[OwnEquation]:
    """Those that are read more than once; others are written into the formula and edited there."""
    for name in _read_often(points[0].point):
        entries, twins, formulas = [], [], []
        for samples in points:
            own = {e.tensor: e for e in samples.point.own}
            equation = own.pop(name)
            twins.append(nested(equation))
            every = tuple(np.ndindex(*samples.values.array(name).shape))
            entries.append(replace(samples, places=every))
            formulas.append(_with(samples.point, own))
        yield OwnEquation(name, written(twins), tuple(entries), tuple(formulas))


def _read_often(point: Point) -> list[str]:
    every = [point.equation, *point.own] if point.equation is not None else []
    counts = Counter(r.tensor for e in every for r in reads(nested(e).expr))
    return [e.tensor for e in point.own if e.source and counts[e.tensor] > 1]


def _with(point: Point, own: dict[str, Equation]) -> Nested:
    assert point.equation is not None
    return written_in(nested(point.equation), own, _ROUNDS)
