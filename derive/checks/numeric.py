"""Checks by numbers in fifty digits: difference quotients, and every step of a derivation.

With so many digits a central difference is good to thirty of them: what differs at all is wrong.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from derive.checks.exact import near, upstream_of
from derive.checks.report import Row
from derive.ir.derivation import Derivation, Step
from derive.ir.notation import Call, Compare, Equation, Expr, Logic, Read, Tensor
from derive.ir.tree import transform
from derive.language.printer import equation_text
from derive.semantics.interpreter import Interpreter
from derive.semantics.number_systems import many_digits
from derive.systems.freeze import freeze

DIGITS = many_digits()
TOLERANCE = 1e-20
_STEP = Fraction(1, 10**18)
_MOST_TOLD = 5


class Numbers:
    """A derivation with numbers for its leaves, and all that follows from them."""

    def __init__(
        self,
        derivation: Derivation,
        values: Mapping[str, np.ndarray],
        extents: Mapping[str, int],
    ) -> None:
        self.derivation = derivation
        self.values = values
        self.extents = extents
        self.frozen = freeze(derivation.forward, derivation.table)
        self.table = self.frozen.table
        self.equations = (
            *derivation.forward,
            *self.frozen.held,
            *derivation.backward,
            *derivation.inlined,
        )
        self.all = Interpreter(self.equations, self.table, values, DIGITS, extents)
        self.still = {e.tensor: self.all.array(e.tensor) for e in self.frozen.held}

    def objective(self, moved: Mapping[str, np.ndarray]) -> Any:
        """The objective with some leaves moved and what is held kept still."""
        values = {**self.values, **self.still, **moved}
        run = Interpreter(self.frozen.equations, self.table, values, DIGITS, self.extents)
        name = self.derivation.objective
        if not run.shape(name):
            return run.value(name)
        upstream = self.all.array(upstream_of(self.derivation))
        return DIGITS.number(0) + sum((run.array(name) * upstream).flat)

    def rate(self, changes: Mapping[str, np.ndarray]) -> Any:
        """The objective's rate of change along a direction, by a central difference."""
        ahead, behind = (
            self.objective({n: self.values[n] + sign * _STEP * c for n, c in changes.items()})
            for sign in (1, -1)
        )
        return (ahead - behind) / (2 * DIGITS.number(_STEP))

    def predicted(self, changes: Mapping[str, np.ndarray]) -> Any:
        """The same by the derivation's gradients."""
        adjoint = self.derivation.adjoint
        parts = [_inner(self.all.array(adjoint[n]), c) for n, c in changes.items()]
        return sum(parts, DIGITS.number(0))


def check_gradients(numbers: Numbers, seed: int) -> Iterator[Row]:
    """A row for each gradient: central differences along one random direction, else by each."""
    wrt = numbers.derivation.wrt
    changes = {n: direction(numbers.values[n].shape, f"{seed} {n}") for n in wrt}
    together = near(numbers.predicted(changes), numbers.rate(changes), TOLERANCE)
    for name in wrt:
        change = {name: changes[name]}
        if together or near(numbers.predicted(change), numbers.rate(change), TOLERANCE):
            yield Row(name, "numeric", "agrees", "central differences, 50 digits")
        else:
            yield Row(name, "numeric", "wrong", _first_wrong(numbers, name))


def check_curvature(numbers: Numbers, seed: int) -> Iterator[Row]:
    """A row for the Hessian that an update reads: its product with a direction, by differences."""
    derivation = numbers.derivation
    if derivation.system.training.optimizer.curvature != "hessian":
        return
    name = derivation.curvature[-1].tensor
    moved = [n for n in derivation.system.trainable if n in derivation.wrt]
    changes = {n: direction(numbers.values[n].shape, f"{seed} {n} again") for n in moved}
    equations = {e.tensor: e for e in (*numbers.equations, *derivation.curvature)}.values()

    def at(sign: int) -> Interpreter:
        placed = {n: numbers.values[n] + sign * _STEP * c for n, c in changes.items()}
        values = {**numbers.values, **numbers.still, **placed}
        return Interpreter(tuple(equations), numbers.table, values, DIGITS, numbers.extents)

    def row(run: Interpreter) -> np.ndarray:
        return np.concatenate([run.array(derivation.adjoint[n]).ravel() for n in moved])

    ahead, behind = row(at(1)), row(at(-1))
    along = np.concatenate([c.ravel() for c in changes.values()])
    matrix = at(0).array(name)
    for k, line in enumerate(matrix):
        mine = _inner(line, along)
        theirs = (ahead[k] - behind[k]) / (2 * DIGITS.number(_STEP))
        if not near(mine, theirs, TOLERANCE):
            product = f"row {k} times a direction is {float(mine):.9g}"
            yield Row(name, "numeric", "wrong", f"{product}, differences give {float(theirs):.9g}")
            return
    yield Row(name, "numeric", "agrees", "differences of the gradient, 50 digits")


def _first_wrong(numbers: Numbers, name: str) -> str:
    adjoint = numbers.derivation.adjoint[name]
    for place in np.ndindex(*numbers.values[name].shape):
        unit = np.full(numbers.values[name].shape, Fraction(0), dtype=object)
        unit[place] = Fraction(1)
        mine, theirs = numbers.all.value(adjoint, place), numbers.rate({name: unit})
        if not near(mine, theirs, TOLERANCE):
            shown = f"{adjoint}{list(place)}" if place else adjoint
            return f"{shown} is {float(mine):.9g}, differences give {float(theirs):.9g}"
    return "along a direction, though no single entry does"


