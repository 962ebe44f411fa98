"""Checks of an emitted module, by the interpreter and by differences.

A model whose entries are too many for plain loops is checked over short axes, as `derive.check`
does it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np

from codegen.module.partition import moved
from codegen.pipeline import emit
from codegen.targets.numpy.load_module import load_module
from derive.calculus.differentiate import differentiate
from derive.checking import MOST_NUMERIC
from derive.checks.points import NoInstance, draw, run_time_extents
from derive.checks.report import Row
from derive.checks.short_axes import instance
from derive.ir.derivation import Derivation
from derive.ir.names import next_of
from derive.ir.notation import Tensor
from derive.semantics.interpreter import Interpreter
from derive.systems.freeze import freeze
from derive.systems.stepping import Stepping, stepping

CHECK = "module"
SAME = 1e-9  # two ways to compute one value, in float64
CLOSE = 1e-6  # a central difference in float64
_STEPS = (1e-5, 1e-6, 1e-7)  # a smaller one where a larger crosses a kink
_MOST_ENTRIES = 24  # of a tensor, for differences entry by entry

Arrays = Mapping[str, np.ndarray]


def verify_module(derivation: Derivation, seed: int = 0) -> tuple[Row, ...]:
    """A row for the loss and one for each gradient of the module, which is emitted and run."""
    small = instance(derivation, MOST_NUMERIC)
    extents = run_time_extents(small)
    rows: list[Row] = []
    for training in (False, True) if small.system.training.draws else (False,):
        try:
            values = draw(small, seed, extents, training)
        except NoInstance as none:
            rows.append(Row(small.objective, CHECK, "not checked", str(none)))
            continue
        arrays = {n: _plain(small.table[n], v) for n, v in values.items()}
        arrays |= _drawn(small, arrays, seed if training else None)
        rows.extend(_Check(small, arrays, extents, seed, training).rows())
    if small is derivation:
        return tuple(rows)
    return (
        *rows,
        Row("sizes", CHECK, "agrees", "the same equations over short axes, emitted anew"),
    )


class _Check:
    """One emitted module at one point."""

    def __init__(
        self,
        derivation: Derivation,
        arrays: Arrays,
        extents: Mapping[str, int],
        seed: int,
        training: bool,
    ) -> None:
        self.derivation = derivation
        self.arrays = dict(arrays)
        self.extents = extents
        self.seed = seed
        self.training = training
        self.mode = "in training, " if training else ""
        equations = (*derivation.forward, *derivation.backward, *derivation.inlined)
        # the second derivatives say what they need of the inlined again
        every = {e.tensor: e for e in (*equations, *derivation.curvature)}
        self.equations = tuple(every.values())
        self.meant = Interpreter(self.equations, derivation.table, arrays, extents=extents)
        self.module = _module(derivation)
        self.frozen = self._frozen()

    def rows(self) -> Iterator[Row]:
        """The loss first, then the gradients in the module's order."""
        objective = self.derivation.objective
        loss, gradients = self.module.gradients(
            *_arguments(self.derivation, self.arrays), **self._with_inputs(), **self._as_drawn()
        )
        same = self.module.loss(*_arguments(self.derivation, self.arrays), **self._as_drawn())
        meant = float(self.meant.value(objective))
        if not (_near(loss, meant, SAME) and _near(same, meant, SAME)):
            detail = f"{self.mode}the module's loss is {loss:.9g}, the equations give {meant:.9g}"
            yield Row(objective, CHECK, "wrong", detail)
            return
        yield Row(
            objective, CHECK, "agrees", f"{self.mode}the module's loss is what the equations give"
        )
        for name in self.derivation.wrt:
            yield self._gradient(name, gradients[name])
        if self.derivation.curvature:
            yield self._matrix()
            yield self._update()
        walk = stepping(self.derivation.system)
        if walk and not self.training:
            yield self._stepped(walk)

    def _matrix(self) -> Row:
        """Whether the matrix of second derivatives is what its equations give."""
        name = self.derivation.curvature[-1].tensor
        made = getattr(self.module, self.derivation.system.training.optimizer.curvature)
        result = made(*_arguments(self.derivation, self.arrays))
        wanted = self.meant.array(name)
        if np.shape(result) != wanted.shape or not _near(result, wanted, SAME):
            return Row(name, CHECK, "wrong", "it isn't the matrix that the equations give")
        return Row(name, CHECK, "agrees", "with the equations, float64")

    def _update(self) -> Row:
        """Whether a step with that matrix leads where the update's equations say."""
        params, *given = _arguments(self.derivation, self.arrays)
        params = {name: array.copy() for name, array in params.items()}
        state = self.module.init_state(params)
        hyper = {t.name for t in self.derivation.tensors if t.role == "hyperparameter"}
        # a matrix at random numbers may be singular: damped, it isn't
        state.update(dict.fromkeys(hyper & state.keys(), 1.0))
        values = {name: np.asarray(state[name]) for name in hyper & state.keys()}
        equations = (*self.equations, *self.derivation.updates)
        wanted = Interpreter(
            equations, self.derivation.table, {**self.arrays, **values}, extents=self.extents
        )
        self.module.train_step(params, state, *given)
        for name in moved(self.derivation):
            if not _near(params[name], wanted.array(next_of(name)).astype(float), CLOSE):
                return Row("update", CHECK, "wrong", f"{name} isn't what the update gives")
        return Row("update", CHECK, "agrees", "with the update's equations, float64")

    def _stepped(self, walk: Stepping) -> Row:
        """Whether `step` gives place by place what `forward` gives for the whole sequence."""
        axes = dict(walk.axes)
        params, *inputs = _arguments(self.derivation, self.arrays, "input")
        whole = np.moveaxis(self.module.forward(params, *inputs), axes[walk.output], 0)
        given = (self.arrays[t.name] for t in walk.given)
        state = self.module.init_step(params, *given, *(self.extents[d] for d in walk.free))
        for place, wanted in enumerate(whole):
            here = (np.take(self.arrays[t.name], place, axes[t.name]) for t in walk.inputs)
            result, state = self.module.step(params, state, *here)
            if np.shape(result) != wanted.shape or not _near(result, wanted, SAME):
                return Row("step", CHECK, "wrong", f"at place {place} it isn't what forward gives")
        return Row("step", CHECK, "agrees", "place by place as for the whole sequence")

    def _with_inputs(self) -> dict[str, bool]:
        roles = {self.derivation.table[name].role for name in self.derivation.wrt}
        return {"inputs": True} if "input" in roles else {}

    def _as_drawn(self) -> dict[str, Any]:
        """In training, the draws come in the same order from the same seed at each call."""
        return {"training": True, "rng": np.random.default_rng(self.seed)} if self.training else {}

    def _gradient(self, name: str, computed: np.ndarray) -> Row:
        wanted = self.meant.array(self.derivation.adjoint[name])
        if computed.shape != wanted.shape:
            detail = f"its shape is {computed.shape}, not {wanted.shape}"
            return Row(name, CHECK, "wrong", detail)
        for place in np.ndindex(*wanted.shape):
            mine, theirs = float(computed[place]), float(wanted[place])
            if not _near(mine, theirs, SAME):
                value_text = _value_text(self.derivation.adjoint[name], place, mine)
                detail = f"{value_text}, the equations give {theirs:.9g}"
                return Row(name, CHECK, "wrong", detail)
        for label, change in self._changes(name):
            mine = float(np.sum(computed * change))
            rates = [self._rate(name, change, step) for step in _STEPS]
            if not any(_near(mine, rate, CLOSE) for rate in rates):
                value_text = _value_text(self.derivation.adjoint[name], label, mine)
                return Row(name, CHECK, "wrong", f"{value_text}, differences give {rates[0]:.9g}")
        agreement = "with the equations and central differences"
        agreement = f"{self.mode}{agreement}" if self.mode else f"{agreement}, float64"
        return Row(name, CHECK, "agrees", agreement)

    def _changes(self, name: str) -> Iterator[tuple[tuple[int, ...] | None, np.ndarray]]:
        """Each entry by itself where they are few, else random directions."""
        shape = self.arrays[name].shape
        if self.arrays[name].size <= _MOST_ENTRIES:
            for place in np.ndindex(*shape):
                change = np.zeros(shape)
                change[place] = 1.0
                yield place, change
            return
        rng = np.random.default_rng(self.seed)
        for _ in range(2):
            change = rng.normal(size=shape)
            yield None, change / np.linalg.norm(change)

    def _rate(self, name: str, change: np.ndarray, step: float) -> float:
        """How fast the module's loss changes along a direction, what is held kept still."""
        derivation, module, arrays = self.frozen
        ahead, behind = (
            module.loss(
                *_arguments(derivation, {**arrays, name: arrays[name] + moved}), **self._as_drawn()
            )
            for moved in (step * change, -step * change)
        )
        return float(ahead - behind) / (2 * step)

    def _frozen(self) -> tuple[Derivation, ModuleType, Arrays]:
        """The same model with all that `hold` keeps constant as further inputs."""
        system = self.derivation.system
        frozen = freeze(system.equations, self.derivation.table)
        if not frozen.held:
            return self.derivation, self.module, self.arrays
        own = [frozen.table[e.tensor] for e in frozen.held]
        beside = self.meant.beside(frozen.held, own, {})
        held = {t.name: beside.array(t.name) for t in own}
        given = tuple(replace(t, role="input") for t in own)
        derivation = differentiate(
            replace(system, tensors=(*system.tensors, *given), equations=frozen.equations),
            self.derivation.objective,
            self.derivation.wrt,
        )
        return derivation, _module(derivation), {**self.arrays, **held}


