"""Networks in few words, their equations, and what their forward equations compute."""

from pathlib import Path

import numpy as np
import pytest

from derive.errors import ChainruleError
from derive.language.printer import equation_text
from derive.semantics.interpreter import evaluate
from derive.specs.load import load

GENERATED = Path(__file__).parents[3] / "generated"


def dense(units, **more):
    return {"type": "dense", "units": units, **more}


def net(*layers, inputs=None, loss="squared_error", **more):
    return load({"inputs": inputs or {"x": [3]}, "layers": list(layers), "loss": loss, **more})


def problems(*layers, **more):
    with pytest.raises(ChainruleError) as caught:
        net(*layers, **more)
    return list(caught.value.problems)


def lines(system):
    return [equation_text(e) for e in system.equations]


def run(system, **values):
    """The forward values, leaves drawn where none are given."""
    rng = np.random.default_rng(5)
    leaves = {}
    for tensor in system.having("input", "target", "parameter", "buffer", "random"):
        shape = [e.number if e.number is not None else 2 for e in tensor.shape]
        leaves[tensor.name] = values.get(tensor.name, rng.standard_normal(shape))
    return {**leaves, **evaluate(system.equations, system.table, leaves)}


def shape(system, name):
    return tuple(
        e.number if e.number is not None else "+".join(a.name for a, _ in e.terms)
        for e in system.table[name].shape
    )
