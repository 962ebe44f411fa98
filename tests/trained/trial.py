"""One net, its data, and how it is trained by the emitted module and by PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from types import ModuleType
from typing import Any

import numpy as np

import codegen

GENERATED = Path(__file__).parents[2] / "generated"
BATCH = 32

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Learner:
    """A net with its optimiser: its parameters, one step on a batch, its score as it is now."""

    params: Mapping[str, Any]
    step: Callable[[np.ndarray], None]
    score: Callable[[], float]


@dataclass(frozen=True)
class Trial:
    """A net of `generated/`: `net` makes it in PyTorch, with its parameters by our names and its
    objective; `rate` is its spec's learning rate; `score` measures what it says of `held`.

    A batch of None is the whole of the data.
    """

    name: str
    data: str
    measure: str
    train: tuple[np.ndarray, np.ndarray]
    held: tuple[np.ndarray, np.ndarray]
    epochs: int
    rate: float
    net: Callable[[Any], Any]
    score: Callable[[np.ndarray, np.ndarray], float]
    digits: int = 4
    batch: int | None = BATCH
    optimizer: str = "Adam"

    def batches(self, seed: int) -> list[np.ndarray]:
        """The rows of each batch, the same for both."""
        rng = np.random.default_rng(seed)
        count = len(self.train[0])
        if self.batch is None:
            return [np.arange(count)] * self.epochs
        parts = count // self.batch
        return [
            part
            for _ in range(self.epochs)
            for part in np.array_split(rng.permutation(count), parts)
        ]

    def here(self, seed: int) -> Learner:
        """The emitted module, at its beginning."""
        module = module_of(self.name)
        params = module.init_params(seed)
        state = module.init_state(params)
        x, t = self.train

        def step(rows: np.ndarray) -> None:
            module.train_step(params, state, x[rows], t[rows])

        return Learner(
            params, step, lambda: self.score(module.forward(params, self.held[0]), self.held[1])
        )

    def in_pytorch(self, torch: Any, start: Arrays) -> Learner:
        """PyTorch's own modules, with these parameters."""
        net, named, cost = self.net(torch)
        assert named.keys() == module_of(self.name).PARAMETERS.keys()
        with torch.no_grad():
            for key, tensor in named.items():
                tensor.copy_(torch.tensor(start[key]))
        optimizer = getattr(torch.optim, self.optimizer)(net.parameters(), lr=self.rate)
        x, t = (torch.tensor(a) for a in self.train)
        net.train()

        def step(rows: np.ndarray) -> None:
            optimizer.zero_grad()
            cost(net(x[rows]), t[rows]).backward()
            optimizer.step()

        def score() -> float:
            net.eval()
            with torch.no_grad():
                return self.score(net(torch.tensor(self.held[0])).numpy(), self.held[1])

        return Learner(named, step, score)

    def seconds(self, learners: Sequence[Learner], seed: int) -> list[float]:
        """Train by turns, a batch each; seconds of processor time of the fastest step of each."""
        spent: list[list[float]] = [[] for _ in learners]
        for rows in self.batches(seed):
            for learner, times in zip(learners, spent, strict=True):
                begin = process_time()
                learner.step(rows)
                times.append(process_time() - begin)
        return [min(times) for times in spent]


def module_of(name: str) -> ModuleType:
    """The module in `generated/`."""
    path = GENERATED / name / f"{name}.py"
    return codegen.load_module(path.read_text(encoding="utf-8"), name)
