"""What whole-array expressions and statements mean: plain NumPy, axes by name, loops by Python.

Nothing here is fast or fused; what a pass or a printer makes of a program is compared with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import product
from typing import Any, assert_never

import numpy as np

from codegen.program.conditions import holds, integer
from codegen.program.nodes import (
    AddAt,
    Array,
    Assign,
    At,
    Chain,
    Choose,
    Count,
    Dot,
    Fold,
    For,
    Join,
    Length,
    Load,
    Map,
    Matrix,
    Pick,
    Reduce,
    Reshape,
    Spread,
    Statement,
    Take,
    Value,
    When,
    Whole,
    Window,
    Zeros,
)
from codegen.program.slices import slices
from derive.ir.notation import Affine, Axis, Constant
from derive.semantics.array_functions import FUNCTIONS

Entries = np.ndarray[Any, Any]

_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    **FUNCTIONS,
    "add": lambda *parts: reduce(np.add, parts),
    "mul": lambda *parts: reduce(np.multiply, parts),
    "div": np.divide,
    "neg": np.negative,
    "pow": np.power,
    "//": np.floor_divide,
    "%": np.mod,
    "float": lambda x: np.asarray(x, float),
}


@dataclass
class Arrays:
    """What is known while statements run: tensors, run-time extents, loops' letters.

    `every` is an axis that stands for all axes of a tensor.
    """

    tensors: dict[str, Any]
    dims: dict[str, int] = field(default_factory=dict)
    letters: dict[Axis, int] = field(default_factory=dict)
    every: Axis | None = None

    # statements

    def run(self, statement: Statement) -> None:
        """Carry a statement out."""
        match statement:
            case Assign():
                self.assign(statement)
            case AddAt():
                self._add_at(statement)
            case Zeros(tensor, shape):
                self.tensors[tensor] = np.zeros(self._lengths(shape))
            case For(letter, direction, body):
                for place in range(self.integer(letter.extent))[::direction]:
                    self.letters[letter] = place
                    for one in body:
                        self.run(one)
            case When(condition, body):
                if self._holds(condition):
                    for one in body:
                        self.run(one)
            case _:
                assert_never(statement)

    def assign(self, one: Assign) -> None:
        """`tensor[picks] = value`, or `+=`."""
        value = self.aligned(one.value, one.axes)
        whole = one.picks is None or all(isinstance(p, Whole) for p in one.picks)
        if whole and one.op == "=":
            self.tensors[one.tensor] = np.array(value)
            return
        place = self._slices(one.picks or ())
        changed = np.array(self.tensors[one.tensor], float)
        changed[place] = value if one.op == "=" else changed[place] + value
        self.tensors[one.tensor] = changed

    def _add_at(self, one: AddAt) -> None:
        changed = np.array(self.tensors[one.tensor], float)
        view = np.moveaxis(changed[self._slices(one.picks)], one.positions, range(len(one.indices)))
        indices = [_places(self.aligned(i, one.index_axes)) for i in one.indices]
        places = np.broadcast_arrays(*indices)
        inside = _inside(places, view.shape)
        assert one.checked or inside.all(), "a place outside, where none can be"
        rest = one.axes[len(one.index_axes) :]
        value = self.aligned(one.value, (*one.index_axes, *rest))
        value = np.broadcast_to(value, (*inside.shape, *view.shape[len(places) :]))
        for place in np.ndindex(inside.shape):
            if inside[place]:
                view[tuple(i[place] for i in places)] += value[place]
        self.tensors[one.tensor] = changed

    # integers

    def integer(self, value: Affine) -> int:
        """An integer of the index calculus."""
        return integer(value, self.dims, self.letters)

    def _lengths(self, shape: Sequence[Affine]) -> tuple[int, ...]:
        return tuple(max(self.integer(e), 0) for e in shape)

    def _holds(self, condition: Any) -> bool:
        return holds(condition, self.dims, self.letters, self.tensors)

    def _slices(self, picks: Sequence[Pick]) -> tuple[int | slice, ...]:
        return slices(picks, self.integer)

    # arrays

    def aligned(self, array: Array, axes: tuple[Axis, ...]) -> Entries:
        """The array over these axes, with one place along those that it lacks."""
        value = self.value(array)
        if array.axes == axes:
            return value
        assert value.ndim == len(array.axes), f"{array}: {value.shape} for {array.axes}"
        order = [array.axes.index(a) for a in axes if a in array.axes]
        value = value.transpose(order)
        index = tuple(slice(None) if a in array.axes else None for a in axes)
        return np.asarray(value[index])

    def value(self, array: Array) -> Entries:
        """The array over its own axes."""
        return np.asarray(self._value(array))

    def _value(self, array: Array) -> Any:
        match array:
            case Value(number):
                if isinstance(number, Constant):
                    return getattr(np, number.name)
                return float(number.value)
            case Count():
                return self._count(array)
            case Length(value):
                return float(max(self.integer(value), 0))
            case Load():
                return self._load(array)
            case Window():
                return self._window(array)
            case Fold():
                return self._fold(array)
            case Reshape(of, _, shape):
                return self.value(of).reshape(self._lengths(shape))
            case Take():
                return self._take(array)
            case Map(function, args, axes):
                return _FUNCTIONS[function](*(self.aligned(a, axes) for a in args))
            case Choose():
                return self._choose(array)
            case Reduce(op, of, letters, _):
                places = tuple(of.axes.index(a) for a in letters)
                return _reduced(op, self.value(of), places)
            case Matrix():
                return self._matrix(array)
            case Dot(left, right, axes):
                return self._product((left, right), axes)
            case Chain(parts, axes):
                return self._product(parts, axes)
            case Spread(of, axes, shape):
                own = self.aligned(of, axes)
                lengths = (
                    n if a in of.axes or a == self.every else max(self.integer(e), 0)
                    for a, e, n in zip(axes, shape, own.shape, strict=True)
                )
                return np.broadcast_to(own, tuple(lengths))
            case Join(parts, along, axes):
                shown = [self.aligned(p, axes) for p in parts]
                return np.concatenate(shown, axis=axes.index(along))
            case _:
                assert_never(array)

    def _count(self, array: Count) -> Entries:
        spans = {a: (start, stop) for a, start, stop in array.spans}
        total: Entries = np.zeros((1,) * len(array.axes), int)
        rest = array.value
        for axis in array.axes:
            start, stop = spans.get(axis, (0, axis.extent))
            shape = [-1 if a == axis else 1 for a in array.axes]
            coefficient = array.value.coefficient(axis)
            total = total + coefficient * np.arange(start, self.integer(stop)).reshape(shape)
            rest = rest - Affine(((axis, coefficient),))
        total = total + self.integer(rest)
        return total.astype(float) if array.as_float else total

    def _load(self, array: Load) -> Entries:
        value = np.asarray(self.tensors[array.tensor])
        if self.every is not None and array.axes == (self.every,):
            value = value.reshape(-1)
        value = value[self._slices(array.picks)]
        return value.astype(float) if array.integer else value

    def _window(self, array: Window) -> Entries:
        value = np.moveaxis(self.value(array.of), array.position, 0)
        places = self._places(array)
        inside = (places >= 0) & (places < len(value))
        shown = value[np.where(inside, places, 0)] if len(value) else np.zeros(places.shape)
        mask = inside.reshape(inside.shape + (1,) * (shown.ndim - inside.ndim))
        fill = 0.0 if array.fill is None else self.value(array.fill)
        shown = np.where(mask, shown, fill)
        count = places.ndim
        return np.moveaxis(shown, range(count), range(array.position, array.position + count))

    def _places(self, array: Window | Fold) -> Entries:
        """Where the entries under the runs' letters lie along the axis."""
        places: Entries = np.asarray(self.integer(array.start))
        for step, _, count in array.runs:
            places = places[..., None] + step * np.arange(max(self.integer(count), 0))
        return places

    def _fold(self, array: Fold) -> Entries:
        count = len(array.runs)
        runs = range(array.position, array.position + count)
        value = np.moveaxis(self.value(array.of), runs, range(count))
        out = np.zeros((max(self.integer(array.size), 0), *value.shape[count:]))
        places = self._places(array)
        for index in product(*(range(n) for n in places.shape)):
            if 0 <= places[index] < len(out):
                out[places[index]] += value[index]
        return np.moveaxis(out, 0, array.position)

    def _take(self, array: Take) -> Entries:
        count = len({a for i in array.indices for a in i.axes})
        indices = [_places(self.aligned(i, array.axes[:count])) for i in array.indices]
        places = np.broadcast_arrays(*indices)
        value = np.moveaxis(self.value(array.of), array.positions, range(len(places)))
        inside = _inside(places, value.shape)
        assert array.checked or inside.all(), "a place outside, where none can be"
        shown = value[tuple(np.where(inside, i, 0) for i in places)]
        return np.where(inside.reshape(inside.shape + (1,) * (shown.ndim - inside.ndim)), shown, 0)

    def _choose(self, array: Choose) -> Entries:
        if self._holds(array.condition):
            return self.aligned(array.yes, array.axes)
        if array.no is not None:
            return self.aligned(array.no, array.axes)
        assert isinstance(array.yes, Load)
        first = (At(Affine()) if isinstance(p, At) else p for p in array.yes.picks)
        load = Load(array.yes.tensor, tuple(first), array.yes.axes)
        return np.zeros_like(self.aligned(load, array.axes))

    def _matrix(self, array: Matrix) -> Any:
        others = array.axes[:-2] if array.op == "inv" else array.axes
        value = self.aligned(array.of, (*others, *array.letters))
        match array.op:
            case "inv":
                return np.linalg.inv(value)
            case "det":
                return np.linalg.det(value)
            case _:
                return np.linalg.slogdet(value)[1]

    def _product(self, parts: Sequence[Array], axes: tuple[Axis, ...]) -> Any:
        number = {a: k for k, a in enumerate(dict.fromkeys(a for p in parts for a in p.axes))}
        operands: list[Any] = []
        for part in parts:
            operands += [self.value(part), [number[a] for a in part.axes]]
        return np.einsum(*operands, [number[a] for a in axes])


def _places(value: Entries) -> Entries:
    places = value.astype(int)
    assert np.array_equal(places, value), "a place is a whole number"
    return places


def _inside(places: Sequence[Entries], shape: Sequence[int]) -> Entries:
    inside: Entries = np.asarray(True)
    for place, extent in zip(places, shape, strict=False):
        inside = inside & (place >= 0) & (place < extent)
    return inside


def _reduced(op: str, value: Entries, axes: tuple[int, ...]) -> Any:
    match op:
        case "sum":
            return value.astype(float).sum(axes)
        case "prod":
            return value.astype(float).prod(axes)
        case "max" | "min":
            return value.max(axes) if op == "max" else value.min(axes)
        case _:
            return np.logaddexp.reduce(value.astype(float), axis=axes)
