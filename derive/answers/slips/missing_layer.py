"""A derivative left out whole, though it is no factor: softmax's, or another that sums."""

from __future__ import annotations

import math

import numpy as np

from derive.answers.slips.samples import Target, same
from derive.calculus.differentiate import differentiate
from derive.ir.derivation import Derivation
from derive.semantics.interpreter import Interpreter
from derive.semantics.number_systems import FLOATS

_MOST_ENTRIES = 600


def passes(derivation: Derivation, source: str, value: str, goal: Target) -> bool:
    """Whether the right derivative by `source` is what was written, passed back through `value`.

    What was written is then the derivative by `value`.
    """
    point = goal.point
    shape = point.right.shape(value)
    if math.prod(shape) > _MOST_ENTRIES:
        return False
    written = np.empty(shape)
    for place in np.ndindex(*shape):
        written[place] = float(point.written(place))
    through = differentiate(derivation.system, value, [source])
    given = {
        t.name: goal.values.array(t.name)
        for t in derivation.system.tensors
        if t.value is None and t.role != "state"
    }
    upstream = next(t.name for t in through.tensors if t.name not in derivation.system.table)
    equations = (*through.backward, *through.inlined)
    extents = point.right.extents
    run = Interpreter(equations, through.table, {**given, upstream: written}, FLOATS, extents)
    name = through.adjoint[source]
    return same(np.array([run.value(name, p) for p in goal.places]), goal.right)
