"""The meaning of equations, by plain loops over every letter: slow, and the measure of all else.

Each entry of each tensor is worked out when it is first asked for, so that recurrences need no
order: an entry that waits for too long a chain of others is put off until those are known.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from operator import add, mul
from typing import Any

import numpy as np

from derive.ir.notation import (
    Add,
    Affine,
    Axis,
    Call,
    Compare,
    Constant,
    Dim,
    Equation,
    Expr,
    FloorDiv,
    Index,
    Logic,
    Mod,
    Mul,
    Number,
    Pow,
    Read,
    Tensor,
    Term,
    affine,
)
from derive.ir.tree import reads
from derive.semantics.gaussian import determinant, inverse, log_determinant, rows_of
from derive.semantics.number_systems import FLOATS, Arithmetic

Place = tuple[int, ...]
Cell = tuple[str, Place]
Letters = dict[str, int]

DEEPEST = 5  # entries that wait for each other on Python's stack; an expression may be deep, too


class Undefined(ValueError):
    """An entry that depends on itself, or on a tensor with neither equation nor value."""


class _Later(Exception):
    """This entry has to be known first."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell


def evaluate(
    equations: Iterable[Equation],
    table: Mapping[str, Tensor],
    values: Mapping[str, Any],
    arithmetic: Arithmetic = FLOATS,
    extents: Mapping[str, int] | None = None,
) -> dict[str, np.ndarray]:
    """The arrays of all tensors that the equations define, by name."""
    equations = tuple(equations)
    interpreter = Interpreter(equations, table, values, arithmetic, extents)
    return {e.tensor: interpreter.array(e.tensor) for e in equations}


