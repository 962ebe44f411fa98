"""Schwartz and Zippel's bound: how surely equal values mean equal formulas.

Two rational functions that differ agree at a point drawn at random with a probability of at most
`degree / size of the set drawn from`. So where a formula and what was derived are rational in what
they read, values in exact arithmetic at random integers decide, up to a chance that is stated.
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, NoReturn

import numpy as np

from derive.answers.batch_or_sample import Instance
from derive.answers.formula import FormulaInstance
from derive.checks.exact import spread
from derive.ir.tree import equation_reads
from derive.semantics.interpreter import Interpreter
from derive.semantics.number_systems import EXACT, Arithmetic, Inexact

SET = 2**61 - 1  # entries are drawn from 1 to this
POINTS = 3
MOST_POWER = 40
_AGAIN = "as derived"


@dataclass(frozen=True)
class Chance:
    """At how many points both sides were equal, and how probable that is if they differ."""

    points: int
    bound: float


def chance(real: str, written: FormulaInstance, at: Instance, seed: int) -> Chance | None:
    """None where either side isn't rational in what it reads, or where the values differ."""
    derived = at.derived.get(real)
    if derived is None or at.derivation.system.assumptions:
        return None
    again = replace(derived, tensor=_AGAIN)
    equations = (again, *written.equations)
    own = {e.tensor for e in equations}
    read = sorted({r.tensor for e in equations for r in equation_reads(e)} - own)
    table = {**at.right.table, _AGAIN: replace(at.right.table[real], name=_AGAIN)}
    table.update((t.name, t) for t in written.tensors)
    given = [n for n in read if table[n].value is None]
    degree = 0
    try:
        for point in range(POINTS):
            values = {n: _drawn(at, n, f"{seed} {point}") for n in given}
            run = Interpreter(equations, table, values, _RATIONAL, at.extents)
            for place in spread(at.shape(real)):
                ours, theirs = run.value(_AGAIN, place), run.value(written.tensor, place)
                if ours.value != theirs.value:
                    return None
                degree = max(degree, (ours + -theirs).over)
    except ArithmeticError:  # no rational function, or a pole
        return None
    return Chance(POINTS, (degree / SET) ** POINTS)


def _drawn(at: Instance, name: str, seed: str) -> np.ndarray:
    if at.right.table[name].integer:
        return at.array(name)
    source = random.Random(f"{seed} {name}")
    result = np.empty(at.shape(name), dtype=object)
    for place in np.ndindex(*result.shape):
        result[place] = Ratio(Fraction(source.randint(1, SET)), 1, 0)
    return result


@dataclass(frozen=True, slots=True)
class Ratio:
    """A value of a quotient of two polynomials, with their degrees at most."""

    value: Fraction
    over: int
    under: int

    def __add__(self, other: Ratio) -> Ratio:
        over = max(self.over + other.under, other.over + self.under)
        return Ratio(self.value + other.value, over, self.under + other.under)

    def __mul__(self, other: Ratio) -> Ratio:
        return Ratio(self.value * other.value, self.over + other.over, self.under + other.under)

    def __neg__(self) -> Ratio:
        return Ratio(-self.value, self.over, self.under)


def _number(value: Any) -> Ratio:
    return value if isinstance(value, Ratio) else Ratio(Fraction(value), 0, 0)


def _power(base: Ratio, exponent: Ratio) -> Ratio:
    whole = exponent.value
    if exponent.over or whole.denominator != 1 or abs(whole) > MOST_POWER:
        raise Inexact("no whole power")
    over, under = (base.over, base.under) if whole >= 0 else (base.under, base.over)
    times = abs(int(whole))
    return Ratio(EXACT.power(base.value, whole), over * times, under * times)


def _refuse(*_: Any) -> NoReturn:
    raise Inexact("no rational function")


_RATIONAL = Arithmetic(
    name="rational functions",
    number=_number,
    constants={},
    power=_power,
    compare=lambda op, one, other: EXACT.compare(op, one.value, other.value),
    distance=_refuse,  # values are compared: there is a branch
    functions=defaultdict(lambda: _refuse),
    logsumexp=_refuse,
)
