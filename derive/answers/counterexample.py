"""The smallest counterexample: few entries, and numbers that a person can redo by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from derive.answers.batch_or_sample import BATCHES, instance_of
from derive.answers.compare import VISIBLE, Comparison, NoNumber, compared
from derive.answers.formula import Formula
from derive.checks.points import NoInstance, draw_by_hand, run_time_extents
from derive.errors import ChainruleError
from derive.ir.tree import equation_reads

_SEEDS = 4
_NOTHING = 1e-40  # what rounding leaves of 0


@dataclass(frozen=True)
class Counterexample:
    """A place at which both differ, with all numbers."""

    comparison: Comparison
    place: tuple[int, ...]

    @property
    def derived(self) -> float:
        """The right value."""
        return _float(self.comparison.ours(self.place))

    @property
    def written(self) -> float:
        """The formula's value."""
        return _float(self.comparison.theirs(self.place))

    @property
    def sentence(self) -> str:
        """Both values in a line."""
        name = self.comparison.formula.name
        where = f"{name}{list(self.place)}" if self.place else name
        derived, written = f"{self.derived:.6g}", f"{self.written:.6g}"
        if derived == written:
            more = _float(self.comparison.theirs(self.place) - self.comparison.ours(self.place))
            written = f"{abs(more):.3g} {'more' if more > 0 else 'less'}"
        return f"{where} is {derived}; the formula gives {written}"

    @property
    def data(self) -> dict[str, Any]:
        """For machines: the leaves' numbers, and those of what the formula reads."""
        at = self.comparison.at
        return {
            "at": list(self.place),
            "written": _finite(self.written),
            "derived": _finite(self.derived),
            "values": {n: plain(v) for n, v in at.values.items()},
            "reads": {n: plain(at.array(n)) for n in self._read()},
        }

    def _read(self) -> list[str]:
        """The tensors that are read and not given: errors, activations, constants."""
        at, equations = self.comparison.at, self.comparison.written.equations
        own = {e.tensor for e in equations}
        read = {r.tensor for e in equations for r in equation_reads(e)}
        return sorted(read - own - at.values.keys())


def smallest(first: Comparison) -> Counterexample:
    """A smaller one in shorter numbers where there is one; else the one that was found."""
    for comparison in _shorter(first.formula):
        try:
            place = comparison.difference(VISIBLE)
        except (NoNumber, ArithmeticError):
            continue
        if place is not None:
            return Counterexample(comparison, place)
    place = first.difference()
    assert place is not None, "a comparison without a difference is no counterexample"
    return Counterexample(first, place)


def _shorter(formula: Formula) -> Iterator[Comparison]:
    small = formula.setting.small
    batches = (1,) if formula.setting.sample or small.system.batch is None else BATCHES
    for batch in batches:
        extents = run_time_extents(small, batch)
        for seed in range(_SEEDS):
            try:
                values = draw_by_hand(small, seed, extents)
                yield compared(formula, instance_of(small, values, extents))
            except (NoInstance, ChainruleError):
                continue


def _float(value: Any) -> float:
    return 0.0 if abs(value) < _NOTHING else float(value)


def plain(array: np.ndarray) -> Any:
    """Nested lists of floats."""
    return np.vectorize(lambda v: _finite(float(v)), otypes=[object])(array).tolist()


def _finite(value: float) -> float | str:
    """JSON has no word for what isn't finite."""
    return value if np.isfinite(value) else str(value)