class Interpreter:
    """Equations with numbers for everything that they don't define.

    `values` has an array, nested lists or a number for each of these tensors (constants have
    their own value); a tensor that stands there isn't computed. `extents` gives run-time extents
    that no array shows. `margin` is the least distance, of all comparisons made so far between
    real values, to the other answer; `tied` whether any compared equal ones.
    """

    def __init__(
        self,
        equations: Iterable[Equation],
        table: Mapping[str, Tensor],
        values: Mapping[str, Any],
        arithmetic: Arithmetic = FLOATS,
        extents: Mapping[str, int] | None = None,
    ) -> None:
        self.table = table
        self.arithmetic = arithmetic
        self.margin = math.inf
        self.tied = False
        self.extents: dict[str, int] = dict(extents or {})
        self._equations = {e.tensor: e for e in equations if e.tensor not in values}
        self._depth = 0
        self._written: dict[tuple[str, int], dict[Place, list[Letters]]] = {}
        self._known: dict[str, dict[Place, Any]] = {e: {} for e in self._equations}
        self._shapes: dict[str, Place] = {}
        arrays = {name: _array(value) for name, value in values.items()}
        for name, array in arrays.items():
            self._learn_extents(name, array.shape)
        for name, array in arrays.items():
            self._give(name, array)

    # ---- what is asked for -------------------------------------------------------------------

    def value(self, name: str, place: Iterable[int] = ()) -> Any:
        """One entry; 0 outside the tensor.

        Raises `Undefined` where it depends on itself, or on a tensor without equation or value.
        """
        waiting: dict[Cell, None] = {(name, tuple(place)): None}
        while True:
            cell = next(reversed(waiting))
            try:
                result = self._entry(*cell)
            except _Later as later:
                if later.cell in waiting:
                    raise Undefined(f"{later.cell[0]}{list(later.cell[1])} needs itself") from None
                waiting[later.cell] = None
            else:
                del waiting[cell]
                if not waiting:
                    return result

    def array(self, name: str) -> np.ndarray:
        """All entries: an array of floats, or of the number system's own objects."""
        shape = self.shape(name)
        dtype = float if self.arithmetic is FLOATS else object
        entries = np.empty(shape, dtype)
        for place in np.ndindex(*shape):
            entries[place] = self.value(name, place)
        return entries

    def at(self, expr: Expr, letters: Letters) -> Any:
        """The value of an expression, its letters being these numbers."""
        while True:
            try:
                return self._expr(expr, letters)
            except _Later as later:
                self.value(*later.cell)

    def shape(self, name: str) -> Place:
        """The extents of a tensor in numbers."""
        if name not in self._shapes:
            self._shapes[name] = tuple(self._integer(e, {}) for e in self.table[name].shape)
        return self._shapes[name]

    def beside(
        self, equations: Iterable[Equation], tensors: Iterable[Tensor], values: Mapping[str, Any]
    ) -> Interpreter:
        """An interpreter for more equations and values, of new names, that shares what is known."""
        table = {**self.table, **{t.name: t for t in tensors}}
        other = type(self)(equations, table, values, self.arithmetic, self.extents)
        other._equations.update(self._equations)
        other._known.update(self._known)
        other._written = dict(self._written)
        return other

    def entries(self, equation: Equation, place: Place) -> Iterator[Cell]:
        """The entries that an equation reads for one place, of whatever tensor."""
        for term in equation.terms:
            for at in self._matching(term, place):
                for read in reads(term.body):
                    yield read.tensor, tuple(self._integer(s, at) for s in read.subscripts)

    # ---- what is given -----------------------------------------------------------------------

    def _learn_extents(self, name: str, shape: Place) -> None:
        wanted = self.table[name].shape
        if len(shape) != len(wanted):
            raise ValueError(f"{name} has {len(wanted)} axes, and {len(shape)} were given")
        for position, (extent, size) in enumerate(zip(wanted, shape, strict=True)):
            dims = [(a.name, c, a) for a, c in extent.terms if isinstance(a, Dim)]
            unknown = [d for d in dims if d[0] not in self.extents]
            if len(unknown) > 1:
                continue
            for name_, coefficient, dim in unknown:
                rest = self._integer(extent - affine(dim) * coefficient, {})
                self.extents[name_] = (size - rest) // coefficient
            if self._integer(extent, {}) != size:
                raise ValueError(
                    f"axis {position} of {name} has extent {self._integer(extent, {})}, "
                    f"and {size} was given"
                )

    def _give(self, name: str, array: np.ndarray) -> None:
        take = int if self.table[name].integer else self.arithmetic.number
        self._known[name] = {place: take(array[place]) for place in np.ndindex(*array.shape)}

    # ---- one entry ---------------------------------------------------------------------------

    def _entry(self, name: str, place: Place) -> Any:
        known = self._known.get(name)
        if known is not None and place in known:
            return known[place]
        if not all(0 <= i < e for i, e in zip(place, self.shape(name), strict=True)):
            return 0 if self.table[name].integer else self.arithmetic.zero
        if known is None:
            known = self._known[name] = self._constant(name)
            return known[place]
        if self._depth >= DEEPEST:
            raise _Later((name, place))
        self._depth += 1
        try:
            if self._equations[name].terms[0].reduce == "inv":
                # all entries of a matrix at once
                known.update(self._inverse(self._equations[name], place))
            else:
                known[place] = self._combined(self._equations[name], place)
        finally:
            self._depth -= 1
        return known[place]

    def _constant(self, name: str) -> dict[Place, Any]:
        value = self.table[name].value
        if value is None:
            raise Undefined(f"{name} has neither an equation nor a value")
        number = self.arithmetic.number(value)
        return dict.fromkeys(np.ndindex(*self.shape(name)), number)

    def _combined(self, equation: Equation, place: Place) -> Any:
        parts = []
        for count, term in enumerate(equation.terms):
            if term.plain:
                runs = self._matching(term, place)
            else:
                runs = iter(self._writes(equation.tensor, count, term).get(place, ()))
            parts.append(self._reduce(term.reduce, [self._expr(term.body, at) for at in runs]))
        return reduce(add, parts)

    def _inverse(self, equation: Equation, place: Place) -> dict[Place, Any]:
        """Every entry of the inverse in which a place lies."""
        (term,) = equation.terms
        values = [self._expr(term.body, at) for at in self._matching(term, place)]
        rows = inverse(rows_of(values), self.arithmetic)
        first = place[:-2]
        return {(*first, i, j): x for i, row in enumerate(rows) for j, x in enumerate(row)}

    def _matching(self, term: Term, place: Place) -> Iterator[Letters]:
        """The letters' values for which a term with a plain target writes to the place."""
        fixed = {}
        for subscript, coordinate in zip(term.target, place, strict=True):
            axis = subscript.axis
            assert axis is not None
            if coordinate >= self._integer(axis.extent, {}):
                return
            fixed[axis.letter] = coordinate
        yield from self._runs(tuple(a for a in term.domain if a.letter not in fixed), fixed)

    def _writes(self, name: str, count: int, term: Term) -> Mapping[Place, list[Letters]]:
        """For each place, the letters' values for which the term writes to it."""
        if (name, count) not in self._written:
            result: dict[Place, list[Letters]] = {}
            for at in self._runs(term.domain, {}):
                place = tuple(self._integer(s, at) for s in term.target)
                result.setdefault(place, []).append(at)
            self._written[name, count] = result
        return self._written[name, count]

    def _runs(self, axes: tuple[Axis, ...], fixed: Letters) -> Iterator[Letters]:
        letters = [a.letter for a in axes]
        for counts in itertools.product(*(range(self._integer(a.extent, {})) for a in axes)):
            yield {**fixed, **dict(zip(letters, counts, strict=True))}

    def _reduce(self, op: str, values: list[Any]) -> Any:
        match op:
            case "sum":
                return reduce(add, values) if values else self.arithmetic.zero
            case "prod":
                return reduce(mul, values) if values else self.arithmetic.one
            case "max":
                return self._extreme(">", values, -self.arithmetic.constants["inf"])
            case "min":
                return self._extreme("<", values, self.arithmetic.constants["inf"])
            case "logsumexp":
                return self.arithmetic.logsumexp(values)
            case "det":
                return determinant(rows_of(values), self.arithmetic)
            case "logdet":
                return log_determinant(rows_of(values), self.arithmetic)
            case _:
                raise ValueError(f"{op} is no reduction")

    def _extreme(self, better: str, values: list[Any], start: Any) -> Any:
        """The largest or smallest; nan where one is."""
        best = values[0] if values else start
        for value in values[1:]:
            if self._compare(better, value, best) or self.arithmetic.compare("!=", value, value):
                best = value
        return best

    # ---- values ------------------------------------------------------------------------------

    def _expr(self, expr: Expr, at: Letters) -> Any:
        match expr:
            case Read(tensor, subscripts):
                entry = self._entry(tensor, tuple(self._integer(s, at) for s in subscripts))
                return self.arithmetic.number(entry) if type(entry) is int else entry
            case Mul(args):
                return reduce(mul, [self._expr(a, at) for a in args])
            case Add(args):
                return reduce(add, [self._expr(a, at) for a in args])
            case Number(value):
                return self.arithmetic.number(value)
            case Pow(base, exponent):
                return self.arithmetic.power(self._expr(base, at), self._expr(exponent, at))
            case Call("where", (condition, yes, no)):
                return self._expr(yes if self._holds(condition, at) else no, at)
            case Call(function, args):
                return self._function(function, [self._expr(a, at) for a in args])
            case Index(value):
                return self.arithmetic.number(self._integer(value, at))
            case Constant(name):
                return self.arithmetic.constants[name]
            case _:
                raise ValueError(f"{type(expr).__name__} has no value")

    def _function(self, name: str, args: list[Any]) -> Any:
        match name, args:
            case "hold", [x]:
                return x
            case "delta", [a, b]:
                return (
                    self.arithmetic.one
                    if self.arithmetic.compare("==", a, b)
                    else self.arithmetic.zero
                )
            case "relu", [x]:
                return self.arithmetic.zero if self._compare("<=", x, self.arithmetic.zero) else x
            case "abs", [x]:
                return -x if self._compare("<", x, self.arithmetic.zero) else x
            case "sign", [x]:
                if self._compare(">", x, self.arithmetic.zero):
                    return self.arithmetic.one
                return -self.arithmetic.one if self._compare("<", x, self.arithmetic.zero) else x
            case "maximum", [_, _]:
                return self._extreme(">", args, None)
            case "minimum", [_, _]:
                return self._extreme("<", args, None)
            case _, [x]:
                return self.arithmetic.functions[name](x)
            case _:
                raise ValueError(f"{name} of {len(args)} arguments is no function of the language")

    def _holds(self, condition: Expr, at: Letters) -> bool:
        match condition:
            case Compare(op, left, right):
                sides = self._expr(left, at), self._expr(right, at)
                if next(reads(condition), None) is None:  # of letters: an exact decision
                    return self.arithmetic.compare(op, *sides)
                return self._compare(op, *sides)
            case Logic("and", args):
                return all(self._holds(a, at) for a in args)
            case Logic("or", args):
                return any(self._holds(a, at) for a in args)
            case Logic("not", (arg,)):
                return not self._holds(arg, at)
            case _:
                raise ValueError(f"{type(condition).__name__} is no condition")

    def _compare(self, op: str, left: Any, right: Any) -> bool:
        distance = self.arithmetic.distance(left, right)
        if distance:  # values that are equal by nature stay equal when leaves move
            self.margin = min(self.margin, distance)
        else:
            self.tied = True
        return self.arithmetic.compare(op, left, right)

    # ---- integers ----------------------------------------------------------------------------

    def _integer(self, subscript: Affine, at: Letters) -> int:
        total = subscript.constant
        for atom, coefficient in subscript.terms:
            match atom:
                case Axis(letter, _):
                    total += coefficient * at[letter]
                case Dim(name):
                    if name not in self.extents:
                        raise ValueError(f"the extent of {name} is not known")
                    total += coefficient * self.extents[name]
                case Read(tensor, subscripts):
                    place = tuple(self._integer(s, at) for s in subscripts)
                    total += coefficient * int(self._entry(tensor, place))
                case FloorDiv(of, by):
                    total += coefficient * (self._integer(of, at) // by)
                case Mod(of, by):
                    total += coefficient * (self._integer(of, at) % by)
        return total


def _array(value: Any) -> np.ndarray:
    """Any nesting of lists, an array or a number, as an array of objects."""
    if isinstance(value, np.ndarray):
        return value.astype(object)
    return np.array(value, dtype=object)
