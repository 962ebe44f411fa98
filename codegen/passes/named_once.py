"""A product, a sum or a quotient that stands twice is worked out once, under a name.

It goes by the name of the tensor that it is, if one is; else by those of its factors. The new line
stands under the formula that needs it first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from codegen.program.facts import is_number
from codegen.program.nodes import (
    AddAt,
    Array,
    Assign,
    At,
    Choose,
    Dot,
    Load,
    Map,
    Pick,
    Reduce,
    Whole,
    Zeros,
)
from codegen.program.procedures import IfGiven, Instruction, Module
from codegen.program.walk import ARRAYS, instructions, with_arrays
from derive.ir.fresh_names import fresh_name
from derive.ir.names import current_of
from derive.ir.notation import Tensor

Body = tuple[Instruction, ...]
_MOST_NAMES = 3


def named_once(module: Module) -> Module:
    """The module in which no procedure forms such a value twice."""
    known = [*module.tensors, *(t for p in module.procedures for t in p.tensors)]
    tensors = {t.name: t for t in known}
    procedures = tuple(replace(p, body=_named(p.body, tensors)) for p in module.procedures)
    made = tuple(tensors.values())[len({t.name for t in known}) :]
    return replace(module, tensors=(*module.tensors, *made), procedures=procedures)


@dataclass(frozen=True)
class _Repeat:
    """A value that stands in several instructions: in `first`, and in others up to `last`."""

    value: Array
    first: int
    last: int


def _named(body: Body, tensors: dict[str, Tensor]) -> Body:
    while (repeat := _largest(body)) is not None:
        body = _once(body, repeat, tensors)
    return tuple(
        replace(one, body=_named(one.body, tensors)) if isinstance(one, IfGiven) else one
        for one in body
    )


def _largest(body: Body) -> _Repeat | None:
    """The largest value that can be named: smaller ones may stand in it."""
    places: dict[Array, list[int]] = {}
    for k, one in enumerate(body):
        for array in _values(one):
            places.setdefault(array, []).append(k)
    result: _Repeat | None = None
    size = 0
    for value, where in places.items():
        own = sum(1 for _ in ARRAYS.walk(value))
        # what is named under a condition isn't known behind it
        starts = not isinstance(body[where[0]], IfGiven)
        if len(where) > 1 and own > size and starts and _stays(value, body[where[0] : where[-1]]):
            result, size = _Repeat(value, where[0], where[-1]), own
    return result


def _values(one: Instruction) -> Iterator[Array]:
    """What may get a name, where it is worked out for certain."""
    if isinstance(one, IfGiven):
        for inside in one.body:
            yield from _values(inside)
    elif isinstance(one, Assign | AddAt):
        yield from _inside(one.value)


def _inside(array: Array) -> Iterator[Array]:
    if isinstance(array, Choose):
        return
    if _worth(array) and all(_whole(a.picks) for a in ARRAYS.walk(array) if isinstance(a, Load)):
        yield array
    for part in ARRAYS.children(array):
        yield from _inside(part)


def _worth(array: Array) -> bool:
    match array:
        case Dot() | Reduce():
            return True
        case Map("div", (_, under), axes):
            return bool(axes) and not is_number(under)
        case _:
            return False


def _whole(picks: Sequence[Pick]) -> bool:
    """Whether letters run over all places: then their extents are those of the array."""
    fixed = (p.place.number is not None for p in picks if isinstance(p, At))
    return all(isinstance(p, Whole | At) for p in picks) and all(fixed)


def _stays(value: Array, between: Body) -> bool:
    """Whether nothing that the value reads is changed by these instructions."""
    read = {a.tensor for a in ARRAYS.walk(value) if isinstance(a, Load)}
    return not read & {t for one in instructions(between) for t in _changed(one)}


def _changed(one: Instruction) -> set[str]:
    return {one.tensor} if isinstance(one, Assign | AddAt | Zeros) else set()


# ---- the name ------------------------------------------------------------------------------------


def _once(body: Body, repeat: _Repeat, tensors: dict[str, Tensor]) -> Body:
    value, first = repeat.value, repeat.first
    holder = _holder(body, value)
    if holder is None:
        name = _name(value, tensors)
        shape = tuple(a.extent for a in value.axes)
        tensors[name] = Tensor(name, shape, "intermediate")
        at = body[first]
        note = at.note if isinstance(at, Assign) else ""
        made = Assign(name, None, "=", value, value.axes, note)
        if isinstance(at, Assign):
            body = (*body[:first], replace(at, note=""), *body[first + 1 :])
    else:
        made = holder
        body = tuple(one for one in body if one is not holder)
        first = min(first, len(body))
    load = Load(made.tensor, (Whole(),) * len(value.axes), value.axes)

    def read(_: Instruction, array: Array) -> Array:
        return ARRAYS.transform(array, lambda a: load if a == value else None)

    last = repeat.last + 1 if holder is None else repeat.last
    after = (with_arrays(one, read) for one in body[first:last])
    return (*body[:first], made, *after, *body[last:])


def _holder(body: Body, value: Array) -> Assign | None:
    """The assignment of the value to a tensor that is never changed, if there is one."""
    changed = [t for one in instructions(body) for t in _changed(one)]
    for one in body:
        if isinstance(one, Assign) and one.value == value and (one.picks, one.op) == (None, "="):
            plain = one.axes == value.axes and not one.own
            if plain and changed.count(one.tensor) == 1:
                return one
    return None


def _name(value: Array, tensors: dict[str, Tensor]) -> str:
    match value:
        case Map("div", (over, under), _):
            wanted = "_".join([*_names(over), "over", *_names(under)])
        case Reduce(op, of, _, _):
            wanted = "_".join([op, *_names(of)])
        case _:
            wanted = "_".join(_names(value))
    return fresh_name(tensors, wanted)


def _names(array: Array) -> list[str]:
    loads = (current_of(a.tensor) for a in ARRAYS.walk(array) if isinstance(a, Load))
    names = [n for n in dict.fromkeys(loads) if n.isidentifier()]
    return names[:_MOST_NAMES] or ["one"]
