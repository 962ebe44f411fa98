"""A derivation: a system with its derivatives, and the steps that led there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from derive.ir.display import Displayed, some, writer
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

    def __repr__(self) -> str:
        counts = f"{len(self.backward)} equations, {len(self.steps)} steps"
        return (
            f"<Derivation of {self.objective} in {self.system.name} by {some(self.wrt)}: {counts}>"
        )

    @property
    def equations(self) -> tuple[Equation, ...]:
        """Everything that is computed, in order: forward pass, derivatives, updates."""
        return (*self.forward, *self.backward, *self.curvature, *self.updates)

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

    def explain(
        self,
        name: str,
        lang: Literal["en", "zh"] = "en",
        detail: Literal["steps", "full"] = "steps",
    ) -> str:
        """How the derivative by one tensor comes about, as plain text in lines of 80 columns.

        Raises `ChainruleError` for a tensor that is unknown, or by which there is no derivative.
        """
        return str(_writer("explain")(self, name, lang, detail))

    def emit(
        self,
        target: Literal["numpy", "c"] = "numpy",
        style: Literal["plain"] = "plain",
        dtype: Literal["float64", "float32"] = "float64",
        part: Literal["all", "math"] = "all",
    ) -> str:
        """The source of a module that computes and trains; `math` without estimator and commands.

        Raises `ChainruleError` for what isn't offered, and where there is no scalar objective.
        """
        return str(_writer("emit")(self, target, style, dtype, part))

    def document(
        self,
        format: Literal["tex", "pdf", "md", "html", "json"] = "tex",
        *,
        notation: Literal["both", "index", "matrix"] = "both",
        detail: Literal["result", "steps", "full"] = "steps",
        lang: Literal["en", "zh"] = "en",
        samples: Literal["column", "rows"] = "column",
        layout: Literal["denominator", "numerator"] = "denominator",
        errors: Literal["delta", "partial"] = "delta",
        calculus: Literal["differential", "kronecker"] = "differential",
        level: Literal["intro", "brief"] = "intro",
        order: Literal[1, 2] = 1,
        wrt: tuple[str, ...] = (),
        scalars: bool = False,
        fragment: bool = False,
    ) -> Any:
        """The whole derivation as a text, as a PDF in bytes.

        Raises `ChainruleError` for what isn't offered.
        """
        return _writer("document")(
            self,
            format,
            notation=notation,
            detail=detail,
            lang=lang,
            samples=samples,
            layout=layout,
            errors=errors,
            calculus=calculus,
            level=level,
            order=order,
            wrt=wrt,
            scalars=scalars,
            fragment=fragment,
        )


def _writer(name: str) -> Any:
    """A function that writes derivations. Raises `ImportError` where it isn't installed."""
    write = writer(name)
    if write is None:
        raise ImportError(f"who writes derivations ({name}) isn't installed: pip install chainrule")
    return write
