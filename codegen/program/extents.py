"""Which run-time extents a program asks for where it runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from codegen.program.facts import grows
from codegen.program.nodes import (
    AddAt,
    Array,
    Assign,
    At,
    Choose,
    Count,
    Fold,
    For,
    Length,
    Load,
    Pick,
    Reshape,
    Span,
    Spread,
    When,
    Window,
    Zeros,
)
from codegen.program.operands import NoState
from codegen.program.procedures import AtMost, Check, Instruction, NotEmpty, Sample
from codegen.program.walk import arrays_in, operands_in
from derive.ir.notation import Affine, Dim, Expr, Index, affine
from derive.ir.runtime_extents import dims_of_extent
from derive.ir.tree import walk


def dims_in(instruction: Instruction) -> set[str]:
    """The run-time extents that an instruction itself asks for."""
    return {d for value in _asked(instruction) for d in dims_of_extent(value)}


def _asked(instruction: Instruction) -> Iterator[Affine]:
    for array in arrays_in(instruction):
        yield from _asked_by(array)
    for operand in operands_in(instruction):
        if isinstance(operand, NoState):
            yield from operand.shape
    match instruction:
        case Assign(picks=picks):
            yield from _of_picks(picks or ())
        case AddAt(picks=picks):
            yield from _of_picks(picks)
        case Zeros(shape=shape) | Sample(shape=shape):
            yield from shape
        case For(letter=letter):
            yield letter.extent
        case When(condition=condition):
            yield from _of_condition(condition)
        case Check(shape=shape, known=known, places=places):
            yield from (e for e in shape if dims_of_extent(e) <= known)
            yield from (p.extent for p in places)
        case AtMost(extent=extent):
            yield extent
        case NotEmpty(dim=dim):
            yield affine(Dim(dim))
        case _:
            pass


def _asked_by(array: Array) -> Iterator[Affine]:
    match array:
        case Count(value, axes, _, spans):
            reach = {a: stop for a, _, stop in spans}
            yield from (reach.get(a, a.extent) for a in axes)
            yield Affine(tuple((a, c) for a, c in value.terms if a not in axes))
        case Length(value=value):
            yield value
        case Load(picks=picks):
            yield from _of_picks(picks)
        case Window(start=start, runs=runs):
            yield start
            yield from (count for _, _, count in runs)
        case Fold(size=size, start=start, runs=runs):
            yield from (size, start)
            yield from (count for _, _, count in runs)
        case Reshape(shape=shape):
            yield from shape
        case Spread(shape=shape) if grows(array):
            yield from shape
        case Choose(condition=condition):
            yield from _of_condition(condition)
        case _:
            pass


def _of_picks(picks: Iterable[Pick]) -> Iterator[Affine]:
    for pick in picks:
        match pick:
            case At(place):
                yield place
            case Span(start, stop):
                yield from (start,) if stop is None else (start, stop)
            case _:
                pass


def _of_condition(condition: Expr) -> Iterator[Affine]:
    yield from (n.value for n in walk(condition) if isinstance(n, Index))
