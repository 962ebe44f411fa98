"""What parameters are before training, where a network's spec says something of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from derive.building import Building
from derive.catalogue.entry import BIAS_COLUMN
from derive.definitions import initial
from derive.errors import meant, shorten
from derive.notation import Initializer, Layer
from derive.spec import Spec

PYTORCH = "pytorch"  # the one word for how a whole network begins


def initialise(spec: Spec, built: Building, layers: Sequence[Layer], whole: bool) -> None:
    """What the spec says of parameters; `whole` where all of them are known."""
    if spec.init and spec.init != PYTORCH:
        built.problems.append(
            f"init: unknown word '{shorten(spec.init)}'; write init = \"{PYTORCH}\" or take it out"
        )
    elif spec.init:
        _as_pytorch(built, layers)
    for tensor, row in spec.parameters.items():
        place = f"parameters.{shorten(tensor)}"
        usual = built.initializers.get(tensor)
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
            found = initial(row, place, usual.type, built.problems)
            attributes = tuple(sorted((*found.attributes, *kept)))
            built.initializers[tensor] = replace(found, attributes=attributes)
        if not row.trainable and tensor not in built.frozen:
            built.frozen.append(tensor)


def _as_pytorch(built: Building, layers: Sequence[Layer]) -> None:
    """Dense layers and convolutions begin within 1/sqrt(fan_in), their biases too."""
    for layer in layers:
        weights = [
            t
            for t in layer.tensors
            if (usual := built.initializers.get(t)) and usual.type == "glorot_uniform"
        ]
        if not weights:
            continue
        fan = 1
        for size in built.shapes[weights[0]][1:]:
            fan *= size.number or 1
        limit = Fraction(repr(fan**-0.5))
        within = Initializer("uniform", (("high", limit), ("low", -limit)))
        for tensor in layer.tensors:
            usual = built.initializers.get(tensor)
            if tensor in weights:
                kept = tuple(a for a in usual.attributes if a[0] == BIAS_COLUMN) if usual else ()
                built.initializers[tensor] = Initializer("fan_in_uniform", kept)
            elif usual is not None and usual.type == "zeros":
                built.initializers[tensor] = within
