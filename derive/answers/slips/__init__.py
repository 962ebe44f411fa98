"""The likely slip in a wrong formula, found by search.

The right formula is changed by one named mistake, or two, until it gives what was written; or the
written one until it gives what is right. There is no list of wrong formulas.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from derive.answers.slips.budget import Budget
from derive.answers.slips.samples import differs, same, samples_of
from derive.answers.slips.search import search_of
from derive.answers.slips.slip import KINDS, VAGUE, Point, Slip, apart
from derive.answers.slips.two_mistakes import two_mistakes
from derive.ir.derivation import Derivation

__all__ = ["KINDS", "VAGUE", "Budget", "Point", "Slip", "find_slips"]


def find_slips(
    tensor: str, derivation: Derivation, points: Sequence[Point], budget: Budget | None = None
) -> tuple[Slip, ...]:
    """The slips that explain a formula for a tensor, likeliest first; none where nothing does.

    The derivation is the one whose numbers the points have. What is tried is bounded by counts;
    the budget's seconds are a last resort.
    """
    with np.errstate(all="ignore"):
        every = [s for p in points if (s := samples_of(tensor, apart(p))) is not None]
        if len(every) < len(points) or not differs(every):
            return ()
        every.sort(key=lambda s: same(s.right, s.written))
        search = search_of(tensor, derivation, every, budget or Budget())
        return search.single_mistakes() or two_mistakes(search)
