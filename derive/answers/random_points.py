"""Numbers for every tensor that formulas may name, at a random point: what readers compare with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from derive.answers.known_names import known_names
from derive.checks.points import NoInstance, draw, run_time_extents
from derive.checks.short_axes import instance
from derive.ir.derivation import Derivation
from derive.ir.tree import equation_reads
from derive.semantics.interpreter import Interpreter
from derive.semantics.number_systems import FLOATS

MOST = 30_000  # bodies that are worked out
SEED = 7


class Point(Mapping[str, np.ndarray]):
    """The array of each name in float64, worked out when it is first asked for."""

    def __init__(self, run: Interpreter, names: Mapping[str, str]) -> None:
        self._run = run
        self._names = names
        self._arrays: dict[str, np.ndarray] = {}

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._arrays:
            real = self._names[name]
            kind = np.int64 if self._run.table[real].integer else np.float64
            self._arrays[name] = self._run.array(real).astype(kind)
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class Points:
    """Random points of one derivation."""

    def __init__(self, derivation: Derivation) -> None:
        self.derivation = derivation
        self._known: dict[tuple[int, bool], Mapping[str, np.ndarray]] = {}

    def __call__(self, samples: int, usual: bool) -> Mapping[str, np.ndarray]:
        """The point with so many samples; if `usual`, rows that sum to 1 have a single 1.

        Nothing is known where no numbers are found at which the objective is finite.
        """
        key = samples, usual
        if key not in self._known:
            self._known[key] = self._point(samples, usual)
        return self._known[key]

    def _point(self, samples: int, usual: bool) -> Mapping[str, np.ndarray]:
        small = instance(self.derivation, MOST)
        extents = run_time_extents(small, samples)
        try:
            values = draw(small, SEED + samples, extents)
        except NoInstance:
            return {}
        if usual:
            for name in _weights_of_classes(small):
                values[name] = _one_hot(values[name])
        updates = (*small.system.updates, *small.updates)
        equations = (*small.forward, *small.backward, *small.inlined, *updates)
        run = Interpreter(equations, small.table, values, FLOATS, extents)
        every = {t.name for t in small.tensors}
        return Point(run, known_names(small, every))


def _weights_of_classes(derivation: Derivation) -> list[str]:
    """Targets whose rows are assumed to sum to 1, or are compared with probabilities."""
    system = derivation.system
    assumed = {r.tensor for a in system.assumptions for r in equation_reads(a.left)}
    targets = [t for t in system.having("target") if not t.integer and len(t.shape) > 1]
    return [t.name for t in targets if t.name in assumed or system.probabilities]


def _one_hot(array: np.ndarray) -> np.ndarray:
    result = np.full(array.shape, 0, dtype=object)
    for k, row in enumerate(result.reshape(-1, array.shape[-1])):
        row[k % array.shape[-1]] = 1
    return result
