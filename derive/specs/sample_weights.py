"""A weight for each sample: every sum over the batch in a loss counts each sample by its weight.

The weights enter relative to their mean, so that the mean over the batch becomes the weighted mean,
and weights that are all alike change nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from derive.ir.notation import Dim, affine
from derive.language.occurrences import names_of
from derive.language.parser import read_equations
from derive.language.syntax import SYNTAX, Name, Op, Red, Ref, Refused, Syntax, Written
from derive.specs.builder import Building
from derive.specs.user_entries import BATCH

WEIGHT, TOTAL, RELATIVE = "sample_weight", "total_weight", "relative_weight"
_PLACE = f"loss.{WEIGHT}"
# Weights that are all 0 make a loss of 0, and nothing is divided by 0.
_EQUATIONS = f"""\
{TOTAL} = maximum(sum(n, {WEIGHT}[n]), 1e-30)
{RELATIVE}[n] = {WEIGHT}[n]*size(n)/{TOTAL}"""


def put_weights(built: Building) -> None:
    """Put the weights in, and what each is beside their mean."""
    vector = (affine(Dim(BATCH)),)
    shapes = {WEIGHT: vector, TOTAL: (), RELATIVE: vector}
    if all(built.claim(name, _PLACE) for name in shapes):
        built.written.extend(read_equations(_EQUATIONS, _PLACE, built.problems))
        built.shapes.update(shapes)


def weighted(equations: Sequence[Written]) -> list[Written]:
    """The equations with the weight as a factor in each sum and mean over the batch.

    Raises `Refused` where there is none.
    """
    result = [replace(e, right=_weighted(e.right)) for e in equations]
    if result == list(equations):
        raise Refused(
            equations[-1].place,
            f"there is no sum or mean over {BATCH} in which {WEIGHT} could stand; "
            f"write E = mean({BATCH}, ...)",
        )
    return result


def _weighted(node: Syntax) -> Syntax:
    match node:
        case Red(place, op, letters, body):
            inner = _weighted(body)
            if op in ("sum", "mean") and BATCH in names_of(letters):
                weight = Ref(place, RELATIVE, (Name(place, BATCH),))
                inner = Op(place, "*", (weight, inner))
            return replace(node, body=inner)
        case _:
            return SYNTAX.over(node, _weighted)
