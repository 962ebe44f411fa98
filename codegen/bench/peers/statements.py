"""Statements as changes of what the tensors hold: loops unrolled, conditions settled.

Nothing is written in place, so that a library can differentiate what ran: a tensor that is filled
step by step is kept as its steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from codegen.bench.peers.arrays import Held, Scope, Steps
from codegen.bench.peers.library import Index
from codegen.program.nodes import AddAt, Assign, At, For, Statement, When, Whole, Zeros

Change = Callable[[Held], None]


def changes_of(statements: Iterable[Statement], scope: Scope) -> Iterator[Change]:
    """What statements do, in order."""
    for one in statements:
        match one:
            case Assign():
                yield _assign(one, scope)
            case AddAt():
                yield _add_at(one, scope)
            case Zeros(tensor, shape):
                yield _zeros(tensor, scope.lengths(shape), scope)
            case For(letter, direction, body):
                for place in range(scope.integer(letter.extent))[::direction]:
                    inner = replace(scope, letters={**scope.letters, letter: place})
                    yield from changes_of(body, inner)
            case When(condition, body):
                if scope.holds(condition):
                    yield from changes_of(body, scope)


def _zeros(tensor: str, shape: tuple[int, ...], scope: Scope) -> Change:
    def change(held: Held) -> None:
        held[tensor] = scope.library.constant(np.zeros(shape))

    return change


def _assign(one: Assign, scope: Scope) -> Change:
    value, name = scope.aligned(one.value, one.axes), one.tensor
    adds = one.op == "+="
    if name in scope.held:
        moving = value

        def value(held: Held) -> Any:
            return scope.library.call("hold", (moving(held),))

    if one.picks is None or all(isinstance(p, Whole) for p in one.picks):

        def whole(held: Held) -> None:
            held[name] = whole_of(held, name, scope) + value(held) if adds else value(held)

        return whole
    fixed = [k for k, p in enumerate(one.picks) if isinstance(p, At)]
    others = [p for p in one.picks if not isinstance(p, At)]
    index = scope.slices(one.picks)
    if len(fixed) == 1 and all(isinstance(p, Whole) for p in others):
        axis, place = fixed[0], index[fixed[0]]

        def step(held: Held) -> None:
            parts = list(_steps(held, name, axis, scope))
            now = value(held)
            shape = parts[place].shape
            total = parts[place] + now if adds else now
            fits = getattr(total, "shape", None) == shape
            parts[place] = total if fits else scope.library.spread(total, shape)
            held[name] = Steps(axis, tuple(parts))

        return step

    def part(held: Held) -> None:
        held[name] = scope.library.put(whole_of(held, name, scope), index, value(held), adds=adds)

    return part


def _add_at(one: AddAt, scope: Scope) -> Change:
    indices = [scope.places(i, one.index_axes) for i in one.indices]
    value = scope.aligned(one.value, one.axes)
    index: Index = scope.slices(one.picks)
    first = one.positions

    def change(held: Held) -> None:
        array = whole_of(held, one.tensor, scope)
        view = array[index]
        order = [*first, *(k for k in range(view.ndim) if k not in first)]
        view = scope.library.transpose(view, order)
        view = scope.library.add_at(view, [i(held) for i in indices], value(held))
        back = sorted(range(len(order)), key=lambda k: order[k])
        view = scope.library.transpose(view, back)
        held[one.tensor] = scope.library.put(array, index, view, adds=False)

    return change


def whole_of(held: Held, name: str, scope: Scope) -> Any:
    """A tensor's array, put together where it is kept as its steps."""
    value = held[name]
    if isinstance(value, Steps):
        value = held[name] = scope.library.stack(value.parts, value.axis)
    return value


def _steps(held: Held, name: str, axis: int, scope: Scope) -> tuple[Any, ...]:
    value = held[name]
    if isinstance(value, Steps) and value.axis == axis:
        return value.parts
    array = whole_of(held, name, scope)
    front = [slice(None)] * axis
    return tuple(array[(*front, place)] for place in range(array.shape[axis]))
