"""Array expressions as functions of what the tensors hold, for a library that can differentiate.

Extents and loops' letters are numbers by then: a slice, a window, a condition is settled before
anything runs. What reads no tensor is worked out by the interpreter, once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_letters
from typing import Any

import numpy as np

from codegen.bench.peers.convolution import convolution
from codegen.bench.peers.library import Index, Library
from codegen.program.array_interpreter import Arrays
from codegen.program.conditions import holds
from codegen.program.facts import grows
from codegen.program.nodes import (
    Array,
    At,
    Chain,
    Choose,
    Dot,
    Fold,
    Join,
    Load,
    Map,
    Matrix,
    Pick,
    Reduce,
    Reshape,
    Spread,
    Take,
    Window,
)
from codegen.program.procedures import EVERY
from codegen.program.slices import slices
from codegen.program.walk import ARRAYS
from derive.ir.notation import Affine, Axis

Held = dict[str, Any]
Run = Callable[[Held], Any]
Axes = tuple[Axis, ...]


@dataclass(frozen=True)
class Steps:
    """A tensor that a loop fills, as its parts along one axis."""

    axis: int
    parts: tuple[Any, ...]


@dataclass(frozen=True)
class Scope:
    """What is known before anything runs: numbers by their names, extents, loops' letters.

    What is put into a tensor that is `held` is constant for a derivative.
    """

    library: Library
    numbers: Mapping[str, float]
    dims: Mapping[str, int]
    letters: Mapping[Axis, int]
    held: frozenset[str] = frozenset()

    @property
    def known(self) -> Arrays:
        """The interpreter over what is known."""
        return Arrays(dict(self.numbers), dict(self.dims), dict(self.letters))

    def integer(self, value: Affine) -> int:
        """An integer of the index calculus."""
        return self.known.integer(value)

    def lengths(self, shape: Sequence[Affine]) -> tuple[int, ...]:
        """Extents as numbers."""
        return tuple(max(self.integer(e), 0) for e in shape)

    def holds(self, condition: Any) -> bool:
        """Whether a condition holds."""
        return holds(condition, self.dims, self.letters, self.numbers)

    def slices(self, picks: Sequence[Pick]) -> Index:
        """What stands in the brackets of a slice."""
        return slices(picks, self.integer)

    # ---- expressions -----------------------------------------------------------------------------

    def aligned(self, array: Array, axes: Axes) -> Run:
        """The array over these axes, with one place along those that it lacks."""
        run = self.run(array)
        present = [a for a in axes if a in array.axes]
        order = [array.axes.index(a) for a in present]
        index = tuple(slice(None) if a in array.axes else None for a in axes)
        while index and index[0] is None:
            index = index[1:]  # what stands in front broadcasts by itself
        turned = order != sorted(order)
        if turned:
            inner = run

            def run(held: Held) -> Any:
                return self.library.transpose(inner(held), order)

        if None not in index:
            return run
        flat = run
        return lambda held: flat(held)[index]

    def places(self, array: Array, axes: Axes) -> Run:
        """An array of whole numbers over these axes."""
        return self._call("whole", [self.aligned(array, axes)])

    def run(self, array: Array) -> Run:
        """What gives the array over its own axes."""
        if all(not isinstance(a, Load) or a.tensor in self.numbers for a in ARRAYS.walk(array)):
            value = self.known.value(array)
            fixed: Any = self.library.constant(value) if value.ndim else value.item()
            return lambda held: fixed
        match array:
            case Load():
                return self._load(array)
            case Window():
                return self._window(array)
            case Fold():
                return self._fold(array)
            case Take():
                return self._take(array)
            case Reshape(of, _, shape):
                inner, lengths = self.run(of), self.lengths(shape)
                return lambda held: inner(held).reshape(lengths)
            case Map(function, args, axes):
                return self._call(function, [self.aligned(a, axes) for a in args])
            case Choose(condition, yes, no, axes):
                return self._choose(condition, yes, no, axes)
            case Reduce(op, of, letters, _):
                return self._reduce(op, self.run(of), of.axes, letters)
            case Matrix(op, of, letters, axes):
                others = axes[:-2] if op == "inv" else axes
                inner = self.aligned(of, (*others, *letters))
                return lambda held: self.library.matrix(op, inner(held))
            case Dot(left, right, axes):
                return self._product(array) if axes else self._einsum((left, right), axes)
            case Chain(parts, axes):
                return self._einsum(parts, axes)
            case Spread(of, axes, shape):
                inner = self.aligned(of, axes)
                if not grows(array):
                    return inner
                lengths = self.lengths(shape)
                return lambda held: self.library.spread(inner(held), lengths)
            case Join(parts, along, axes):
                shown, axis = [self.aligned(p, axes) for p in parts], axes.index(along)
                return lambda held: self.library.join([p(held) for p in shown], axis)
            case _:
                raise AssertionError(f"no meaning for {type(array).__name__}")

    def _call(self, function: str, args: Sequence[Run]) -> Run:
        call = self.library.call
        if len(args) == 1:
            (one,) = args
            return lambda held: call(function, (one(held),))
        return lambda held: call(function, [a(held) for a in args])

    def _reduce(self, op: str, inner: Run, axes: Axes, letters: Axes) -> Run:
        reduce, places = self.library.reduce, tuple(axes.index(a) for a in letters)
        if EVERY not in letters:
            return lambda held: reduce(op, inner(held), places)

        def run(held: Held) -> Any:
            value = inner(held)
            return reduce(op, value, tuple(range(value.ndim)))

        return run

    def _load(self, array: Load) -> Run:
        name, index = array.tensor, self.slices(array.picks)
        plain = all(i == slice(None) for i in index)
        backwards = [k for k, i in enumerate(index) if isinstance(i, slice) and i.step == -1]
        forwards = tuple(slice(None) if k in backwards else i for k, i in enumerate(index))

        def run(held: Held) -> Any:
            value = held[name]
            if isinstance(value, Steps):
                at = index[value.axis]
                if isinstance(at, int):
                    part = value.parts[at]
                    rest = index[: value.axis] + index[value.axis + 1 :]
                    return part if all(i == slice(None) for i in rest) else part[rest]
                value = held[name] = self.library.stack(value.parts, value.axis)
            for k in backwards:  # as places, for torch has no slices that run backwards
                places = np.arange(value.shape[k])[index[k]].copy()
                value = value[(*[slice(None)] * k, self.library.constant(places))]
            return value if plain else value[forwards]

        if not array.integer:
            return run
        return self._call("float", [run])

    def _window(self, array: Window) -> Run:
        inner, position = self.run(array.of), array.position
        places = _places(self, array)
        fill = 0.0 if array.fill is None else float(self.known.value(array.fill))
        low, high = (int(places.min()), int(places.max())) if places.size else (0, 0)
        before = max(-low, 0)
        index = (*[slice(None)] * position, self.library.constant(places + before))

        def run(held: Held) -> Any:
            value = inner(held)
            ends = before, max(high + 1 - value.shape[position], 0)
            if any(ends):
                value = self.library.pad(value, position, ends, fill)
            return value[index]

        return run

    def _fold(self, array: Fold) -> Run:
        inner, at, count = self.run(array.of), array.position, len(array.runs)
        places = _places(self, array)
        size = max(self.integer(array.size), 0)
        inside = np.flatnonzero((places >= 0) & (places < size))
        kept = self.library.constant(inside)
        target = self.library.constant(places.reshape(-1)[inside])

        def run(held: Held) -> Any:
            value = inner(held)
            order = [*range(at, at + count)]
            order += [k for k in range(len(value.shape)) if k not in order]
            value = self.library.transpose(value, order)
            rest = tuple(value.shape[count:])
            value = value.reshape((-1, *rest))[kept]
            zero = self.library.spread(self.library.constant(np.zeros(1)), (size, *rest))
            total = self.library.add_at(zero, (target,), value)
            back = [*range(1, at + 1), 0, *range(at + 1, len(rest) + 1)]
            return self.library.transpose(total, back)

        return run

    def _take(self, array: Take) -> Run:
        count = len({a for i in array.indices for a in i.axes})
        indices = [self.places(i, array.axes[:count]) for i in array.indices]
        inner, first = self.run(array.of), array.positions

        def run(held: Held) -> Any:
            value = inner(held)
            order = [*first, *(k for k in range(len(value.shape)) if k not in first)]
            value = self.library.transpose(value, order)
            found = [i(held) for i in indices]
            if not array.checked:
                return value[tuple(found)]
            inside = _inside(found, value.shape)
            taken = value[tuple(self.library.call("where", (inside, i, 0)) for i in found)]
            mask = inside.reshape((*inside.shape, *[1] * (len(taken.shape) - len(inside.shape))))
            return self.library.call("where", (mask, taken, 0.0))

        return run

    def _choose(self, condition: Any, yes: Array, no: Array | None, axes: Axes) -> Run:
        if self.holds(condition):
            return self.aligned(yes, axes)
        if no is not None:
            return self.aligned(no, axes)
        assert isinstance(yes, Load)
        first = tuple(At(Affine()) if isinstance(p, At) else p for p in yes.picks)
        inner = self.aligned(Load(yes.tensor, first, yes.axes), axes)
        return lambda held: 0 * inner(held)

    # ---- products --------------------------------------------------------------------------------

    def _product(self, array: Dot) -> Run:
        found = convolution(array, self.integer)
        if found is not None:
            kernel, of = self.aligned(found.kernel, found.kernel_axes), self.run(found.of)
            walks, order = found.walks, found.order
            return lambda held: self.library.transpose(
                self.library.convolve(of(held), kernel(held), walks), order
            )
        left, right, axes = array.left, array.right, array.axes
        run = [a for a in left.axes if a in right.axes and a not in axes]
        both = [a for a in axes if a in left.axes and a in right.axes]
        mine = [a for a in axes if a not in right.axes]
        theirs = [a for a in axes if a not in left.axes]
        plain = len(run) == len(theirs) == 1 and axes == (*both, *mine, *theirs)
        if not plain or (both and len(mine) != 1):
            return self._einsum((left, right), axes)
        one = self.aligned(left, (*both, *mine, run[0]))
        other = self.aligned(right, (*both, run[0], theirs[0]))
        return lambda held: self.library.matmul(one(held), other(held))

    def _einsum(self, parts: Sequence[Array], axes: Axes) -> Run:
        letters = dict.fromkeys(a for p in parts for a in p.axes)
        symbol = dict(zip(letters, ascii_letters, strict=False))
        spec = ",".join("".join(symbol[a] for a in p.axes) for p in parts)
        spec += "->" + "".join(symbol[a] for a in axes)
        shown = [self.run(p) for p in parts]
        return lambda held: self.library.product(spec, [p(held) for p in shown])


def _places(scope: Scope, array: Window | Fold) -> np.ndarray[Any, Any]:
    """Where the entries under the runs' letters lie along the axis."""
    places: np.ndarray[Any, Any] = np.asarray(scope.integer(array.start))
    for step, _, count in array.runs:
        places = places[..., None] + step * np.arange(max(scope.integer(count), 0))
    return places


def _inside(indices: Sequence[Any], shape: Sequence[int]) -> Any:
    inside: Any = True
    for index, size in zip(indices, shape, strict=False):
        inside = inside & (index >= 0) & (index < size)
    return inside
