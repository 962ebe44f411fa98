"""Numbers to check with: a small instance of a derivation, and random leaves for it.

A leaf is a tensor that no equation defines. Leaves are short decimals from a continuous range, all
distinct, so that no kink or tie is hit; integer tensors stay inside the axes that they index; what
the system assumes holds.
"""

from __future__ import annotations

import math
import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from derive.ir.derivation import Derivation
from derive.ir.input_limits import NoLonger
from derive.ir.notation import Affine, Call, Compare, Dim, Equation, Expr, Index, Read, Tensor, Term
from derive.ir.system import Assumption
from derive.ir.tree import affine_axes, equation_reads, reads, walk
from derive.semantics.interpreter import Interpreter
from derive.semantics.number_systems import EXACT, FLOATS

Values = dict[str, np.ndarray]

_RANGES = (  # least and greatest absolute value, and how often a whole tensor has both signs
    *[((200, 1200), 1.0)] * 6,
    *[((200, 1200), 0.5)] * 6,
    *[((200, 1200), 0.0)] * 4,
    *[((50, 450), 0.0)] * 4,
)
_NEAR = 1e-6  # a decision closer than this to the other answer is drawn again
_ROUNDS = 12
_LARGE = 1e6  # differences of a larger objective have too few digits left, in float64
_SMALLER = 2  # what leaves are divided by where the objective is larger than that


_MOST_BODIES = 500_000  # that are evaluated one by one: a minute


class NoInstance(Exception):
    """No leaves were found at which the objective is finite and all assumptions hold."""


def leaves(derivation: Derivation) -> tuple[Tensor, ...]:
    """The tensors that are given: neither defined by an equation nor constant."""
    defined = {e.tensor for e in (*derivation.forward, *derivation.backward, *derivation.inlined)}
    return tuple(
        t
        for t in derivation.tensors
        if t.name not in defined and t.value is None and t.role not in ("next", "adjoint")
    )


def run_time_extents(derivation: Derivation, first: int = 2, most: int = 5) -> dict[str, int]:
    """A small number for each extent that is known at run time; no two axes alike if possible."""
    names = {a.name for t in derivation.tensors for e in t.shape for a in _dims(e)}
    taken = {e.number for t in derivation.tensors for e in t.shape}
    result: dict[str, int] = {}
    for name in sorted(names, key=lambda n: (n != derivation.system.batch, n)):
        size = first
        while result and size < most and size in taken:
            size += 1
        result[name] = size
        taken.add(size)
    keep_short(derivation, result, result)
    return result


def keep_short(derivation: Derivation, extents: dict[str, int], free: Collection[str]) -> None:
    """Take less of the `free` extents where an axis would be longer than its layer allows."""
    table = derivation.system.table
    for limit in derivation.system.training.limits:
        if isinstance(limit, NoLonger):
            given = table[limit.tensor].shape[limit.axis]
            most = size_of(table[limit.of].shape[limit.of_axis], extents)
            for name in (d.name for d in _dims(given) if d.name in free):
                while extents[name] > 1 and size_of(given, extents) > most:
                    extents[name] -= 1


def _dims(extent: Affine) -> Iterator[Dim]:
    return (a for a, _ in extent.terms if isinstance(a, Dim))


def work(equations: Sequence[Equation], extents: Mapping[str, int]) -> int:
    """The number of bodies that every entry together evaluates."""
    total = 0
    for equation in equations:
        for term in equation.terms:
            total += math.prod(size_of(a.extent, extents) for a in term.domain)
    return total


def size_of(extent: Affine, extents: Mapping[str, int]) -> int:
    """An extent in numbers."""
    return extent.constant + sum(c * extents[a.name] for a, c in extent.terms if isinstance(a, Dim))


# ---- random leaves ---------------------------------------------------------------------------


