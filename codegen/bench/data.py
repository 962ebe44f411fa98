"""Random numbers to train on, of the shapes that a model takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from derive.checks.points import keep_short, places_of, size_of
from derive.errors import ChainruleError, meant
from derive.ir.derivation import Derivation
from derive.ir.notation import Tensor
from derive.ir.runtime_extents import dims_of
from derive.ir.tree import equation_reads

BATCH, OTHER = 32, 16  # extents that nobody names
MOST = 10**8  # numbers in an array

Entries = np.ndarray[Any, Any]


def extents_of(
    derivation: Derivation, batch: int | None, sizes: Mapping[str, int]
) -> dict[str, int]:
    """A number for each run-time extent: the batch, those of `sizes`, some number for others.

    Raises `ChainruleError` for a name that is no run-time extent, and for a number that is none.
    """
    system = derivation.system
    known = sorted(dims_of(derivation.tensors))
    if batch is not None:
        if system.batch not in known:
            raise ChainruleError(f"--batch: {system.name} has no batch; leave it out")
        sizes = {**sizes, str(system.batch): batch}
    result = {name: BATCH if name == system.batch else OTHER for name in known}
    free = [name for name in known if name not in sizes]
    for name, size in sizes.items():
        if name not in known:
            cure = f"; known: {', '.join(known)}" if known else ""
            raise ChainruleError(
                f"--sizes: '{name}' is no run-time extent{meant(name, known)}{cure}"
            )
        if not 1 <= size <= MOST:
            raise ChainruleError(f"the extent of {name} is {size}; it must be from 1 to {MOST}")
        result[name] = size
    keep_short(derivation, result, free)
    for tensor in (*system.having("input"), *system.having("target")):
        count = float(np.prod([float(size_of(e, result)) for e in tensor.shape]))
        if count > MOST:
            raise ChainruleError(f"{tensor.name} would hold {count:.3g} numbers; take less")
    return result


def data_of(
    derivation: Derivation, extents: Mapping[str, int], dtype: str, seed: int = 0
) -> dict[str, Entries]:
    """Inputs and targets in the order in which a module takes them.

    Inputs are standard normal; targets and weights lie between 0 and 1, rows of which a sum is
    assumed sum to 1; whole numbers are places of the axes that they point into.
    """
    system, rng = derivation.system, np.random.default_rng(seed)
    return {
        t.name: _random(derivation, t, extents, rng).astype(np.intp if t.integer else dtype)
        for t in (*system.having("input"), *system.having("target"))
    }


def _random(
    derivation: Derivation, tensor: Tensor, extents: Mapping[str, int], rng: np.random.Generator
) -> Entries:
    system = derivation.system
    shape = [size_of(e, extents) for e in tensor.shape]
    if tensor.integer:
        return rng.integers(0, places_of(derivation, tensor, extents), shape)
    assumed = {r.tensor for a in system.assumptions for r in equation_reads(a.left)}
    if tensor.name in assumed and shape:
        rows = rng.uniform(0.1, 0.9, shape)
        return np.asarray(rows / rows.sum(axis=-1, keepdims=True))
    if tensor.role == "target" or tensor.name in {*assumed, system.training.sample_weight}:
        return rng.uniform(0.1, 0.9, shape)
    return rng.normal(size=shape)
