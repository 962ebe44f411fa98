"""Who takes part: chainrule's own modules, and libraries that differentiate the same equations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from codegen.bench.data import data_of
from codegen.pipeline import TARGETS, emit
from codegen.targets.numpy.load_module import load_module
from derive.errors import ChainruleError, meant
from derive.ir.derivation import Derivation

Step = Callable[[], float]

PEERS = {"torch": "torch", "torch-compile": "torch", "jax": "jax"}  # and what has to be installed


@dataclass(frozen=True)
class Task:
    """A training step that is to be timed: of which model, on how much, in which kind of numbers.

    `extents` has the run-time ones, in pairs.
    """

    derivation: Derivation
    extents: tuple[tuple[str, int], ...]
    dtype: str

    @property
    def data(self) -> Mapping[str, Any]:
        """Inputs and targets by their names."""
        return data_of(self.derivation, dict(self.extents), self.dtype)


def demand_known(targets: tuple[str, ...], against: tuple[str, ...]) -> None:
    """Raises `ChainruleError` for a name that is none."""
    for option, names, known in (("target", targets, TARGETS), ("against", against, PEERS)):
        for name in names:
            if name not in known:
                raise ChainruleError(
                    f"--{option}: unknown '{name}'{meant(name, known)}; known: {', '.join(known)}"
                )


def is_installed(contender: str) -> bool:
    """Whether what a contender needs can be imported."""
    return contender not in PEERS or find_spec(PEERS[contender]) is not None


def step_of(contender: str, task: Task) -> Step:
    """What does one training step and gives the loss before it."""
    if contender in PEERS:
        peer: Any = import_module(f"codegen.bench.peers.{PEERS[contender]}_step")
        result: Step = peer.step_of(task, contender)
        return result
    source = emit(task.derivation, target=contender, dtype=task.dtype, part="math")
    return module_step(load_module(source, contender), task)


def module_step(module: ModuleType, task: Task) -> Step:
    """A training step of an emitted module from its own first parameters."""
    params = module.init_params(0)
    state = module.init_state(params)
    data = tuple(task.data.values())

    def step() -> float:
        return float(module.train_step(params, state, *data))

    return step