def _module(derivation: Derivation) -> ModuleType:
    return load_module(emit(derivation, part="math"), f"{derivation.system.name}_checked")


def _arguments(derivation: Derivation, arrays: Arrays, *roles: str) -> list[Any]:
    """What `loss` and `gradients` take: the parameters, then inputs and targets in order.

    With `roles` the tensors of those roles alone follow the parameters.
    """
    system = derivation.system
    params = {t.name: arrays[t.name] for t in system.having("parameter", "buffer")}
    return [
        params,
        *(arrays[t.name] for role in roles or ("input", "target") for t in system.having(role)),
    ]


def _plain(tensor: Tensor, array: np.ndarray) -> np.ndarray:
    return array.astype(np.int64 if tensor.integer else np.float64)


def _drawn(derivation: Derivation, arrays: Arrays, seed: int | None) -> dict[str, np.ndarray]:
    """What the module draws in training from a seed; without one, what it takes in inference."""
    rng = np.random.default_rng(seed)
    result = {}
    for name, drawn in sorted(
        derivation.system.training.draws, key=lambda d: _place(derivation, d[0])
    ):
        shape, attributes = arrays[name].shape, dict(drawn.attributes)
        sample: np.ndarray
        match drawn.distribution:
            case "bernoulli":
                sample = rng.random(shape) < drawn.mean
            case "normal":
                sample = rng.normal(drawn.mean, attributes["std"], shape)
            case "uniform":
                sample = rng.uniform(attributes["low"], attributes["high"], shape)
            case _:
                sample = np.ones(shape)  # a mode
        result[name] = (
            np.full(shape, drawn.mean) if seed is None else np.asarray(sample, dtype=float)
        )
    return result


def _place(derivation: Derivation, name: str) -> int:
    """Tensors are drawn in the order in which the system has them."""
    return [t.name for t in derivation.tensors].index(name)


def _near(one: Any, other: Any, tolerance: float) -> bool:
    """Whether two numbers, or the entries of two arrays, are as good as equal."""
    return bool(np.all(abs(one - other) <= tolerance * (1 + abs(one) + abs(other))))


def _value_text(adjoint: str, place: tuple[int, ...] | None, value: float) -> str:
    where = "along a direction" if place is None else f"{list(place)}" if place else ""
    return f"{adjoint}{' ' if place is None else ''}{where} is {value:.9g}"
