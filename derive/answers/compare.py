"""A formula's values beside the right ones, at one instance."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from derive.answers.batch_or_sample import Instance
from derive.answers.formula import Formula, FormulaInstance, at_sizes
from derive.checks.exact import near
from derive.checks.points import work
from derive.semantics.interpreter import Interpreter

TOLERANCE = 1e-36  # of fifty digits: what is left out is lost by rounding, and no term
VISIBLE = 1e-3  # a difference that a person sees in short numbers
MOST = 300_000  # bodies evaluated for one formula at one instance: seconds


class NoNumber(ArithmeticError):
    """The right value is no number here."""


class TooLong(ArithmeticError):
    """The formula takes too long to evaluate."""


@dataclass(frozen=True)
class Comparison:
    """One formula at one instance."""

    formula: Formula
    at: Instance
    written: FormulaInstance

    @cached_property
    def run(self) -> Interpreter:
        """Knows the right values and what was written."""
        return self.written.beside(self.at.right)

    def ours(self, place: tuple[int, ...]) -> Any:
        """The right value."""
        return self.at.right.value(self.formula.real, place)

    def theirs(self, place: tuple[int, ...]) -> Any:
        """The formula's value; infinity where it overflows."""
        try:
            return self.run.value(self.written.tensor, place)
        except OverflowError:
            return math.inf

    @property
    def places(self) -> Iterator[tuple[int, ...]]:
        """Every place of the tensor."""
        return np.ndindex(*self.at.shape(self.formula.real))

    def difference(self, tolerance: float = TOLERANCE) -> tuple[int, ...] | None:
        """The first place at which both differ. Raises `NoNumber`."""
        for place in self.places:
            ours = self.ours(place)
            if not near(ours, ours, tolerance):
                raise NoNumber
            if not near(self.theirs(place), ours, tolerance):
                return place
        return None


def compared(formula: Formula, at: Instance) -> Comparison:
    """Raises `ChainruleError` for a formula that has no meaning over these sizes, or `TooLong`."""
    written = at_sizes(formula, at)
    if work(written.equations, at.extents) > MOST:
        raise TooLong
    return Comparison(formula, at, written)
