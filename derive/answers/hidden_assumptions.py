"""Would a formula be right under an assumption that people make without saying so?

What is assumed of data that a model is given, such as rows of targets that sum to 1, makes a
formula right for such data. Other assumptions are coincidences, such as a batch of one sample: they
are tried last, where no slip explains what was written.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from derive.answers.batch_or_sample import Instance, instance_of
from derive.answers.compare import NoNumber, compared
from derive.answers.formula import Formula, FormulaInstance
from derive.calculus.differentiate import differentiate
from derive.checks.points import NoInstance, draw, leaves, run_time_extents
from derive.checks.short_axes import resized
from derive.errors import ChainruleError
from derive.ir.derivation import Derivation
from derive.ir.notation import Tensor
from derive.ir.tree import equation_reads, needed_by

Arrays = dict[str, np.ndarray]
POINTS, POINTS_OF_BRANCHES = 2, 8
_MOST_PAIRS = 12
_MOST_EXTENTS = 6
_DATA = ("input", "target", "random", "state", "hyperparameter")


@dataclass(frozen=True)
class Assumption:
    """What is assumed, in a clause; how numbers are made to fit it; whether it is one on data."""

    text: str
    data: bool
    change: Callable[[Arrays, random.Random], Arrays]
    batch: int | None = None
    derivation: Derivation | None = None


def holding(
    formula: Formula, written: FormulaInstance, at: Instance, data: bool
) -> Assumption | None:
    """The first assumption, on data or else, under which a formula is right at all points."""
    tried = _of_data(formula, written, at) if data else _coincidences(formula, written, at)
    return next((a for a in tried if _holds(formula, a, at)), None)


def usual(formula: Formula, written: FormulaInstance, at: Instance) -> Assumption | None:
    """The usual assumption on such data, if there is one."""
    return next(_of_data(formula, written, at), None)


def _holds(formula: Formula, assumption: Assumption, at: Instance) -> bool:
    """Whether the formula is right there where it was wrong, and at other points."""
    setting = formula.setting
    small = assumption.derivation or setting.small
    try:
        if small is setting.small and assumption.batch is None:
            values = assumption.change(dict(at.values), random.Random("here"))
            if compared(formula, instance_of(small, values, at.extents)).difference() is not None:
                return False
        point, points, not_zero = 0, POINTS, False
        while point < points:
            extents = run_time_extents(small, assumption.batch or 2 + point % 2)
            seed = setting.seed + 50 + point
            values = assumption.change(draw(small, seed, extents), random.Random(f"{seed}"))
            comparison = compared(formula, instance_of(small, values, extents))
            if comparison.difference() is not None:
                return False
            if comparison.at.right.margin < math.inf:
                points = POINTS_OF_BRANCHES
            not_zero = not_zero or any(comparison.ours(p) for p in comparison.places)
            point += 1
    except (NoInstance, NoNumber, ChainruleError, ArithmeticError, KeyError):
        return False
    return not_zero  # else both vanish there, whatever else they are


def _of_data(formula: Formula, written: FormulaInstance, at: Instance) -> Iterator[Assumption]:
    free = _free(formula, written, at)
    for tensor in free:
        size = at.shape(tensor.name)
        if tensor.role == "target" and size and size[-1] > 1:
            yield Assumption(f"the rows of {tensor.name} sum to 1", True, _rows(tensor.name))
            yield Assumption(f"{tensor.name} is one-hot", True, _one_hot(tensor.name))
        if tensor.role == "target":
            for low in (0, -1):
                change = _one_of(tensor.name, low, 1)
                yield Assumption(f"each entry of {tensor.name} is {low} or 1", True, change)
    for tensor in _square(free, at):
        if tensor.role in _DATA:
            yield Assumption(f"{tensor.name} is symmetric", True, _symmetric(tensor.name))


def _coincidences(formula: Formula, written: FormulaInstance, at: Instance) -> Iterator[Assumption]:
    setting, free = formula.setting, _free(formula, written, at)
    for tensor in _square(free, at):
        if tensor.role not in _DATA:
            yield Assumption(f"{tensor.name} is symmetric", False, _symmetric(tensor.name))
    if not setting.sample and setting.derivation.system.batch is not None:
        yield Assumption("the batch has one sample", False, lambda values, _: values, batch=1)
    pairs = [
        (one.name, other.name)
        for k, one in enumerate(free)
        for other in free[k + 1 :]
        if at.shape(one.name) == at.shape(other.name)
    ]
    for one, other in pairs[:_MOST_PAIRS]:
        yield Assumption(f"{one} and {other} are equal", False, _equal(one, other))
    extents = {e.number: t for t in free for e in reversed(t.shape) if (e.number or 0) > 1}
    for number in sorted(n for n in extents if n)[:_MOST_EXTENTS]:
        if number not in setting.of_extent_one:
            setting.of_extent_one[number] = _with_one(setting.small, number)
        derivation = setting.of_extent_one[number]
        if derivation is not None:
            tensor = extents[number]
            axis = next(k for k, e in enumerate(tensor.shape) if e.number == number)
            text = f"the extent of axis {axis} of {tensor.name} is 1"
            yield Assumption(text, False, lambda values, _: values, derivation=derivation)


def _free(formula: Formula, written: FormulaInstance, at: Instance) -> list[Tensor]:
    """The leaves that matter here, and of which the model assumes nothing."""
    assumptions = formula.setting.small.system.assumptions
    assumed = {r.tensor for a in assumptions for r in equation_reads(a.left)}
    tensors = _needed(formula, written, at)
    return [t for t in tensors if not t.integer and t.name not in assumed]


def _square(tensors: Iterable[Tensor], at: Instance) -> Iterator[Tensor]:
    """Those with square matrices."""
    for tensor in tensors:
        size = at.shape(tensor.name)
        if len(size) >= 2 and size[-1] > 1 and tensor.shape[-1] == tensor.shape[-2]:
            yield tensor


def _needed(formula: Formula, written: FormulaInstance, at: Instance) -> list[Tensor]:
    """The leaves on which the formula or the derived one depends."""
    equations = (*at.derived.values(), *written.equations)
    needed = needed_by({formula.real, written.tensor}, equations)
    return [t for t in leaves(at.derivation) if t.name in needed]


def _with_one(small: Derivation, number: int) -> Derivation | None:
    try:
        system = resized(small.system, {number: 1})
        return differentiate(system, small.objective, small.wrt)
    except (ChainruleError, ValueError, KeyError):
        return None


def _rows(name: str) -> Callable[[Arrays, random.Random], Arrays]:
    def change(values: Arrays, _: random.Random) -> Arrays:
        array = np.vectorize(abs, otypes=[object])(values[name])
        return {**values, name: array / array.sum(axis=-1, keepdims=True)}

    return change


def _one_hot(name: str) -> Callable[[Arrays, random.Random], Arrays]:
    def change(values: Arrays, source: random.Random) -> Arrays:
        shape = values[name].shape
        array = np.full(shape, Fraction(0), dtype=object)
        for row in array.reshape(-1, shape[-1]):
            row[source.randrange(shape[-1])] = Fraction(1)
        return {**values, name: array}

    return change


def _one_of(name: str, *choices: int) -> Callable[[Arrays, random.Random], Arrays]:
    def change(values: Arrays, source: random.Random) -> Arrays:
        array = np.empty(values[name].shape, dtype=object)
        for place in np.ndindex(array.shape):
            array[place] = Fraction(source.choice(choices))
        return {**values, name: array}

    return change


def _symmetric(name: str) -> Callable[[Arrays, random.Random], Arrays]:
    def change(values: Arrays, _: random.Random) -> Arrays:
        array = values[name]
        return {**values, name: (array + array.swapaxes(-1, -2)) / 2}

    return change


def _equal(one: str, other: str) -> Callable[[Arrays, random.Random], Arrays]:
    return lambda values, _: {**values, other: values[one]}
