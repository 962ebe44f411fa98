"""The budget of a search, and what has been spent of it."""

from __future__ import annotations

import time

from derive.answers.slips.evaluator import Array, Evaluator, TooMany
from derive.ir.notation import Expr

MOST_WORK = 60_000.0  # calls of NumPy, some microseconds each
SECONDS = 20.0  # the last resort, where a machine is very slow
NO_VALUE = (TooMany, ValueError, IndexError, KeyError)


class Budget:
    """Evaluates, and counts: `tried` expressions, `work` in calls of NumPy."""

    def __init__(self, most_work: float = MOST_WORK, seconds: float = SECONDS) -> None:
        self.most_work = most_work
        self.tried = 0
        self.work = 0.0
        self._end = time.monotonic() + seconds

    def value(self, evaluator: Evaluator, expr: Expr) -> Array | None:
        """An expression's value at each place; None where it has none, or is too large."""
        self.tried += 1
        before = evaluator.work
        try:
            return evaluator.at_places(expr)
        except NO_VALUE:
            return None
        finally:
            self.work += evaluator.work - before

    @property
    def spent(self) -> bool:
        """Whether the search must end."""
        return self.work > self.most_work or (
            self.tried % 256 == 0 and time.monotonic() > self._end
        )
