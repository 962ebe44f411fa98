"""Statements over whole arrays as loops of C."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import assert_never

from codegen.program.nodes import (
    AddAt,
    Array,
    Assign,
    At,
    Chain,
    Dot,
    For,
    Load,
    Map,
    Pick,
    Reduce,
    Statement,
    When,
    Whole,
    Zeros,
)
from codegen.program.walk import ARRAYS
from codegen.targets.c.integers import Int, variable
from codegen.targets.c.loops import Branch, Line, Loop, Node, Note
from codegen.targets.c.scope import Scope
from codegen.targets.c.shapes import View, extents_of, view_of
from codegen.targets.c.values import Values
from codegen.targets.c.walks import Places, cleared
from derive.ir.notation import Axis


def statement_nodes(statements: Iterable[Statement], scope: Scope) -> list[Node]:
    """The nodes of statements, each under its formula."""
    return [node for one in statements for node in _nodes(one, scope)]


def _nodes(one: Statement, scope: Scope) -> list[Node]:
    match one:
        case Assign(note=note):
            return [*_noted(note), *_assigned(one, scope)]
        case AddAt():
            return _added_at(one, scope)
        case Zeros(tensor, shape, note):
            home = scope.define(tensor, scope.shape(shape))
            scope.home(tensor)
            scope.used.changed.add(home.name)
            walks = Values(scope, home.name)
            return [*_noted(note), *cleared(walks, view_of(home, None, scope))]
        case For(letter, direction, body):
            return [_loop(letter, direction, body, scope)]
        case When(condition, body):
            text, _ = Values(scope).entries.condition(condition)
            return [Branch(text, tuple(statement_nodes(body, scope)))]
        case _:
            assert_never(one)


def _noted(note: str) -> list[Node]:
    return [Note(note)] if note else []


def _loop(axis: Axis, direction: int, body: tuple[Statement, ...], scope: Scope) -> Node:
    letter, extent = scope.names.letter(axis), scope.integer(axis.extent)
    with scope.running(letter, extent):
        scope.letters[axis] = variable(letter)
        nodes = statement_nodes(body, scope)
        del scope.letters[axis]
    return Loop(letter, extent, tuple(nodes), down=direction < 0)


def _assigned(one: Assign, scope: Scope) -> list[Node]:
    whole = one.picks is None or all(isinstance(p, Whole) for p in one.picks)
    if whole and one.op == "=":
        own = extents_of((one.value,), scope) if one.value.axes else {}
        shape = tuple(own.get(a) or scope.integer(a.extent) for a in one.axes)
        scope.define(one.tensor, shape)
    home = scope.home(one.tensor)
    scope.used.changed.add(home.name)
    view = view_of(home, one.picks, scope)
    picks = one.picks or (Whole(),) * len(home.shape)
    values = Values(scope, home.name)
    apart = all(
        _apart(a.picks, picks)
        for a in ARRAYS.walk(one.value)
        if isinstance(a, Load) and a.tensor == one.tensor
    )
    into = (view, Load(one.tensor, picks, one.axes)) if one.op == "=" and apart else None
    value = _in_order(one.value, one.axes)
    value = values.elementwise(value, into)
    if not apart and not _in_place(value, one.tensor, picks, one.axes):
        value = values.stored(value)
    if into is not None and value == into[1]:
        return values.nodes

    op = one.op
    if into is not None:
        op, value = _changed_by(into[1], value)
    op, value = taken_away(op, value)

    def store(places: Places) -> list[Node]:
        at = dict(zip(one.axes, places, strict=True))
        code = values.entries.along(value, at)
        text = values.entries.as_number(value, code)
        return [Line(f"{home.name}[{view.index(places)}] {op} {text};")]

    letters = values.letters(one.axes)
    return [*values.nodes, *values.loops(letters, view.shape, store)]


def _changed_by(own: Load, value: Array) -> tuple[str, Array]:
    """What is added to what lies there, or by what that is multiplied or divided."""
    match value:
        case Map("add" | "mul" | "div" as function, (first, other)) if first == own:
            return {"add": "+=", "mul": "*=", "div": "/="}[function], other
        case _:
            return "=", value


def taken_away(op: str, value: Array) -> tuple[str, Array]:
    """What is added with a minus sign is taken away."""
    match op, value:
        case "+=", Map("neg", (inner,)):
            return "-=", inner
        case _:
            return op, value


def _in_order(value: Array, axes: tuple[Axis, ...]) -> Array:
    """A contraction with its axes in the order in which they are stored."""
    if isinstance(value, Dot | Chain) and set(value.axes) == set(axes):
        return replace(value, axes=axes)
    return value


def _apart(one: Sequence[Pick], other: Sequence[Pick]) -> bool:
    """Whether two slices of a tensor have no entry in common."""
    for first, second in zip(one, other, strict=False):
        if isinstance(first, At) and isinstance(second, At):
            number = (first.place - second.place).number
            if number is not None and number != 0:
                return True
    return False


def _in_place(value: Array, tensor: str, picks: Sequence[Pick], axes: tuple[Axis, ...]) -> bool:
    """Whether an entry reads of its own tensor nothing but what it replaces."""
    if any(not isinstance(a, Load) and isinstance(a, Reduce) for a in ARRAYS.walk(value)):
        return False
    own = [a for a in ARRAYS.walk(value) if isinstance(a, Load) and a.tensor == tensor]
    return all(
        (a.axes == axes and tuple(a.picks) == tuple(picks)) or _apart(a.picks, picks) for a in own
    )


def _added_at(one: AddAt, scope: Scope) -> list[Node]:
    home = scope.home(one.tensor)
    scope.used.changed.add(home.name)
    view = view_of(home, one.picks, scope)
    values = Values(scope, home.name)
    op, value = taken_away("+=", values.elementwise(one.value))
    indices = tuple(values.elementwise(i) for i in one.indices)
    rest = one.axes[len(one.index_axes) :]
    known = extents_of((*indices, value), scope)
    kept = [n for k, n in enumerate(view.shape) if k not in one.positions]
    extents = [known.get(a) or scope.integer(a.extent) for a in one.index_axes]
    axes = (*one.index_axes, *rest)

    def add(places: Places) -> list[Node]:
        at = dict(zip(axes, places, strict=True))
        found = [values.entries.integer_along(i, at) for i in indices]
        text = f"{op} {values.entries.along(value, at)[0]}"
        return _guarded(values, view, one, found, text, places)

    letters = values.letters(axes)
    return [*values.nodes, *values.loops(letters, [*extents, *kept], add)]


def _guarded(
    values: Values, view: View, one: AddAt, found: list[Int], text: str, places: Places
) -> list[Node]:
    """One entry added, where its place is inside."""
    others = iter(places[len(one.index_axes) :])
    target: list[Int] = []
    guards: list[str] = []
    for k, extent in enumerate(view.shape):
        if k in one.positions:
            place = found[one.positions.index(k)]
            guards += values.entries.guards(place, extent)
        else:
            place = next(others)
        target.append(place)
    line = Line(f"{view.home.name}[{view.index(target)}] {text};")
    return [Branch(" && ".join(guards), (line,))] if guards else [line]
