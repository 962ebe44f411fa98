"""Thousands of similar expressions evaluated with arrays, at a few places of one tensor.

Every letter has a dimension of its own; the left side's letters share the last one, in which the
places stand. What two expressions have in common is evaluated once: nodes of the first are known
by their identity.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
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
    Expr,
    FloorDiv,
    Index,
    Logic,
    Mod,
    Mul,
    Number,
    Pow,
    Read,
    Reduction,
)
from derive.ir.tree import children
from derive.semantics.array_functions import FUNCTIONS
from derive.semantics.interpreter import Interpreter, Place

Array = Any  # of floats, a dimension for each letter in use

_REDUCE: dict[str, Any] = {
    "sum": np.add.reduce,
    "prod": np.multiply.reduce,
    "max": np.maximum.reduce,
    "min": np.minimum.reduce,
}
_MOST_LETTERS = 30
_WORK_OF_A_CALL = 2000  # entries that take about as long as calling NumPy does


class TooMany(Exception):
    """More letters or entries than are evaluated here."""


class Values:
    """The right values at a point, as arrays of floats, each fetched when first read."""

    def __init__(self, right: Interpreter) -> None:
        self.right = right
        self._arrays: dict[str, Array] = {}

    def array(self, name: str) -> Array:
        """All entries of a tensor: integers where it holds integers."""
        if name not in self._arrays:
            kind = int if self.right.table[name].integer else float
            entries = self.right.array(name)
            self._arrays[name] = np.vectorize(kind, otypes=[kind])(entries)
        return self._arrays[name]

    def with_array(self, name: str, array: Array) -> Values:
        """The same, but for one tensor."""
        other = Values(self.right)
        other._arrays = {**self._arrays, name: array}
        return other


class Evaluator:
    """Evaluates expressions over one left side, at some places of one point.

    `dims` has extents that the point itself doesn't name. `work` counts what was done, in calls of
    NumPy.
    """

    def __init__(
        self,
        values: Values,
        axes: Sequence[Axis],
        places: Sequence[Place],
        dims: Mapping[str, int] | None = None,
        most: int = 200_000,
    ) -> None:
        self.values = values
        self.work = 0.0
        self._most = most
        self._count = len(places)
        self.dims = {**values.right.extents, **(dims or {})}
        self._known: dict[int, Array] = {}
        self._kept: list[Expr] = []
        self._slots: dict[Axis, int] = {}
        columns = np.array(places, dtype=int).reshape(len(places), len(axes))
        self._letters: dict[Axis, Array] = {a: columns[:, k] for k, a in enumerate(axes)}

    def extent(self, axis: Axis) -> int:
        """The extent of a letter here."""
        return self.size(axis.extent)

    def size(self, extent: Affine) -> int:
        """An extent in numbers."""
        return extent.constant + sum(
            c * self.dims[a.name] for a, c in extent.terms if isinstance(a, Dim)
        )

    def keep(self, expr: Expr, twin: Expr | None = None) -> Array:
        """Evaluate an expression and remember each part; `twin` is what it is at this point.

        Raises `ValueError` where the two are not alike.
        """
        if id(expr) in self._known:
            return self._known[id(expr)]
        twin = expr if twin is None else twin
        ours, theirs = children(expr), children(twin)
        if type(expr) is not type(twin) or len(ours) != len(theirs):
            raise ValueError("the expressions are not alike")
        if isinstance(expr, Reduction) and isinstance(twin, Reduction):
            for axis, place in zip(expr.axes, twin.axes, strict=True):
                self.learn(axis, place)
        for one, other in zip(ours, theirs, strict=True):
            self.keep(one, other)
        result = self._fresh(expr if expr is twin or ours else _like(expr, twin))
        self._known[id(expr)] = result
        self._kept.append(expr)
        return result

    def learn(self, axis: Axis, twin: Axis) -> None:
        """Bind the extent of `axis` to that of `twin`."""
        for atom, _ in axis.extent.terms:
            if isinstance(atom, Dim) and atom.name not in self.dims:
                self.dims[atom.name] = self.size(twin.extent)

    def at_places(self, expr: Expr) -> Array:
        """The expression's value at each place: one dimension."""
        result = np.asarray(self.value(expr))
        if result.size == 1:
            return np.full(self._count, float(result.reshape(())))
        return result.reshape(-1)

    def value(self, expr: Expr) -> Array:
        """The expression's value, a dimension for each of its letters."""
        result = self._known.get(id(expr))
        return self._fresh(expr) if result is None else result

    def _fresh(self, expr: Expr) -> Array:
        result = self._work_out(expr)
        size = getattr(result, "size", 1)
        self.work += 1 + size / _WORK_OF_A_CALL
        if size > self._most:
            raise TooMany
        return result

    def _work_out(self, expr: Expr) -> Array:
        match expr:
            case Mul(args):
                result = self.value(args[0])
                for arg in args[1:]:
                    result = result * self.value(arg)
                return result
            case Add(args):
                result = self.value(args[0])
                for arg in args[1:]:
                    result = result + self.value(arg)
                return result
            case Read(tensor, subscripts):
                return self._entry(tensor, subscripts)
            case Reduction(op, axes, body):
                return self._reduced(op, axes, self.value(body))
            case Number(value):
                return np.float64(float(value))
            case Pow(base, Number(value)) if value == -1:
                return 1 / self.value(base)
            case Pow(base, exponent):
                return np.power(self.value(base), self.value(exponent))
            case Call(function, args) | Logic(function, args):
                return FUNCTIONS[function](*map(self.value, args))
            case Compare(op, left, right):
                return FUNCTIONS[op](self.value(left), self.value(right))
            case Index(value):
                return self._integer(value).astype(float)
            case Constant("pi"):
                return np.float64(math.pi)
            case Constant():
                return np.float64(math.inf)
            case _:
                raise ValueError(f"{type(expr).__name__} has no value")

    def _reduced(self, op: str, axes: tuple[Axis, ...], body: Array) -> Array:
        result = body
        for axis in axes:
            slot = self._slot(axis)
            extent = self.extent(axis)
            if result.ndim <= slot or result.shape[-1 - slot] == 1:
                result = np.broadcast_to(
                    result.reshape((1,) * max(slot + 1 - result.ndim, 0) + result.shape),
                    _with(result.shape, slot, extent),
                )
            if op == "logsumexp":
                most = np.max(result, axis=-1 - slot, keepdims=True)
                total = np.sum(np.exp(result - most), axis=-1 - slot, keepdims=True)
                result = np.log(total) + most
            else:
                result = _REDUCE[op](result, axis=-1 - slot, keepdims=True)
        return result

    def _slot(self, axis: Axis) -> int:
        slot = self._slots.get(axis)
        if slot is None:
            slot = len(self._slots) + 1
            if slot > _MOST_LETTERS:
                raise TooMany
            self._slots[axis] = slot
        return slot

    def _letter(self, axis: Axis) -> Array:
        result = self._letters.get(axis)
        if result is None:
            slot = self._slot(axis)
            result = np.arange(self.extent(axis)).reshape((-1,) + (1,) * slot)
            self._letters[axis] = result
        return result

    def _entry(self, tensor: str, subscripts: tuple[Affine, ...]) -> Array:
        array = self.values.array(tensor)
        if not subscripts:
            return array[()]
        places = []
        inside: Any = True
        for subscript, extent in zip(subscripts, array.shape, strict=True):
            place = self._integer(subscript)
            if place.min() < 0 or place.max() >= extent:
                inside = inside & (place >= 0) & (place < extent)
                place = np.clip(place, 0, extent - 1)
            places.append(place)
        result = array[tuple(places)]
        return result if inside is True else np.where(inside, result, 0)

    def _integer(self, subscript: Affine) -> Array:
        axis = subscript.axis
        if axis is not None:
            return self._letter(axis)
        total: Array = np.int64(subscript.constant)
        for atom, coefficient in subscript.terms:
            match atom:
                case Axis():
                    total = total + coefficient * self._letter(atom)
                case Dim():
                    total = total + coefficient * self.dims[atom.name]
                case Read(tensor, inner):
                    total = total + coefficient * self._entry(tensor, inner).astype(int)
                case FloorDiv(of, by):
                    total = total + coefficient * (self._integer(of) // by)
                case Mod(of, by):
                    total = total + coefficient * (self._integer(of) % by)
        return total


def _like(expr: Expr, twin: Expr) -> Expr:
    """A leaf with its own letters and the other one's numbers."""
    match expr, twin:
        case Read(tensor, subscripts), Read(other, places) if tensor == other:
            pairs = zip(subscripts, places, strict=True)
            return Read(tensor, tuple(Affine(s.terms, p.constant) for s, p in pairs))
        case Index(value), Index(place):
            return Index(Affine(value.terms, place.constant))
        case Number(), _:
            return twin
        case _ if expr == twin:
            return expr
        case _:
            raise ValueError("the expressions are not alike")


def _with(shape: tuple[int, ...], slot: int, extent: int) -> tuple[int, ...]:
    full = [1] * max(slot + 1 - len(shape), 0) + list(shape)
    full[-1 - slot] = extent
    return tuple(full)
