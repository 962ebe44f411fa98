"""A system: equations in the order of computation, and the part that each tensor plays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

from derive.ir.display import Displayed, some
from derive.ir.input_limits import Limit
from derive.ir.notation import Axis, Equation, Expr, Tensor

MODE = "training"  # the distribution of what is 1 in training and 0 in inference


@dataclass(frozen=True, slots=True)
class Initializer:
    """The initialiser of a parameter: the catalogue's name and its attributes, sorted by name."""

    type: str
    attributes: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Draw:
    """A random tensor: its distribution and attributes, drawn anew at every call in training.

    One of the distribution "training" isn't drawn: it is 1 in training and 0 in inference, and its
    role is "mode".
    """

    distribution: str
    attributes: tuple[tuple[str, float], ...] = ()

    @property
    def role(self) -> str:
        """The role of a tensor that is drawn so."""
        return "mode" if self.distribution == MODE else "random"

    @property
    def mean(self) -> float:
        """Its mean, which it is outside of training; of a mode 0."""
        attributes = dict(self.attributes)
        match self.distribution:
            case "bernoulli":
                return attributes.get("p", 0.5)
            case "uniform":
                return (attributes.get("low", 0.0) + attributes.get("high", 1.0)) / 2
            case "normal":
                return attributes.get("mean", 0.0)
            case _:
                return 0.0


@dataclass(frozen=True, slots=True)
class Assumption:
    """`left == right`, which simplification may use; the letters of `axes` are free in it."""

    axes: tuple[Axis, ...]
    left: Equation
    right: Expr
    text: str


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a network, for documents: which tensors and equations it brought."""

    name: str
    type: str
    inputs: tuple[str, ...]
    output: str
    tensors: tuple[str, ...]
    activation: str = "identity"
    source: str = ""


@dataclass(frozen=True, slots=True)
class Optimizer:
    """The catalogue's name of an optimiser, its numbers, and its equations as lines of text.

    `curvature` is the matrix of second derivatives that it reads: "hessian", "gauss_newton" or
    none.
    """

    type: str = "sgd"
    hyperparameters: tuple[tuple[str, Fraction], ...] = ()
    update_text: tuple[str, ...] = ()
    curvature: str = ""


@dataclass(frozen=True)
class Training:
    """The settings that a module needs beside the mathematics.

    `sample_weight` is the tensor that weighs the samples, "" where there is none; `limits` is what
    the arrays that a module is given must keep to.
    """

    optimizer: Optimizer = field(default_factory=Optimizer)
    initializers: tuple[tuple[str, Initializer], ...] = ()
    frozen: tuple[str, ...] = ()
    example: tuple[tuple[str, Any], ...] = ()
    task: str = ""
    target_kind: str = "real"
    draws: tuple[tuple[str, Draw], ...] = ()
    sample_weight: str = ""
    limits: tuple[Limit, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """A tensor that holds a derivative by entries of one tensor of another, or by both, `twice`.

    The letters of `first` stand before those of `second`.
    """

    tensor: str
    first: str
    second: str
    twice: bool


@dataclass(frozen=True)
class Earlier:
    """The derivatives that stand among a system's equations, for a derivative of these.

    `adjoints` names the derivative of `objective` by a tensor, by the tensor's name; `directions`
    what a tensor moves by; `names` what a derivative by a tensor of the system is to be called;
    `blocks` are derivatives in full.
    """

    objective: str
    adjoints: tuple[tuple[str, str], ...]
    directions: tuple[tuple[str, str], ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Results:
    """The tensors that a model is computed for, as far as it has them.

    `objective` is minimised; `output` is what `forward` gives; `probabilities` are those of a
    classifier's classes.
    """

    objective: str | None = None
    output: str | None = None
    probabilities: str | None = None

    @property
    def named(self) -> tuple[str, ...]:
        """Those that there are."""
        return tuple(n for n in (self.objective, self.output, self.probabilities) if n is not None)


@dataclass(frozen=True, slots=True)
class Origin:
    """The model as its author wrote it: layers, loss, other names of tensors, sources, notes.

    `aliases` are pairs of another name and the tensor's; `warnings` tell the author what is
    allowed and probably not meant.
    """

    layers: tuple[Layer, ...] = ()
    loss_type: str = ""
    aliases: tuple[tuple[str, str], ...] = ()
    sources: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class System(Displayed):
    """Equations in the order of computation, and the part that each tensor plays."""

    name: str
    tensors: tuple[Tensor, ...]
    equations: tuple[Equation, ...]
    results: Results = field(default_factory=Results)
    updates: tuple[Equation, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    training: Training = field(default_factory=Training)
    origin: Origin = field(default_factory=Origin)
    batch: str | None = None
    earlier: Earlier | None = None

    def __repr__(self) -> str:
        roles = ("parameter", "input", "target")
        parts = [(role, [t.name for t in self.tensors if t.role == role]) for role in roles]
        shown = [f"{role}{'s' * (len(n) > 1)} {some(n)}" for role, n in parts if n]
        shown += [f"objective {self.objective}"] if self.objective else []
        return f"<System {self.name}: {len(self.equations)} equations; {'; '.join(shown)}>"

    @property
    def objective(self) -> str | None:
        """The tensor that is minimised."""
        return self.results.objective

    @property
    def output(self) -> str | None:
        """The tensor that the model gives."""
        return self.results.output

    @property
    def probabilities(self) -> str | None:
        """The tensor of the classes' probabilities."""
        return self.results.probabilities

    @cached_property
    def table(self) -> Mapping[str, Tensor]:
        """Tensor by name."""
        return {t.name: t for t in self.tensors}

    @cached_property
    def defined(self) -> Mapping[str, Equation]:
        """The equation that defines a tensor, by the tensor's name."""
        return {e.tensor: e for e in self.equations}

    def unaliased(self, name: str) -> str:
        """A tensor's own name, by that or another one."""
        return dict(self.origin.aliases).get(name, name)

    def having(self, *roles: str) -> tuple[Tensor, ...]:
        """The tensors that play one of the roles, in declared order."""
        return tuple(t for t in self.tensors if t.role in roles)

    @property
    def trainable(self) -> tuple[str, ...]:
        """The parameters that the optimiser moves."""
        frozen = self.training.frozen
        return tuple(t.name for t in self.having("parameter") if t.name not in frozen)
