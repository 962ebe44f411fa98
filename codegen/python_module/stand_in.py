"""Stand-ins for the names that only an emitted module has: its mathematics, and what it is.

The functions of `runtime` and of `estimator` read them, so that both are Python like any other:
linted, typed and tested where they stand. Nothing of this file is emitted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Arrays = dict[str, Array]
Shape = tuple[Any, ...]
Shapes = dict[str, Shape]

NAME = "model"
DTYPE: Any = np.float64
PARAMETERS: dict[str, Shape] = {}
HYPERPARAMETERS: dict[str, float] = {"learning_rate": 0.1}


def init_params(seed: int = 0) -> Arrays:
    """Parameters to begin with."""
    raise NotImplementedError


def init_state(params: Arrays) -> dict[str, Any]:
    """The optimiser's state."""
    raise NotImplementedError


def forward(params: Arrays, *inputs: Array) -> Any:
    """The output."""
    raise NotImplementedError


def loss(params: Arrays, *data: Array) -> float:
    """The objective."""
    raise NotImplementedError


def train_step(
    params: Arrays, state: dict[str, Any], *data: Array, rng: np.random.Generator
) -> float:
    """One update of the parameters, in place."""
    raise NotImplementedError


# What the estimator knows of the model. A shape is that of one sample where there is a batch; a
# letter stands for any extent.
_INPUTS: Shapes = {"x": (2,)}
_TARGETS: Shapes = {"t": (1,)}
_WHOLE: list[str] = []  # which of them are whole numbers
_ROLE: str | None = "regressor"  # or "classifier"
_KIND = "real"  # what targets are: "binary", "signs", "one_hot", "classes"
_CLASSES = 2
_IGNORED: tuple[int, ...] = ()  # the numbers of classes that don't count
_NO_CLASS: dict[int | str, int] = {}  # labels of what has no class
_LABEL_SHAPE: Shape = ()
_FEATURE_COLUMNS = 2  # how many columns of a table the inputs take
_TARGET_COLUMNS = 1  # and the targets
_SCORES = forward  # what predictions are made of
_CHUNK = 1024  # so many samples at once go through the model in `predict`
_SETTINGS: dict[str, str] = {}  # what `Model` can be told, and what each means

# What follows from the above; these decide which branches a module has.
_BATCHED = True  # the first axis is that of the samples
_SEVERAL = False  # several inputs or several targets
_STANDARDIZES = True  # there are features that could be standardised
_IN_CHUNKS = True  # samples can go through the model a few at a time
_COLUMN = False  # the target has one entry for each sample, as a column
_ONE_OUTPUT = True  # the output has one entry for each sample, as a column
_READS_TARGET = False  # the output can't be had without the target
_PROBABILITIES = False  # scores are probabilities
_WEIGHTED = False  # the loss takes a weight for each sample
_FROM_TABLE = True  # a row of a table can be a sample
