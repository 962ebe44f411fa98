"""What all functions of one emitted module share: its tensors, their names, who computes what."""

from __future__ import annotations

from codegen.lowering.common_values import shared
from codegen.module.input_limits import bounds_of
from codegen.module.partition import curving, plan_of
from codegen.targets.numpy.functions.arguments import Use, Writer
from codegen.targets.numpy.names import TRAINING, Names
from derive.ir.derivation import Derivation
from derive.ir.runtime_extents import dims_of
from derive.language.printer import equation_text
from derive.systems.stepping import stepping


class Frame:
    """A derivation as its module sees it."""

    def __init__(self, derivation: Derivation) -> None:
        self.objective = equation_text(derivation.system.defined[derivation.objective])
        self.stepping = stepping(derivation.system)
        self.bounds = bounds_of(derivation.system)
        self.original = derivation
        once = shared(derivation)
        derivation = self.derivation = once.derivation
        self.system = derivation.system
        self.table = derivation.table
        self.derived = frozenset(e.tensor for e in derivation.backward)
        self.plan = plan_of(derivation, curving(self.original))
        dims = sorted(dims_of(derivation.tensors))
        tensors = [t.name for t in derivation.tensors if t.role != "hyperparameter"]
        if self.stepping:
            tensors += [k.tensor.name for k in self.stepping.kept if k.tensor.role == "state"]
        modes = dict.fromkeys((t.name for t in self.system.having("mode")), TRAINING)
        stored = self.system.having("parameter", "buffer")
        later = (*self.system.updates, *derivation.curvature)
        equations = (*derivation.forward, *derivation.backward, *later)
        asked = {derivation.adjoint[n] for n in derivation.wrt if n in derivation.adjoint}
        asked |= {derivation.objective, self.system.output or "", self.system.probabilities or ""}
        self.writer = Writer(
            Names(tensors, dims, modes),
            self.table,
            dims,
            stored,
            Use(equations, frozenset(asked)),
            apart=once.windows,
            bounds=self.bounds,
        )
        self.names = self.writer.names
        self.inputs = self.system.having("input")
        self.targets = self.system.having("target")
        draws = dict(self.system.training.draws)
        self.draws = {t.name: draws[t.name] for t in self.system.having("random")}
        # what the inner functions are told beside the data
        self.inner = (", training" if draws else "") + (", rng" if self.draws else "")

    @property
    def input_arguments(self) -> str:
        """The inputs, as arguments after others."""
        return "".join(f", {self.names.tensor(t.name)}" for t in self.inputs)

    @property
    def data_arguments(self) -> str:
        """Inputs and targets, as arguments after others."""
        given = (*self.inputs, *self.targets)
        return "".join(f", {self.names.tensor(t.name)}" for t in given)
