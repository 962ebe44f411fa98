"""An error term without its layer's `f'`, and a number wrong besides: two mistakes made at once.

So `o - l` where `(2/B)*(o - l)*o*(1 - o)` belongs: what is right, divided by what was written, is
`f'` times one number at every place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from derive.answers.slips.activation_slopes import Slope
from derive.answers.slips.samples import Samples
from derive.answers.slips.slip import Slip
from derive.ir.derivation import Derivation
from derive.ir.notation import (
    Dim,
    Expr,
    Number,
    affine,
)
from derive.ir.tree import (
    MINUS_ONE,
    index,
    mul,
    power,
)
from derive.language.printer import expr_text

_CLOSE = 1e-9


def slope_and_number(
    tensor: str, derivation: Derivation, slopes: Sequence[Slope], points: Sequence[Samples]
) -> tuple[Slip, ...]:
    """Both slips, where they explain what was written at all points; else none."""
    for slope in slopes:
        if derivation.adjoint.get(slope.of.tensor) != tensor:
            continue
        form = slope.forms[-1][1]
        found = [_number(slope, form, goal) for goal in points]
        numbers = [n for n in found if n is not None]
        if len(numbers) < len(found):
            continue
        for factor in _factors(derivation):
            values = [float(goal.point.right.at(factor, {})) for goal in points]
            if np.allclose(values, numbers, rtol=_CLOSE, atol=0.0):
                return (
                    Slip("missing derivative", f"{expr_text(form)} is left out", together=True),
                    Slip("factor", f"{expr_text(factor)} is left out", together=True),
                )
    return ()


def _number(slope: Slope, form: Expr, goal: Samples) -> float | None:
    """The number that is left of the quotient when `f'` is divided out, if it is one."""
    letters = [s.axis for s in slope.of.subscripts]
    found = []
    for place, right, written in zip(goal.places, goal.right, goal.written, strict=True):
        at = {a.letter: k for a, k in zip(letters, place, strict=True) if a is not None}
        value = float(goal.point.right.at(form, at)) * written
        if len(at) < len(place) or not np.isfinite(value) or not value:
            return None
        found.append(right / value)
    if not found or not np.allclose(found, found[0], rtol=_CLOSE, atol=0.0):
        return None
    return float(found[0])


def _factors(derivation: Derivation) -> Iterator[Expr]:
    """Numbers that objectives bring: twos, halves, and one over an extent."""
    sizes = [affine(Dim(derivation.system.batch))] if derivation.system.batch else []
    sizes += dict.fromkeys(
        e for t in derivation.system.tensors for e in t.shape if (e.number or 0) > 1
    )
    for number in (Fraction(2), Fraction(1, 2), Fraction(-1), Fraction(-2), Fraction(1)):
        if number != 1:
            yield Number(number)
        for size in sizes:
            over = power(index(size), MINUS_ONE)
            yield over if number == 1 else mul(Number(number), over)
            for other in sizes:
                both = mul(over, power(index(other), MINUS_ONE))
                yield both if number == 1 else mul(Number(number), both)
