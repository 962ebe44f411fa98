"""Reads that are outside their tensor for all letters: legal, always 0, and hardly meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from derive.algebra.index_rules import bounds, surely_not_negative
from derive.ir.notation import Equation, Tensor
from derive.ir.tree import reads
from derive.language.printer import affine_text, expr_text


def outside_warnings(equations: Sequence[Equation], table: Mapping[str, Tensor]) -> Iterator[str]:
    """A line for each read of which no place is inside."""
    for equation in equations:
        for read in dict.fromkeys(r for t in equation.terms for r in reads(t.body)):
            shape = table[read.tensor].shape
            for axis, (subscript, extent) in enumerate(zip(read.subscripts, shape, strict=True)):
                reach = bounds(subscript)
                if reach is not None and (
                    surely_not_negative(reach[0] - extent) or surely_not_negative(-reach[1] - 1)
                ):
                    yield (
                        f"{equation.tensor}: {expr_text(read)} is outside {read.tensor} for all "
                        f"letters, and reads 0; axis {axis} of {read.tensor} has the extent "
                        f"{affine_text(extent)}"
                    )
