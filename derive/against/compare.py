"""A formula's values beside the right ones, at one instance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from derive.against.sheet import Formula, Sheet, sheet
from derive.against.worlds import Instance
from derive.exact import near
from derive.interpret import Interpreter
from derive.numeric import TOLERANCE

VISIBLE = 1e-3  # a difference that a person sees in short numbers


class NoNumber(ArithmeticError):
    """The right value is no number here."""


@dataclass(frozen=True)
class Comparison:
    """One formula at one instance."""

    formula: Formula
    at: Instance
    sheet: Sheet

    @cached_property
    def run(self) -> Interpreter:
        """Knows the right values and what was written."""
        return self.sheet.beside(self.at.right)

    def ours(self, place: tuple[int, ...]) -> Any:
        """The right value."""
        return self.at.right.value(self.formula.real, place)

    def theirs(self, place: tuple[int, ...]) -> Any:
        """What the formula gives."""
        return self.run.value(self.sheet.tensor, place)

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
    """Raises `ChainruleError` for a formula that has no meaning over these sizes."""
    return Comparison(formula, at, sheet(formula, at))
