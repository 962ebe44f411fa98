"""An equation model as a user would write it, beside an independent reference of its objective.

The reference is plain vectorised autograd.numpy, written from the literature's definition. It never
reads the text: that is what makes it an oracle for everything that does.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]
Shape = tuple[int | str, ...]  # a name stands for an extent that is known only at run time
BATCH = {"batch": ("n",), "runtime": {"n": 7}}  # the commonest case

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


@dataclass(frozen=True, eq=False, kw_only=True)
class OracleModel:
    """The text with everything a spec would say of it, the shapes of its leaves, the reference.

    `reference` takes every leaf and every constant by name and returns the objective, or the pair
    (objective, output) where the model names an output.
    """

    name: str
    source: str
    equations: str
    reference: Callable[..., Any]
    parameters: Mapping[str, Shape] = field(default_factory=dict)
    inputs: Mapping[str, Shape] = field(default_factory=dict)
    targets: Mapping[str, Shape] = field(default_factory=dict)
    integers: Mapping[str, int] = field(default_factory=dict)  # name -> values are below this
    objective: str = "E"
    output: str | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)
    batch: tuple[str, ...] = ()
    runtime: Mapping[str, int] = field(default_factory=dict)  # the tests' run-time extents
    constants: Mapping[str, float] = field(default_factory=dict)
    assume: tuple[str, ...] = ()
    draws: Mapping[str, Draw] = field(default_factory=dict)  # where a plain normal won't do

    @property
    def leaves(self) -> dict[str, Shape]:
        """Every tensor that is given from outside, in declared order."""
        return {**self.parameters, **self.inputs, **self.targets}

    @property
    def differentiated(self) -> tuple[str, ...]:
        """The tensors by which the objective is derived: parameters, then real-valued inputs."""
        real = (name for name in self.inputs if name not in self.integers)
        return (*self.parameters, *real)

    def shapes(self, **runtime: int) -> dict[str, tuple[int, ...]]:
        """The leaves' shapes, at the tests' run-time extents or at those given."""
        extents = {**self.runtime, **runtime}
        return {
            name: tuple(extents[e] if isinstance(e, str) else e for e in shape)
            for name, shape in self.leaves.items()
        }

    def make_arrays(self, rng: np.random.Generator, **runtime: int) -> Arrays:
        """Random leaves, away from kinks with probability one."""
        return {
            name: self._draw(name, shape, rng) for name, shape in self.shapes(**runtime).items()
        }

    def example(self, **runtime: int) -> Arrays:
        """The same random leaves on every call, other ones for every model."""
        return self.make_arrays(np.random.default_rng(zlib.crc32(self.name.encode())), **runtime)

    def spec(self) -> dict[str, Any]:
        """What a TOML file would say: keys of the contract, those left empty absent."""
        spec = {
            "name": self.name,
            "equations": self.equations,
            "parameters": list(self.parameters),
            "inputs": list(self.inputs),
            "targets": list(self.targets),
            "integers": list(self.integers),
            "objective": self.objective,
            "output": self.output,
            "constants": dict(self.constants),
            "sizes": dict(self.sizes),
            "batch": self.batch[0] if len(self.batch) == 1 else list(self.batch),
            "assume": list(self.assume),
        }
        return {key: value for key, value in spec.items() if value}

    def _draw(self, name: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        if name in self.draws:
            return self.draws[name](rng, shape)
        if name in self.integers:
            return rng.integers(0, self.integers[name], shape)
        return np.asarray(0.7 * rng.standard_normal(shape))


def positive(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Between 0.3 and 1.7."""
    return rng.uniform(0.3, 1.7, shape)


def unit_interval(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Probabilities that are neither 0 nor 1."""
    return rng.uniform(0.1, 0.9, shape)


def binary(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """0.0 or 1.0."""
    return rng.integers(0, 2, shape).astype(float)


def plus_or_minus(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """-1.0 or 1.0."""
    return 2.0 * binary(rng, shape) - 1.0


def counts(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """0.0, 1.0, ... as a Poisson variable gives them."""
    return rng.poisson(1.5, shape).astype(float)


def one_hot(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """A single 1.0 along the last axis."""
    return np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]


def distribution(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Positive, with sum 1 along the last axis."""
    weights = positive(rng, shape)
    return weights / weights.sum(axis=-1, keepdims=True)
