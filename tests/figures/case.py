"""One use of a catalogue entry beside the same thing in PyTorch, and how both are computed.

A case is a spec and a function that computes its objective with PyTorch, written from PyTorch's
own modules. The figures that PyTorch gave are committed (`FAMILY.json`), so that the tests compare
with them where PyTorch isn't installed; `python -m tests.figures` computes them anew.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from derive import differentiate, load
from derive.ir.derivation import Derivation
from derive.ir.notation import Affine, Dim

HERE = Path(__file__).parent
# An objective with a random upstream gradient: the target is what arrives at the output.
UPSTREAM = {"equations": "E = sum(n, ..., t[n,...]*y[n,...])"}
RUNTIME = {"n": 3}
OTHER_RUNTIME = 4  # any further extent that is known at run time only

Arrays = dict[str, np.ndarray]
Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


@dataclass(frozen=True, eq=False)
class Case:
    """A spec, and the same objective in PyTorch.

    `reference` gets the module `torch` and every leaf of the system (inputs, targets, parameters,
    buffers) by name, as float64 or int64 tensors, and returns the objective as a scalar tensor.
    `draws` is for leaves for which standard normal numbers won't do; integers need one.
    """

    name: str
    entries: tuple[str, ...]
    spec: Mapping[str, Any]
    reference: Callable[..., Any]
    draws: Mapping[str, Draw] = field(default_factory=dict)
    training: bool = False
    runtime: Mapping[str, int] = field(default_factory=dict)

    def derivation(self) -> Derivation:
        """The spec, differentiated by everything that is real."""
        return differentiate(load({"name": "case", **self.spec}))

    def arrays(self, derivation: Derivation) -> Arrays:
        """The same numbers at every call and on every machine."""
        rng = np.random.default_rng(zlib.crc32(self.name.encode()))
        system = derivation.system
        found = {}
        for tensor in system.having("input", "target", "parameter", "buffer"):
            shape = tuple(self._extent(e) for e in tensor.shape)
            draw = self.draws.get(tensor.name, lambda r, s: r.normal(size=s))
            found[tensor.name] = np.asarray(draw(rng, shape))
        return found

    def _extent(self, extent: Affine) -> int:
        sizes = {**RUNTIME, **self.runtime}
        return extent.constant + sum(
            factor * (sizes.get(a.name, OTHER_RUNTIME) if isinstance(a, Dim) else 0)
            for a, factor in extent.terms
        )


def layer(kind: str, shape: tuple[int, ...], /, **attributes: Any) -> dict[str, Any]:
    """A spec of one layer with input `x` of a shape, under a random upstream gradient."""
    return {
        "inputs": {"x": list(shape)},
        "layers": [{"type": kind, **attributes}],
        "loss": UPSTREAM,
    }


def loss(kind: str, shape: tuple[int, ...], **attributes: Any) -> dict[str, Any]:
    """A spec of a loss directly on the input: `x` is the output, `t` the target."""
    return {
        "inputs": {"x": list(shape)},
        "layers": [{"type": "identity"}],
        "loss": {"type": kind, **attributes},
    }


def figures(family: str) -> dict[str, Any]:
    """What PyTorch gave for the cases of a family: {case: {"arrays", "E", "gradients"}}."""
    path = HERE / f"{family}.json"
    return json.loads(path.read_text()) if path.exists() else {}
