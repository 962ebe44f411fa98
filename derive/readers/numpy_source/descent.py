"""Steps of gradient descent: parameters that a text moves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from derive.ir.names import adjoint_of
from derive.language.syntax import Place
from derive.readers.numpy_source.records import Records, Step
from derive.readers.numpy_source.values import Value


class Again(Exception):
    """A parameter is moved a second time: from here the text isn't at its start any more."""

    def __init__(self, tensor: str) -> None:
        super().__init__(tensor)
        self.tensor = tensor


@dataclass
class Descent:
    """The parameters that were moved, and where each is held.

    `just_moved` is one that no name holds yet; `repeats` says that one was moved once more.
    """

    records: Records
    moved: list[tuple[dict[Any, Any], Any, str]] = field(default_factory=list)
    just_moved: str = ""
    repeats: bool = False

    def step(self, name: str, tensor: str, value: Value, place: Place) -> None:
        """A parameter gets a new value."""
        start = self.records.model.view(tensor)
        if value.array is None or start is None or value.array.shape != start.shape:
            return
        if any(s.tensor == tensor and s.place.line == place.line for s in self.records.steps):
            self.repeats = True
            raise Again(tensor)
        if np.allclose(value.array, start):
            return
        self.records.steps.append(Step(tensor, name, place, self.rate(tensor, value), value.behind))
        self.just_moved = tensor

    def hold(self, values: dict[Any, Any], key: Any) -> None:
        """Note where the parameter that was just moved is held."""
        if self.just_moved:
            self.moved.append((values, key, self.just_moved))
            self.just_moved = ""

    def rate(self, tensor: str, value: Value) -> float | None:
        """How far down the gradient a parameter goes; None where it goes another way."""
        start, slope = self.records.model.view(tensor), self.records.model.view(adjoint_of(tensor))
        if slope is None or start is None or value.array is None or not slope.any():
            return None
        if value.array.shape != start.shape:
            return None
        way = value.array - start
        rate = -float((way * slope).sum() / (slope * slope).sum())
        close = np.allclose(way, -rate * slope, 1e-5, 1e-7 * float(np.abs(way).max()))
        return rate if close and rate else None

    def put_back(self, since: int) -> None:
        """Behind a loop that trains, parameters are what they were at its start."""
        if len(self.moved) > since and self.repeats:
            for values, key, tensor in self.moved[since:]:
                values[key] = self.records.model.value(tensor, Place("formulas", 1, 1))
            del self.moved[since:]
            self.repeats = False
