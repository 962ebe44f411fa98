"""The points at which the search for slips compares what was written with what it tries."""

from __future__ import annotations

from typing import Any


def slips_of(formula: Any, alike: bool = False) -> tuple[Any, ...]:
    """Nothing yet."""
    del formula, alike
    return ()
