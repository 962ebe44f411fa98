"""A derivation: a system with its derivatives, and the steps that led there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from derive.ir.display import Displayed
from derive.ir.notation import Equation, Tensor
from derive.ir.system import Block, System


@dataclass(frozen=True, slots=True)
class Step(Displayed):
    """One step of a derivation, made by the engine as it went.

    `before` and `after` give the same tensor where `kind` is "equality". Where it is "chain",
    `before` is a forward equation `Y = ...` and `after` what it contributes to the derivative by
    `wrt`: for every change of `wrt`, `sum after * change` is `sum dY * (change of Y)`.
    """

    kind: str
    rule: str
    subject: str
    before: Equation
    after: Equation
    reason: str
    wrt: str = ""
    under: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Derivatives:
    """The derivatives that were formed: of `objective`, by `wrt`, and the names of all of them.

    `adjoints` are pairs of a tensor and the name of the derivative by it, those on the way too.
    """

    objective: str
    wrt: tuple[str, ...] = ()
    adjoints: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Derivation(Displayed):
    """A system with its derivatives: everything that is printed or run comes from here.

    `backward` holds the error terms and gradients in the order of computation; `inlined` the
    adjoints that were written into the only place that used them, so that every derivative that
    was formed can be asked for; `updates` one equation a parameter, `next(W) = ...`, and those
    that come before; `curvature` the second derivatives that these read, in the order of
    computation, and `blocks` which of their tensors are derivatives by the vector of all
    parameters, whose name is "".
    """

    system: System
    tensors: tuple[Tensor, ...]
    backward: tuple[Equation, ...]
    inlined: tuple[Equation, ...]
    updates: tuple[Equation, ...]
    steps: tuple[Step, ...]
    derivatives: Derivatives
    warnings: tuple[str, ...] = ()
    curvature: tuple[Equation, ...] = ()
    blocks: tuple[Block, ...] = ()

    @property
    def objective(self) -> str:
        """The tensor that was differentiated."""
        return self.derivatives.objective

    @property
    def wrt(self) -> tuple[str, ...]:
        """The tensors by which the derivatives were asked for."""
        return self.derivatives.wrt

    @property
    def adjoints(self) -> tuple[tuple[str, str], ...]:
        """Each tensor with the name of the derivative by it."""
        return self.derivatives.adjoints

    @property
    def forward(self) -> tuple[Equation, ...]:
        """The system's own equations."""
        return self.system.equations

    @cached_property
    def table(self) -> Mapping[str, Tensor]:
        """Tensor by name, the derivatives included."""
        return {t.name: t for t in self.tensors}

    @cached_property
    def adjoint(self) -> Mapping[str, str]:
        """The name of the derivative of the objective by a tensor, by the tensor's name."""
        return dict(self.adjoints)

    @cached_property
    def steps_of(self) -> Mapping[str, tuple[Step, ...]]:
        """The steps that led to each derivative, by its name."""
        result: dict[str, list[Step]] = {}
        for step in self.steps:
            result.setdefault(step.subject, []).append(step)
        return {name: tuple(steps) for name, steps in result.items()}

    def gradient(self, name: str) -> Equation:
        """The equation of the objective's derivative by a tensor.

        Raises `KeyError` where the objective does not depend on the tensor.
        """
        name = self.system.unaliased(name)
        wanted = self.adjoint[name]
        for equation in (*self.backward, *self.inlined):
            if equation.tensor == wanted:
                return equation
        raise KeyError(name)
