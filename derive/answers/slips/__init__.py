"""The likely slip in a wrong formula, found by search.

The right formula is changed by one named mistake, or two, until it gives what was written; or the
written one until it gives what is right. There is no list of wrong formulas.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from derive.answers.slips.search import SECONDS, Search
from derive.answers.slips.slip import (
    KINDS,
    VAGUE,
    Point,
    Slip,
)
from derive.ir.derivation import Derivation

__all__ = ["KINDS", "VAGUE", "Point", "Slip", "find_slips"]


def find_slips(
    tensor: str, derivation: Derivation, points: Sequence[Point], seconds: float = SECONDS
) -> tuple[Slip, ...]:
    """The slips that explain a formula for a tensor, likeliest first; none where nothing does.

    The derivation is the one whose numbers the points have. What is tried is bounded by counts;
    `seconds` is a last resort.
    """
    with np.errstate(all="ignore"):
        search = Search(tensor, derivation, points, seconds=seconds)
        return search.slips()
