"""What formulas can be about: the gradients of a batch, or those of one sample.

A formula without the batch's letter is compared with the gradient of one sample. What one sample's
gradient is, the engine derives from the system of one sample.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from derive.answers.full_derivatives import full_derivatives_named, with_full_derivatives
from derive.answers.known_names import engine_s, known_names, names_in, vocabulary
from derive.answers.random_points import Points
from derive.calculus.differentiate import differentiate
from derive.checks.numeric import Numbers
from derive.checks.points import draw, run_time_extents
from derive.checks.short_axes import instance
from derive.errors import ChainruleError
from derive.ir.derivation import Derivation
from derive.ir.notation import Equation
from derive.ir.system import Block
from derive.language.syntax import Written
from derive.readers.vocabulary import Shape, Vocabulary
from derive.semantics.interpreter import Interpreter
from derive.systems.one_sample import one_sample

MOST = 30_000  # bodies that are worked out at each instance
BATCHES = (1, 2, 3)  # sizes of the batch; the first that shows a difference is the smallest


@dataclass(frozen=True)
class Instance:
    """A derivation with numbers for its leaves: the right value of every known tensor."""

    derivation: Derivation
    values: Mapping[str, np.ndarray]
    extents: Mapping[str, int]
    numbers: Numbers
    right: Interpreter
    _arrays: dict[str, np.ndarray] = field(default_factory=dict, compare=False)

    def array(self, name: str) -> np.ndarray:
        """All entries of a tensor, in fifty digits."""
        if name not in self._arrays:
            self._arrays[name] = self.right.array(name)
        return self._arrays[name]

    def shape(self, name: str) -> tuple[int, ...]:
        """The extents of a tensor in numbers."""
        return self.right.shape(name)

    @cached_property
    def derived(self) -> Mapping[str, Equation]:
        """The equation of each tensor that isn't given."""
        updates = (*self.derivation.system.updates, *self.derivation.updates)
        return {e.tensor: e for e in (*self.numbers.equations, *updates)}


def instance_of(
    derivation: Derivation, values: Mapping[str, np.ndarray], extents: Mapping[str, int]
) -> Instance:
    """With these numbers."""
    numbers = Numbers(derivation, values, extents)
    updates = (*derivation.system.updates, *derivation.updates)
    return Instance(derivation, values, extents, numbers, numbers.all.beside(updates, (), {}))


@dataclass(frozen=True)
class Setting:
    """A derivation that formulas are about; `known` are the names that they may use.

    `sample` says that it is one sample's.
    """

    derivation: Derivation
    known: Mapping[str, str]
    sample: bool
    seed: int

    @property
    def shapes(self) -> Mapping[str, Shape]:
        """The shape of each known name."""
        table = self.derivation.table
        return {name: table[real].shape for name, real in self.known.items()}

    @cached_property
    def small(self) -> Derivation:
        """The same over short axes, where the axes are too long for plain loops."""
        return instance(self.derivation, MOST)

    @cached_property
    def of_extent_one(self) -> dict[int, Derivation | None]:
        """The same with one extent made 1, by that extent, for those that were asked for."""
        return {}

    @cached_property
    def _points(self) -> dict[int, Instance]:
        return {}

    def point(self, which: int) -> Instance:
        """The instance of that number; the batch grows first. Raises `NoInstance`."""
        if which not in self._points:
            extents = run_time_extents(self.small, BATCHES[min(which, len(BATCHES) - 1)])
            values = draw(self.small, self.seed + which + 1, extents)
            self._points[which] = instance_of(self.small, values, extents)
        return self._points[which]


def settings(derivation: Derivation, written: Sequence[Written], seed: int) -> tuple[Setting, ...]:
    """The batch's derivation, and one sample's where there is one."""
    asked = full_derivatives_named(names_in(written), derivation)
    result = [_setting(with_full_derivatives(derivation, asked), written, seed, sample=False)]
    single = of_one_sample(derivation)
    if single is not None:
        single = with_full_derivatives(single, asked)
        result.append(_setting(single, written, seed, sample=True))
    return tuple(result)


def _setting(
    derivation: Derivation, written: Sequence[Written], seed: int, sample: bool
) -> Setting:
    known = known_names(derivation, names_in(written))
    for name in {w.tensor for w in written} & engine_s(derivation):
        known.pop(name, None)
    return Setting(derivation, known, sample, seed)


def of_one_sample(derivation: Derivation) -> Derivation | None:
    """The derivation of one sample's objective; None where samples have a part in each other."""
    if derivation.objective != derivation.system.objective:
        return None
    single = one_sample(derivation.system)
    if single is None:
        return None
    try:
        return differentiate(single, derivation.objective, derivation.wrt)
    except ChainruleError:
        return None


def vocabularies(derivation: Derivation, asked: Iterable[Block] = ()) -> tuple[Vocabulary, ...]:
    """What formulas in other languages may name: of the batch, then of one sample.

    With `asked`, derivatives in full are among it.
    """
    asked = tuple(asked)
    single = of_one_sample(derivation)
    both = [derivation] if single is None else [derivation, single]
    both = [with_full_derivatives(d, asked) for d in both]
    return tuple(replace(vocabulary(d), at=Points(d)) for d in both)
