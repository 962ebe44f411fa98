"""A row of the table."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter, process_time


@dataclass(frozen=True)
class Measured:
    what: str
    value: float
    limit: float | None = None
    unit: str = "s"
    note: str = ""

    @property
    def shown(self):
        return _with_unit(self.value, self.unit) + (f"  {self.note}" if self.note else "")

    @property
    def limit_shown(self):
        return "" if self.limit is None else _with_unit(self.limit, self.unit)

    @property
    def verdict(self):
        if self.limit is None:
            return ""
        return "ok" if self.value <= self.limit else "MISSED"


def _with_unit(value, unit):
    if unit == "s":
        return f"{value * 1e3:.3g} ms" if value < 1 else f"{value:.3g} s"
    return f"{value:.3g} {unit}".rstrip()


def least(action: Callable[[], object], rounds: int = 5) -> tuple[float, float]:
    """The least wall time and the least processor time of some runs."""
    walls, works = [], []
    for _ in range(rounds):
        wall, work = perf_counter(), process_time()
        action()
        walls.append(perf_counter() - wall)
        works.append(process_time() - work)
    return min(walls), min(works)