def draw(
    derivation: Derivation, seed: int, extents: Mapping[str, int], training: bool = True
) -> Values:
    """Leaves at which the objective is finite and not huge, and no decision is a near thing.

    `training` is what a tensor that tells training from inference says. Raises `NoInstance`
    where none are found, or the entries are too many.
    """
    bodies = work((*derivation.forward, *derivation.backward, *derivation.inlined), extents)
    if bodies > _MOST_BODIES:
        raise NoInstance(f"even over short axes {bodies} products are too many to evaluate")
    best: tuple[tuple[bool, bool, bool, float], Values] | None = None
    smaller = 1
    for attempt, (bounds, mixed) in enumerate(_RANGES):
        source = random.Random(f"{seed} {attempt}")
        values = _draw(derivation, source, extents, bounds, mixed, smaller)
        values |= {t.name: _full(int(training)) for t in derivation.system.having("mode")}
        if not _assume(derivation, values, extents):
            continue
        interpreter = Interpreter(derivation.forward, derivation.table, values, FLOATS, extents)
        largest = abs(float(interpreter.array(derivation.objective).max()))
        moderate = largest <= _LARGE
        if largest > _LARGE:
            smaller *= _SMALLER  # many layers in a row multiply what is larger than 1
        if not np.isfinite(interpreter.array(derivation.objective)).all():
            continue
        defined = _defined(
            interpreter, derivation
        )  # else a nan is masked, where it can't be helped
        smooth = _has_gradients(derivation, values, extents)
        rank = (defined, moderate, smooth, interpreter.margin)
        if best is None or rank > best[0]:
            best = rank, values
            if all(rank[:3]) and interpreter.margin > _NEAR:
                break
    if best is None:
        raise NoInstance("no random numbers were found at which the objective is finite")
    return best[1]


def draw_by_hand(derivation: Derivation, seed: int, extents: Mapping[str, int]) -> Values:
    """Leaves with one digit, for an example that a person can work out; in the mode of training.

    Raises `NoInstance` where the objective isn't finite there, or a decision is a near thing.
    """
    source = random.Random(f"by hand {seed}")
    values = _draw(derivation, source, extents, (200, 1200), 1.0)
    for tensor in leaves(derivation):
        if not tensor.integer:
            array = values[tensor.name]
            for place in np.ndindex(*array.shape):
                sign = -1 if array[place] < 0 else 1
                array[place] = sign * Fraction(source.randint(1, 9), 10)
    values |= {t.name: _full(1) for t in derivation.system.having("mode")}
    if _assume(derivation, values, extents):
        run = Interpreter(derivation.forward, derivation.table, values, FLOATS, extents)
        if _finite(run, derivation) and run.margin > _NEAR:
            return values
    raise NoInstance("no short numbers were found at which the objective is finite")


def _full(value: int) -> np.ndarray:
    array = np.empty((), dtype=object)
    array[...] = Fraction(value)
    return array


def _finite(interpreter: Interpreter, derivation: Derivation) -> bool:
    objective = np.isfinite(interpreter.array(derivation.objective)).all()
    return bool(objective) and _defined(interpreter, derivation)


def _defined(interpreter: Interpreter, derivation: Derivation) -> bool:
    """Whether no value on the way is nan."""
    return not any(np.isnan(interpreter.array(e.tensor)).any() for e in derivation.forward)


def _has_gradients(derivation: Derivation, values: Values, extents: Mapping[str, int]) -> bool:
    """Whether all gradients are numbers: not so at a pole, as where looked-up rows are equal."""
    equations = (*derivation.forward, *derivation.backward, *derivation.inlined)
    run = Interpreter(equations, derivation.table, values, FLOATS, extents)
    names = [a for a in map(derivation.adjoint.get, derivation.wrt) if a is not None]
    return all(np.isfinite(run.array(n).astype(float)).all() for n in names)


