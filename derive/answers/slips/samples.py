"""The entries that are looked at, and what is right and what was written there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from derive.answers.slips.evaluator import Array, Values
from derive.answers.slips.slip import Point
from derive.ir.notation import Tensor
from derive.semantics.interpreter import Interpreter, Place

_TOLERANCE = 1e-9
_MOST_PLACES = 16
_FIRST_PLACES = 3


@dataclass(frozen=True)
class Samples:
    """Some entries of the tensor at one point, with both values of each."""

    point: Point
    values: Values
    places: tuple[Place, ...]
    right: Array
    written: Array

    @property
    def first(self) -> Samples:
        """The few of them at which the two values differ most clearly."""
        kept = sorted(range(len(self.places)), key=self._poor)[:_FIRST_PLACES]
        chosen = np.array(kept, dtype=int)
        return Samples(
            self.point,
            self.values,
            tuple(self.places[k] for k in kept),
            self.right[chosen],
            self.written[chosen],
        )

    def _poor(self, k: int) -> tuple[int, int, int]:
        place = self.places[k]
        differs_here = not same(self.right[k : k + 1], self.written[k : k + 1])
        zeros = int(not self.right[k]) + int(not self.written[k])
        return -int(differs_here), zeros, len(place) - len(set(place))


def samples_of(tensor: str, point: Point) -> Samples | None:
    """The places of a tensor at a point; None where something there is no number."""
    every = list(np.ndindex(*point.right.shape(tensor)))
    step = max(1, -(-len(every) // _MOST_PLACES))
    while step > 1 and any(n % step == 0 for n in point.right.shape(tensor)):
        step += 1
    places = tuple(every[::step])
    right = np.array([_float(point.right.value(tensor, p)) for p in places])
    written = np.array([_float(point.written(p)) for p in places])
    if not (np.isfinite(right).all() and np.isfinite(written).all()):
        return None
    return Samples(point, Values(with_own(point)), places, right, written)


def with_own(point: Point) -> Interpreter:
    """All right values, and beside them the writer's own."""
    tensors = [Tensor(e.tensor, tuple(a.extent for a in e.axes), "intermediate") for e in point.own]
    return point.right.beside(point.own, tensors, {})


def _float(value: Any) -> float:
    return float(value)


def same(one: Array, other: Array) -> bool:
    """Whether two rows of numbers are equal, each to nine digits."""
    size = np.abs(one) + np.abs(other)
    near = np.abs(one - other) <= _TOLERANCE * size + 1e-14
    return bool((near & (size < np.inf)).all())


def differs(samples: Sequence[Samples]) -> bool:
    """Whether there is anything to explain."""
    return any(not same(s.right, s.written) for s in samples)
