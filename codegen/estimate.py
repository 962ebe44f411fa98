"""What the estimator half of a module needs to know, from a derivation."""

from __future__ import annotations

from typing import Literal

from codegen.bounds import besides_of
from codegen.estimator import Argument, Estimator, Shape
from derive.dims import dims_of_extent
from derive.notation import Affine, Derivation, Dim, Tensor, affine

_KINDS: dict[str, Literal["real", "binary", "signs", "one_hot", "classes"]] = {
    "real": "real",
    "binary": "binary",
    "signs": "signs",
    "one_hot": "one_hot",
    "classes": "classes",
}


def estimator_of(derivation: Derivation) -> Estimator:
    """The facts of the model, as plain data."""
    system = derivation.system
    batch = affine(Dim(system.batch)) if system.batch else None
    data = (*system.having("input"), *system.having("target"))
    batched = (
        batch is not None and bool(data) and all(t.shape and t.shape[0] == batch for t in data)
    )

    def shape(tensor: Tensor) -> Shape:
        extents = tensor.shape[1:] if batched else tensor.shape
        return tuple(map(_extent, extents))

    kind = _KINDS[system.training.target_kind]
    weight = system.training.sample_weight
    targets = tuple(t for t in system.having("target") if t.name != weight)
    classifier = kind != "real" and batched and len(targets) == 1
    output = system.table[system.output] if system.output else None
    output_shape: Shape | None = None
    if output is not None and batched and output.shape and output.shape[0] == batch:
        output_shape = tuple(map(_extent, output.shape[1:]))
    probabilities: Literal["forward", "probabilities"] | None = None
    classes = 2
    if classifier:
        if system.probabilities is not None:
            shown = system.probabilities == system.output
            probabilities = "forward" if shown else "probabilities"
        if kind in ("one_hot", "classes") and output is not None:
            classes = output.shape[-1].number or 2
    return Estimator(
        name=system.name,
        inputs=tuple(Argument(t.name, shape(t), t.integer) for t in system.having("input")),
        targets=tuple(Argument(t.name, shape(t), t.integer) for t in targets),
        has_batch=batched,
        hyperparameters=tuple((n, float(v)) for n, v in system.training.hyperparameters),
        kind=kind if classifier else "real",
        classes=classes,
        probabilities=probabilities,
        output_shape=output_shape,
        weighted=bool(weight),
        ignored=besides_of(system).get(targets[0].name, ()) if classifier else (),
    )


def _extent(extent: Affine) -> int | str:
    """A number, or the letter of an extent that is known at run time."""
    if extent.number is not None:
        return extent.number
    dims = sorted(dims_of_extent(extent))
    return dims[0].upper() if extent == affine(Dim(dims[0])) else "any"
