"""Numbers as losses take them, and a loss beside PyTorch's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tests.figures.case import RUNTIME, Case, Draw, loss

Reference = Callable[..., Any]
FLAT, PLAIN, DEEP = (), (4,), (2, 3)
N = RUNTIME["n"]


def loss_case(
    name: str,
    reference: Reference,
    shape: tuple[int, ...] = PLAIN,
    draws: Mapping[str, Draw] | None = None,
    **attributes: Any,
) -> Case:
    """One use of the loss that the case's name begins with: y, t and class weights by PyTorch."""
    kind = name.split(maxsplit=1)[0]

    def objective(torch: Any, x: Any, t: Any, **more: Any) -> Any:
        return reference(torch.nn.functional, x, t, **more)

    return Case(name, (kind,), loss(kind, shape, **attributes), objective, draws or {})


def case_between(name: str, reference: Reference, *inputs: str, **attributes: Any) -> Case:
    """One use of a loss that reads several tensors of one shape."""
    kind = name.split(maxsplit=1)[0]
    spec = {
        "inputs": {x: [4] for x in inputs},
        "layers": [{"type": "identity", "inputs": [inputs[0]]}],
        "loss": {"type": kind, "inputs": list(inputs), **attributes},
    }
    return Case(name, (kind,), spec, lambda torch, **of: reference(torch.nn.functional, **of))


def chances(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(0.05, 0.95, shape)


def distributions(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.dirichlet(np.ones(shape[-1]), shape[:-1])


def sure_chances(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]


def logarithms(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.log(distributions(rng, shape))


def zeros_and_ones(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.integers(0, 2, shape).astype(float)


def signs(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return 2 * zeros_and_ones(rng, shape) - 1


def counts(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.poisson(3.0, shape).astype(float)


def class_numbers(below: int) -> Draw:
    return lambda rng, shape: rng.integers(0, below, shape)


def some_left_out(below: int, left_out: int) -> Draw:
    """Classes, every second target one that doesn't count."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        found = rng.integers(0, below, shape)
        found.flat[::2] = left_out
        return found

    return draw


def all_left_out(left_out: int) -> Draw:
    return lambda rng, shape: np.full(shape, left_out)
