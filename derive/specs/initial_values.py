"""Initial values of parameters, where a network's spec says something of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from derive.catalogue.rows import BIAS_COLUMN, within
from derive.errors import meant, shorten
from derive.ir.system import Initializer, Layer
from derive.specs.builder import Building
from derive.specs.schema import Spec
from derive.specs.user_entries import initial

PYTORCH = "pytorch"  # the one word for how a whole network begins


def initialise(spec: Spec, built: Building, layers: Sequence[Layer], whole: bool) -> None:
    """Read the spec's table of parameters; `whole` where all of them are known."""
    training = built.training
    if spec.init and spec.init != PYTORCH:
        built.problems.append(
            f"init: unknown word '{shorten(spec.init)}'; write init = \"{PYTORCH}\" or take it out"
        )
    elif spec.init:
        _as_pytorch(built, layers)
    for tensor, row in spec.parameters.items():
        place = f"parameters.{shorten(tensor)}"
        usual = training.initializers.get(tensor)
        if built.roles.get(tensor) != "parameter" or usual is None:
            if whole and not built.problems:
                known = [n for n, role in built.roles.items() if role == "parameter"]
                built.problems.append(
                    f"{place}: there is no such parameter"
                    f"{meant(tensor, known) or '; known: ' + ', '.join(known)}"
                )
            if row.init is not None:
                initial(row, place, "zeros", built.problems)
            continue
        if row.init is not None:
            kept = tuple(a for a in usual.attributes if a[0] == BIAS_COLUMN)
            result = initial(row, place, usual.type, built.problems)
            attributes = tuple(sorted((*result.attributes, *kept)))
            training.initializers[tensor] = replace(result, attributes=attributes)
        if not row.trainable and tensor not in training.frozen:
            training.frozen.append(tensor)


def _as_pytorch(built: Building, layers: Sequence[Layer]) -> None:
    """PyTorch's initialisers; without one weights and biases begin within 1/sqrt(fan_in)."""
    training = built.training
    for layer in layers:
        training.initializers.update(
            (t, training.pytorch[t]) for t in layer.tensors if t in training.pytorch
        )
        rest = [
            t for t in layer.tensors if t in training.initializers and t not in training.pytorch
        ]
        weights = [t for t in rest if training.initializers[t].type == "glorot_uniform"]
        if not weights:
            continue
        fan = 1
        for size in built.shapes[weights[0]][1:]:
            fan *= size.number or 1
        for tensor in rest:
            usual = training.initializers[tensor]
            if tensor in weights:
                kept = tuple(a for a in usual.attributes if a[0] == BIAS_COLUMN)
                training.initializers[tensor] = Initializer("fan_in_uniform", kept)
            elif usual.type == "zeros":
                training.initializers[tensor] = within(fan)
