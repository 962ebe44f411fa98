"""A derivation as the procedures of its module see it: who computes what, and what is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from codegen.module.input_limits import Bounds, bounds_of
from codegen.module.partition import Plan, curving, plan_of
from codegen.program.operands import Literal, Own, Variable
from codegen.program.procedures import Argument, Text
from derive.ir.derivation import Derivation
from derive.ir.notation import Equation, Tensor
from derive.ir.runtime_extents import dims_of
from derive.ir.system import Draw, System
from derive.ir.tree import equation_reads
from derive.systems.stepping import Stepping, stepping

PARAMS, STATE = Own("params"), Own("state")
TRAINING, RNG = Own("training"), Own("rng")
MODE = (Argument(TRAINING, Literal(False)), Argument(RNG, Literal(None)))


@dataclass(frozen=True)
class Context:
    """A derivation in which shared values have names, beside the `original`, and its partition.

    Arrays in `windows` share no memory with others. `walk` is how a sequence is gone along.
    """

    original: Derivation
    derivation: Derivation
    windows: frozenset[str]
    plan: Plan
    walk: Stepping | None
    bounds: Bounds

    @property
    def system(self) -> System:
        """The system, with shared values."""
        return self.derivation.system

    @cached_property
    def inputs(self) -> tuple[Tensor, ...]:
        """What the output needs."""
        return self.system.having("input")

    @cached_property
    def targets(self) -> tuple[Tensor, ...]:
        """What only the objective needs."""
        return self.system.having("target")

    @property
    def data(self) -> tuple[Tensor, ...]:
        """Inputs and targets, in the order of arguments."""
        return (*self.inputs, *self.targets)

    @cached_property
    def draws(self) -> Mapping[str, Draw]:
        """How random tensors are drawn, by their names."""
        draws = dict(self.system.training.draws)
        return {t.name: draws[t.name] for t in self.system.having("random")}

    @cached_property
    def flags(self) -> tuple[Own, ...]:
        """What the inner procedures are told beside the data: the mode, the generator."""
        mode = (TRAINING,) if self.system.training.draws else ()
        return (*mode, RNG) if self.draws else mode

    @cached_property
    def stored(self) -> tuple[Tensor, ...]:
        """The tensors that lie in `params`."""
        return self.system.having("parameter", "buffer")

    @cached_property
    def dims(self) -> tuple[str, ...]:
        """The run-time extents."""
        return tuple(sorted(dims_of(self.derivation.tensors)))

    @cached_property
    def derived(self) -> frozenset[str]:
        """The tensors that backward equations give."""
        return frozenset(e.tensor for e in self.derivation.backward)


def context_of(original: Derivation, derivation: Derivation, windows: frozenset[str]) -> Context:
    """The context of a derivation and of the same with names for shared values."""
    plan = plan_of(derivation, curving(original))
    system = original.system
    return Context(original, derivation, windows, plan, stepping(system), bounds_of(system))


def variables(tensors: Iterable[Tensor | str]) -> tuple[Variable, ...]:
    """The variables that hold tensors."""
    return tuple(Variable(t if isinstance(t, str) else t.name) for t in tensors)


def arguments(*groups: Iterable[Variable | Own]) -> tuple[Argument, ...]:
    """Arguments that have no default."""
    return tuple(Argument(one) for group in groups for one in group)


def listing(names: Sequence[str]) -> Text:
    """Variables with commas between them, for a text."""
    pieces: list[str | Variable] = []
    for name in names:
        pieces += [", "] * bool(pieces) + [Variable(name)]
    return tuple(pieces)


def read_by(equations: Iterable[Equation]) -> set[str]:
    """The tensors that equations read."""
    return {r.tensor for e in equations for r in equation_reads(e)}
