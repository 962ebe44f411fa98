"""Values that equal a tensor to some digits only: whether the constants of the text explain why.

A constant may be cut to the digits that are written, or be small and added to keep off 0. Each such
constant is moved, by a unit of its last digit or by half of itself, and the text is walked again:
what a value then changes by is what the constant can explain. 0.044714 for 0.044715 is a whole unit
off and explains nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal

import numpy as np

from derive.readers.numpy_source.expressions import Steps, TooLong
from derive.readers.numpy_source.records import Record, Records
from derive.readers.numpy_source.way import Way

_EXACT = 1e-9  # relative: what floats alone do is far below
_FEWEST_DIGITS = 4  # with less a constant is taken at its word
_GUARD = 1e-3  # what is added to keep off 0 is below
_MOST = 12  # constants, each of which is a walk
_MOST_STEPS = 100_000
_CUT = 0.9  # of a unit in the last digit: what is cut off is less than a whole one
_HALVED = 2  # half of a guard does at least half of what all of it does


def unexplained(records: Records, way: Way) -> frozenset[int]:
    """The records whose distance from the tensor that they are is more than constants explain.

    What reads such a value isn't one: a mistake is told once.
    """
    off = {r.index: gap for r in records.right if (gap := _gap(r, records)) > 0}
    if not off:
        return frozenset()
    explained = dict.fromkeys(off, 0.0)
    try:
        for tree, share in _moved(way.tree):
            walked = replace(way, tree=tree, steps=Steps(_MOST_STEPS)).walked(symbolic=False)
            for record, other in _pairs(records.values, walked.values):
                if record.index in off:
                    explained[record.index] += share * _distance(record, other)
    except TooLong:
        return frozenset()
    result = {k for k, gap in off.items() if not explained[k] >= gap}
    return frozenset(k for k in result if not result & records.values[k].value.behind)


def _gap(record: Record, records: Records) -> float:
    """How far a value is from the tensor that it is; 0 where floats alone can make it so."""
    array, match = record.value.array, record.match
    if array is None or match is None:
        return 0
    reads = frozenset(records.reads.values())
    right = records.model.aligned(array / match.scale, match.tensor, reads)
    if right is None:
        return 0
    gap = float(np.abs(array / match.scale - right).max())
    return gap * abs(match.scale) if gap > _EXACT * float(np.abs(right).max()) else 0


def _pairs(values: Sequence[Record], others: Sequence[Record]) -> Iterator[tuple[Record, Record]]:
    """The same record of two walks."""
    if [r.spot for r in values] == [r.spot for r in others]:
        yield from zip(values, others, strict=True)


def _distance(record: Record, other: Record) -> float:
    one, two = record.value.array, other.value.array
    if one is None or two is None or one.shape != two.shape:
        return 0
    return float(np.abs(one - two).max())


def _moved(tree: ast.Module) -> Iterator[tuple[ast.Module, float]]:
    """The text with one constant moved, and how many times the change counts."""
    values = (n.value for n in ast.walk(tree) if isinstance(n, ast.Constant))
    floats = dict.fromkeys(v for v in values if isinstance(v, float) and np.isfinite(v))
    moves = [(v, move) for v in floats if (move := _move(v)) is not None]
    for value, (new, share) in moves[:_MOST]:
        yield _Moved(value, new).visit(deepcopy(tree)), share


def _move(value: float) -> tuple[float, float] | None:
    """Where a constant is moved to; None for one that is taken at its word."""
    if 0 < value <= _GUARD:
        return value / 2, _HALVED
    _, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    if len(digits) < _FEWEST_DIGITS or not isinstance(exponent, int):
        return None
    return float(Decimal(repr(value)) + Decimal(1).scaleb(exponent)), _CUT


class _Moved(ast.NodeTransformer):
    """Puts another number for one number."""

    def __init__(self, value: float, new: float) -> None:
        self.value = value
        self.new = new

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        """A number."""
        same = isinstance(node.value, float) and node.value == self.value
        return ast.copy_location(ast.Constant(self.new), node) if same else node
