"""An activation skipped whole: the formula is dE/dy where dE/dz is asked, for `y = f(z)`.

That of softmax, or of another function that sums, is no factor that an edit could put in.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from derive.answers.slips.activation_slopes import steps
from derive.answers.slips.edits.context import Tensors
from derive.answers.slips.samples import Samples, same
from derive.answers.slips.slip import Slip
from derive.calculus.differentiate import differentiate
from derive.ir.derivation import Derivation
from derive.semantics.interpreter import Interpreter
from derive.semantics.number_systems import FLOATS

_MOST_ENTRIES = 600


def skipped_activations(
    tensors: Tensors, derivation: Derivation, points: Sequence[Samples]
) -> Iterator[Slip]:
    """The activations whose derivative turns what was written into what is right."""
    elementwise = {s.value.tensor for s in tensors.slopes if s.value is not None}
    for source, value in steps(derivation.system):
        if derivation.adjoint.get(source) != tensors.asked or value in elementwise:
            continue
        if all(_passes(derivation, source, value, samples) for samples in points):
            detail = f"the derivative of {value} by {source} is left out"
            yield Slip("missing derivative", detail)


def _passes(derivation: Derivation, source: str, value: str, samples: Samples) -> bool:
    """Whether what was written, passed back from `value` to `source`, is right."""
    point = samples.point
    shape = point.right.shape(value)
    if math.prod(shape) > _MOST_ENTRIES:
        return False
    written = np.empty(shape)
    for place in np.ndindex(*shape):
        written[place] = float(point.written(place))
    through = differentiate(derivation.system, value, [source])
    given = {
        t.name: samples.values.array(t.name)
        for t in derivation.system.tensors
        if t.value is None and t.role != "state"
    }
    upstream = next(t.name for t in through.tensors if t.name not in derivation.system.table)
    equations = (*through.backward, *through.inlined)
    extents = point.right.extents
    run = Interpreter(equations, through.table, {**given, upstream: written}, FLOATS, extents)
    name = through.adjoint[source]
    return same(np.array([run.value(name, p) for p in samples.places]), samples.right)
