"""What the estimator half of a module needs to know, from a derivation."""

from __future__ import annotations

import keyword
from dataclasses import dataclass
from math import prod
from typing import Literal

from codegen.module.input_limits import besides_of
from codegen.module.partition import plan_of
from derive.ir.derivation import Derivation
from derive.ir.notation import Affine, Dim, Tensor, affine
from derive.ir.runtime_extents import dims_of_extent
from derive.ir.system import System

Shape = tuple[int | str, ...]
"""The extents of one sample, or of the whole array in a model without a batch; a letter: any."""


@dataclass(frozen=True)
class Argument:
    """One input or target as `forward` and `loss` take it."""

    name: str
    shape: Shape
    integer: bool = False


Kind = Literal["real", "binary", "signs", "one_hot", "classes"]


@dataclass(frozen=True)
class Labels:
    """What the targets say of a sample, if they are labels.

    kind: anything but "real" makes a classifier of the model: "binary" targets are 0 or 1, "signs"
        -1 or 1, "one_hot" ones have the class as their last axis, "classes" are whole numbers.
    classes: how many classes the model tells apart.
    probabilities: the function whose result is a probability for each class (of class 1 where the
        kind is "binary"); None where there is none, and then there is no `predict_proba`.
    ignored: the numbers of classes that don't count in the loss, whether the model knows them or
        not.
    """

    kind: Kind = "real"
    classes: int = 2
    probabilities: Literal["forward", "probabilities"] | None = None
    ignored: tuple[int, ...] = ()


@dataclass(frozen=True)
class Estimator:
    """What the lower half needs to know about the mathematics above it.

    has_batch: every input and target has the batch as its first axis, so mini-batches make sense.
    hyperparameters: those of the optimiser, with defaults, as `HYPERPARAMETERS` has them.
    output_shape: one sample of what `forward` returns; None where its first axis isn't the batch.
    weighted: the loss takes a weight for each sample after the targets.
    reads_target: `forward` takes the targets, too, since the output can't be had without them.
    """

    name: str
    inputs: tuple[Argument, ...] = ()
    targets: tuple[Argument, ...] = ()
    has_batch: bool = True
    hyperparameters: tuple[tuple[str, float], ...] = (("learning_rate", 0.1),)
    labels: Labels = Labels()
    output_shape: Shape | None = None
    weighted: bool = False
    reads_target: bool = False

    def __post_init__(self) -> None:
        """Refuse what no module could be."""
        if self.has_batch and not self.data:
            raise ValueError(f"{self.name}: a batch of what? There are no inputs and no targets")
        if self.classifier and not (self.has_batch and self.inputs and len(self.targets) == 1):
            raise ValueError(f"{self.name}: a classifier has a batch, inputs and one target")
        if self.weighted and not (self.has_batch and self.inputs):
            raise ValueError(f"{self.name}: samples to be weighed are a batch of inputs")
        for name, _ in self.hyperparameters:
            if name in OWN_SETTINGS or not name.isidentifier() or keyword.iskeyword(name):
                raise ValueError(f"{self.name}: no hyper-parameter can be called {name!r}")

    @property
    def data(self) -> tuple[Argument, ...]:
        """All that the loss takes."""
        return self.inputs + self.targets

    @property
    def classifier(self) -> bool:
        """Whether `predict` gives labels."""
        return self.labels.kind != "real"

    @property
    def regressor(self) -> bool:
        """Whether the output is to be equal to the target, which R squared can measure."""
        return (
            self.has_batch
            and not self.classifier
            and len(self.targets) == 1
            and self.output_shape == self.targets[0].shape
            and not self.reads_target
        )

    @property
    def role(self) -> Literal["classifier", "regressor"] | None:
        """What scikit-learn calls it."""
        return "classifier" if self.classifier else "regressor" if self.regressor else None

    @property
    def label_shape(self) -> Shape:
        """The labels of one sample: () for a single one."""
        shape = self.targets[0].shape
        if self.labels.kind == "one_hot":
            return shape[:-1]
        return () if shape == (1,) else shape

    @property
    def standardizes(self) -> bool:
        """Whether there are features that could be standardised."""
        return self.has_batch and not all(argument.integer for argument in self.inputs)

    @property
    def reads_csv(self) -> bool:
        """Whether a row of a table can be a sample."""
        return self.has_batch and bool(self.inputs) and not any(map(is_open, self.data))


def is_open(argument: Argument) -> bool:
    """Whether some axis of a sample may have any extent."""
    return any(isinstance(extent, str) for extent in argument.shape)


def entries(shape: Shape) -> int:
    """How many entries a sample has."""
    return prod(extent for extent in shape if isinstance(extent, int))


OWN_SETTINGS = (
    "batch_size",
    "epochs",
    "patience",
    "seed",
    "self",
    "standardize",
    "validation",
    "verbose",
)


_KINDS: dict[str, Kind] = {
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
    reads_target = _reads_target(derivation)
    classifier = kind != "real" and batched and len(targets) == 1 and not reads_target
    output = system.table[system.output] if system.output else None
    output_shape: Shape | None = None
    if output is not None and batched and output.shape and output.shape[0] == batch:
        output_shape = tuple(map(_extent, output.shape[1:]))
    labels = _labels(system, kind, targets[0].name) if classifier else Labels()
    return Estimator(
        name=system.name,
        inputs=tuple(Argument(t.name, shape(t), t.integer) for t in system.having("input")),
        targets=tuple(Argument(t.name, shape(t), t.integer) for t in targets),
        has_batch=batched,
        hyperparameters=tuple((n, float(v)) for n, v in system.training.optimizer.hyperparameters),
        labels=labels,
        output_shape=output_shape,
        weighted=bool(weight),
        reads_target=reads_target,
    )


def _labels(system: System, kind: Kind, target: str) -> Labels:
    """What the labels of a classifier are, and what tells their probabilities."""
    probabilities: Literal["forward", "probabilities"] | None = None
    if system.probabilities is not None:
        shown = system.probabilities == system.output
        probabilities = "forward" if shown else "probabilities"
    classes = 2
    if kind in ("one_hot", "classes") and system.output:
        classes = system.table[system.output].shape[-1].number or 2
    return Labels(kind, classes, probabilities, besides_of(system).get(target, ()))


def _reads_target(derivation: Derivation) -> bool:
    """Whether the output depends on a target, or on an extent that only targets have."""
    system = derivation.system
    if not system.having("target"):
        return False
    if system.output is None:
        return True
    early = {equation.tensor for equation in plan_of(derivation).early}
    return system.output in system.defined and system.output not in early


def _extent(extent: Affine) -> int | str:
    """A number, or the letter of an extent that is known at run time."""
    if extent.number is not None:
        return extent.number
    dims = sorted(dims_of_extent(extent))
    return dims[0].upper() if extent == affine(Dim(dims[0])) else "any"