def direction(shape: tuple[int, ...], seed: str) -> np.ndarray:
    """Random rationals between 0.2 and 1.2, of either sign."""
    source = random.Random(seed)
    change = np.empty(shape, dtype=object)
    for place in np.ndindex(*shape):
        change[place] = Fraction(source.randrange(200, 1200) * source.choice((1, -1)), 1000)
    return change


def _inner(one: np.ndarray, other: np.ndarray) -> Any:
    total = DIGITS.number(0)
    for place in np.ndindex(*one.shape):
        total += one[place] * DIGITS.number(other[place])
    return total


# ---- steps -----------------------------------------------------------------------------------


def check_steps(numbers: Numbers, seed: int) -> Iterator[Row]:
    """A row for all steps, and one for each of the first that are wrong."""
    steps = numbers.derivation.steps
    wrong = [*_wrong_equalities(numbers, steps), *_wrong_chains(numbers, steps, seed)]
    if not wrong:
        if steps:
            yield Row("all", "steps", "agrees", f"both sides of {len(steps)} steps, 50 digits")
        return
    yield Row("all", "steps", "wrong", f"{len(wrong)} of {len(steps)} steps")
    for step, detail in wrong[:_MOST_TOLD]:
        change = f"{step.rule}: {equation_text(step.before)}; then {equation_text(step.after)}"
        yield Row(step.subject, "steps", "wrong", f"{detail}; {change}")


def _beside(
    numbers: Numbers, equations: Iterable[Equation], values: Mapping[str, np.ndarray]
) -> Interpreter:
    """An interpreter for equations of new names that read what the derivation has computed."""
    equations = tuple(equations)
    tensors = [Tensor(e.tensor, tuple(a.extent for a in e.axes), "intermediate") for e in equations]
    tensors.extend(replace(numbers.table[n.rstrip("+-")], name=n) for n in values)
    return numbers.all.beside(equations, tensors, values)


def _wrong_equalities(numbers: Numbers, steps: Iterable[Step]) -> Iterator[tuple[Step, str]]:
    equal = [s for s in steps if s.kind == "equality"]
    sides = [
        replace(equation, tensor=f"{k} {side}")
        for k, step in enumerate(equal)
        for side, equation in (("before", step.before), ("after", step.after))
    ]
    run = _beside(numbers, sides, {})
    for k, step in enumerate(equal):
        for place in np.ndindex(*run.shape(f"{k} before")):
            before, after = run.value(f"{k} before", place), run.value(f"{k} after", place)
            undefined = before != before  # noqa: PLR0124 - a step may mend what is nan
            if not undefined and not near(before, after, TOLERANCE):
                where = f"at {list(place)}" if place else "the value"
                yield step, f"{where} {float(before):.9g} becomes {float(after):.9g}"
                break


def _wrong_chains(numbers: Numbers, steps: Iterable[Step], seed: int) -> Iterator[tuple[Step, str]]:
    """The total differential of each equation by each tensor that it reads."""
    groups: dict[tuple[str, str], list[Step]] = {}
    for step in steps:
        if step.kind == "chain":
            groups.setdefault((step.before.tensor, step.wrt), []).append(step)
    for (tensor, wrt), group in groups.items():
        base = numbers.all.array(wrt)
        change = direction(base.shape, f"{seed} {tensor} {wrt}")
        moved = {
            f"{wrt}{sign}": base + DIGITS.number(_STEP) * factor * _digits(change)
            for sign, factor in (("+", 1), ("-", -1))
        }
        ahead, behind = (_reading(group[0].before, wrt, f"{wrt}{sign}") for sign in "+-")
        shares = [replace(s.after, tensor=f"{k} share") for k, s in enumerate(group)]
        run = _beside(numbers, (ahead, behind, *shares), moved)
        mine = sum((_inner(run.array(s.tensor), change) for s in shares), DIGITS.number(0))
        theirs = DIGITS.number(0)
        for place in np.ndindex(*run.shape(ahead.tensor)):
            one, other = run.value(ahead.tensor, place), run.value(behind.tensor, place)
            incoming = _incoming(numbers, tensor, place)
            if one != other and incoming != 0:  # what nothing reads may have no derivative
                theirs += incoming * (one - other)
        theirs /= 2 * DIGITS.number(_STEP)
        if not near(mine, theirs, TOLERANCE) and not _tied(numbers, group[0].before):
            detail = f"the shares of {wrt} come to {float(mine):.9g}, not {float(theirs):.9g}"
            yield group[0], detail


def _tied(numbers: Numbers, equation: Equation) -> bool:
    """Whether an equation is at a kink here, as `relu` of a value that is always 0.

    There the language has a convention, and a difference quotient another.
    """
    again = replace(equation, tensor="again")
    run = _beside(numbers, (again,), {})
    run.array("again")
    return run.tied


def _digits(array: np.ndarray) -> np.ndarray:
    result = np.empty(array.shape, dtype=object)
    for place in np.ndindex(*array.shape):
        result[place] = DIGITS.number(array[place])
    return result


def _incoming(numbers: Numbers, tensor: str, place: tuple[int, ...]) -> Any:
    derivation = numbers.derivation
    if tensor in derivation.adjoint:
        return numbers.all.value(derivation.adjoint[tensor], place)
    return numbers.all.value(upstream_of(derivation), place) if place else DIGITS.number(1)


def _reading(equation: Equation, old: str, new: str) -> Equation:
    """The equation with another tensor read in a tensor's place, where its value flows through."""

    def change(node: Expr) -> Expr | None:
        match node:
            case Read(tensor, subscripts) if tensor == old:
                return Read(new, subscripts)
            case Compare() | Logic() | Call("hold" | "delta", _):
                return node
            case _:
                return None

    terms = tuple(replace(t, body=transform(t.body, change)) for t in equation.terms)
    return replace(equation, tensor=f"{equation.tensor} reading {new}", terms=terms)