def _draw(
    derivation: Derivation,
    source: random.Random,
    extents: Mapping[str, int],
    bounds: tuple[int, int],
    mixed: float,
    smaller: int = 1,
) -> Values:
    shapes = {
        t.name: tuple(size_of(e, extents) for e in t.shape)
        for t in leaves(derivation)
        if not t.integer
    }
    count = sum(math.prod(s) for s in shapes.values())
    digits = max(4, len(str(count)) + 1)
    scale = 10 ** (digits - 3)
    pool = iter(source.sample(range(bounds[0] * scale, bounds[1] * scale), count))
    assumed = {r.tensor for a in derivation.system.assumptions for r in equation_reads(a.left)}
    positive = {*assumed, derivation.system.training.sample_weight}
    values: Values = {}
    for tensor in leaves(derivation):
        if tensor.integer:
            values[tensor.name] = _integers(derivation, tensor, source, extents)
            continue
        array = np.empty(shapes[tensor.name], dtype=object)
        # what an optimiser remembers may be a mean of squares
        free = tensor.role != "state" and tensor.name not in positive
        signs = (1, -1) if free and source.random() < mixed else (1,)
        for place in np.ndindex(*array.shape):
            array[place] = Fraction(next(pool) * source.choice(signs), 1000 * scale * smaller)
        values[tensor.name] = array
    return values


def _integers(
    derivation: Derivation, tensor: Tensor, source: random.Random, extents: Mapping[str, int]
) -> np.ndarray:
    places = places_of(derivation, tensor, extents)
    array = np.empty(tuple(size_of(e, extents) for e in tensor.shape), dtype=object)
    for place in np.ndindex(*array.shape):
        array[place] = source.randrange(places)
    return array


def places_of(derivation: Derivation, tensor: Tensor, extents: Mapping[str, int]) -> int:
    """How many places, from 0, the whole numbers of a tensor can mean."""
    below = [
        size_of(extent, extents)
        for equation in derivation.forward
        for term in equation.terms
        for extent in _indexed(derivation.table, term.body, tensor.name)
    ]
    return max(min(below, default=3), 1)


def _indexed(table: Mapping[str, Tensor], body: Expr, name: str) -> Iterator[Affine]:
    """The extents of the axes that an integer tensor points into, or is compared with."""
    for node in walk(body):
        match node:
            case Read(tensor, subscripts):
                for subscript, extent in zip(subscripts, table[tensor].shape, strict=True):
                    if any(isinstance(a, Read) and a.tensor == name for a, _ in subscript.terms):
                        yield extent
            case Compare(_, left, right) | Call("delta", (left, right)):
                for one, other in ((left, right), (right, left)):
                    if any(r.tensor == name for r in reads(one)) and isinstance(other, Index):
                        yield from (a.extent for a in affine_axes(other.value))


def _assume(derivation: Derivation, values: Values, extents: Mapping[str, int]) -> bool:
    """Scale the leaves until what is assumed holds exactly; whether that was reached."""
    assumptions = derivation.system.assumptions
    for _ in range(_ROUNDS):
        residues = [_scale(derivation, a, values, extents) for a in assumptions]
        if not any(residues):
            return True
    return False


def _scale(
    derivation: Derivation, assumption: Assumption, values: Values, extents: Mapping[str, int]
) -> bool:
    """One round for one assumption, in rationals; whether anything had to be changed."""
    here = dict(values)
    shape = tuple(a.extent for a in assumption.axes)
    right = replace(
        assumption.left,
        tensor="right",
        terms=(Term(assumption.left.terms[0].target, assumption.axes, "sum", assumption.right),),
    )
    table = {
        **derivation.table,
        "left": Tensor("left", shape, "intermediate"),
        "right": Tensor("right", shape, "intermediate"),
    }
    left = replace(assumption.left, tensor="left")
    sides = Interpreter((*derivation.forward, left, right), table, here, EXACT, extents)
    changed = False
    try:
        for place in np.ndindex(*sides.shape("left")):
            now, wanted = sides.value("left", place), sides.value("right", place)
            if now == wanted:
                continue
            changed = True
            if not now:
                return True
            for name, entry in sides.entries(left, place):
                if name in values and all(
                    0 <= i < e for i, e in zip(entry, values[name].shape, strict=True)
                ):
                    values[name][entry] *= wanted / now
    except ArithmeticError:
        return True
    return changed
