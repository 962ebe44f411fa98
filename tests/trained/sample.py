"""A text that a language model writes, a character at a time."""

from __future__ import annotations

import numpy as np

from tests.trained.data import SYMBOLS, numbers
from tests.trained.trial import module_of

FIRST = "Alice "
COOL = 0.6  # below 1 it takes what is likely more often


def written(name: str, params: dict[str, np.ndarray], count: int = 300, seed: int = 0) -> str:
    """What a net whose module has `step` goes on with; nothing of another."""
    module = module_of(name)
    if not hasattr(module, "step"):
        return ""
    rng = np.random.default_rng(seed)
    state = module.init_step(params)
    text = list(numbers(FIRST))
    for k in range(len(FIRST) + count - 1):
        z, state = module.step(params, state, [text[k]])
        if k >= len(FIRST) - 1:
            chances = np.exp((z[0] - z[0].max()) / COOL)
            text.append(int(rng.choice(len(SYMBOLS), p=chances / chances.sum())))
    return "".join(SYMBOLS[k] for k in text)
