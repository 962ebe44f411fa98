"""What a step is made of, whatever the library: the objective, and the optimiser's rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from codegen.bench.contenders import Task
from codegen.bench.peers.arrays import Held, Scope
from codegen.bench.peers.held import with_held_named
from codegen.bench.peers.library import Library
from codegen.bench.peers.statements import Change, changes_of, whole_of
from codegen.module.build import module_of
from codegen.module.context import context_of
from codegen.pipeline import array_program, emit
from codegen.program.nodes import Statement
from codegen.program.operands import Call
from codegen.program.procedures import EachParameter, Group, Overall, Procedure, Sample
from codegen.targets.numpy.load_module import load_module
from derive.errors import ChainruleError
from derive.ir.names import current_of, next_of

_SAMPLED = {"bernoulli": ("p", "p"), "uniform": ("low", "high"), "normal": ("mean", "std")}


class Training:
    """A model's training step over a library's arrays."""

    def __init__(self, task: Task, library: Library) -> None:
        self.task, self.library = task, library
        derivation, held_names = with_held_named(task.derivation)
        self.module = array_program(module_of(context_of(derivation, derivation, frozenset())))
        self.procedures = {p.name: p for p in self.module.procedures}
        if derivation.curvature:
            raise ChainruleError("its optimiser reads second derivatives, which no peer forms")
        system = derivation.system
        self.trainable = tuple(system.trainable)
        emitted = load_module(emit(task.derivation, dtype=task.dtype, part="math"))
        params = emitted.init_params(0)
        self.state = self._lifted(emitted.init_state(params))
        given = {**params, **task.data}
        self.held: Held = {name: library.constant(value) for name, value in given.items()}
        modes = {t.name: 1.0 for t in system.having("mode")}
        constants = {t.name: float(t.value) for t in system.tensors if t.value is not None}
        self.scope = Scope(
            library, {**constants, **modes}, dict(task.extents), {}, frozenset(held_names)
        )

    def _lifted(self, state: Any) -> Any:
        if isinstance(state, dict):
            return {key: self._lifted(value) for key, value in state.items()}
        return self.library.constant(np.asarray(state, dtype=float))

    # ---- the objective ---------------------------------------------------------------------------

    @cached_property
    def _changes(self) -> tuple[Change, ...]:
        return tuple(self._of(self.procedures["_evaluate"]))

    def objective(self, given: Mapping[str, Any]) -> Any:
        """The objective of what is given."""
        held = dict(given)
        for change in self._changes:
            change(held)
        return held[self.task.derivation.objective]

    def _of(self, procedure: Procedure) -> Iterator[Change]:
        """What a procedure and those that it calls do; their tensors go by one name everywhere."""
        for one in procedure.body:
            match one:
                case Call(name) if name in self.procedures:
                    yield from self._of(self.procedures[name])
                case Sample():
                    yield self._sample(one)
                case _ if isinstance(one, Statement):
                    yield from changes_of([one], self.scope)
                case _:
                    pass  # arguments are as they should be

    def _sample(self, one: Sample) -> Change:
        shape, attributes = self.scope.lengths(one.shape), dict(one.draw.attributes)
        first, second = _SAMPLED[one.draw.distribution]
        low = one.draw.mean if first in ("p", "mean") else attributes.get(first, 0.0)
        high = attributes.get(second, 1.0)

        def change(held: Held) -> None:
            draw = one.draw.distribution, shape, float(low), float(high)
            held[one.tensor] = self.library.sample(*draw)

        return change

    # ---- the optimiser ---------------------------------------------------------------------------

    def moved(self, held: Held, gradients: Mapping[str, Any], state: Any) -> dict[str, Any]:
        """The parameters after the step; what the optimiser remembers is changed in `state`."""
        params = {name: held[name] for name in self.trainable}
        given = {name: g for name, g in gradients.items() if g is not None}
        numbers = {name: value for name, value in state.items() if not isinstance(value, dict)}
        for one in self.procedures["train_step"].body:
            match one:
                case Overall():
                    numbers[one.name] = self._overall(one, given, numbers)
                    if one.remembered:
                        state[current_of(one.name)] = numbers[one.name]
                case EachParameter(_, _, groups):
                    ranks = [g.rank for g in groups]
                    for name, gradient in given.items():
                        rank = gradient.ndim if gradient.ndim in ranks else None
                        (group,) = (g for g in groups if g.rank == rank)
                        params[name] = self._move(one, group, name, (params, given, state, numbers))
                case _:
                    pass
        return params

    def _overall(self, one: Overall, given: Mapping[str, Any], numbers: Mapping[str, Any]) -> Any:
        totals = [
            self._run(one, {**numbers, "g": g}, {})[one.name]
            for g in (given.values() if one.over_parameters else (None,))
        ]
        return sum(totals[1:], totals[0])

    def _move(self, one: EachParameter, group: Group, name: str, all_: Any) -> Any:
        params, given, state, numbers = all_
        kept = [s for s in group.stored if s != one.parameter]
        tensors = {**numbers, one.parameter: params[name], one.gradient: given[name]}
        tensors |= {s: state[s][name] for s in kept}
        sizes = dict(zip(group.sizes, given[name].shape, strict=True)) if group.sizes else {}
        after = self._run(group, tensors, sizes)
        for s in kept:
            state[s][name] = after[next_of(s)]
        return after[next_of(one.parameter)].reshape(params[name].shape)

    def _run(self, one: Overall | Group, tensors: Held, dims: Mapping[str, int]) -> Held:
        """Rules over the entries of a parameter, which has one axis for all."""
        scope = Scope(self.library, self.scope.numbers, dims, {})
        held = dict(tensors)
        for statement in one.body:
            tensor = getattr(statement, "tensor", "")
            if getattr(statement, "op", "=") == "+=":
                held[tensor] = held[current_of(tensor)]
            for change in changes_of([statement], scope):  # type: ignore[list-item]
                change(held)
            if tensor:
                held[tensor] = whole_of(held, tensor, scope)
        return held
