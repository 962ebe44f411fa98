"""One net, its data, and how it is trained by the emitted module and by PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from types import ModuleType
from typing import Any

import numpy as np

import codegen

GENERATED = Path(__file__).parents[2] / "generated"
BATCH = 32

Arrays = dict[str, np.ndarray]


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

    def by_module(self, seed: int) -> tuple[Arrays, Arrays, float, float]:
        """Where the emitted module began, where it ended, its score, seconds a step."""
        module = module_of(self.name)
        params = module.init_params(seed)
        start = {n: v.copy() for n, v in params.items()}
        state = module.init_state(params)
        x, t = self.train
        steps = self.batches(seed)
        begin = perf_counter()
        for rows in steps:
            module.train_step(params, state, x[rows], t[rows])
        seconds = (perf_counter() - begin) / len(steps)
        score = self.score(module.forward(params, self.held[0]), self.held[1])
        return start, params, score, seconds

    def by_pytorch(self, torch: Any, start: Arrays, seed: int) -> tuple[float, float]:
        """The score with PyTorch's own modules, and seconds a step."""
        net, named, cost = self.net(torch)
        assert named.keys() == module_of(self.name).PARAMETERS.keys()
        with torch.no_grad():
            for key, tensor in named.items():
                tensor.copy_(torch.tensor(start[key]))
        optimizer = getattr(torch.optim, self.optimizer)(net.parameters(), lr=self.rate)
        x, t = (torch.tensor(a) for a in self.train)
        net.train()
        steps = self.batches(seed)
        begin = perf_counter()
        for rows in steps:
            optimizer.zero_grad()
            cost(net(x[rows]), t[rows]).backward()
            optimizer.step()
        seconds = (perf_counter() - begin) / len(steps)
        net.eval()
        with torch.no_grad():
            said = net(torch.tensor(self.held[0])).numpy()
        return self.score(said, self.held[1]), seconds


def module_of(name: str) -> ModuleType:
    """The module in `generated/`."""
    path = GENERATED / name / f"{name}.py"
    return codegen.load_module(path.read_text(encoding="utf-8"), name)
