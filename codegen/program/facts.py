"""What can be told of an array expression without working it out."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import prod
from typing import TypeGuard

from codegen.program.nodes import (
    Array,
    Chain,
    Choose,
    Count,
    Dot,
    Fold,
    Join,
    Length,
    Load,
    Map,
    Matrix,
    Reduce,
    Reshape,
    Spread,
    Take,
    Value,
    Window,
)
from derive.ir.functions import FUNCTIONS
from derive.ir.notation import Axis, Number

FEW = 32  # so many places of windows are passed one by one

_RISKY = ("div", "pow", *(name for name, row in FUNCTIONS.items() if row.risk))


def may_fail(array: Array) -> bool:
    """Whether computing an array may divide by zero, overflow or leave the real numbers."""
    match array:
        case Map(function, args, _):
            divides = function == "div" and not isinstance(args[1], Value | Count)
            risky = function in _RISKY and function != "div"
            return divides or risky or any(may_fail(a) for a in args)
        case (
            Window(of=of)
            | Fold(of=of)
            | Reshape(of=of)
            | Take(of=of)
            | Reduce(of=of)
            | Matrix(of=of)
            | Spread(of=of)
        ):
            return may_fail(of)
        case Dot(left, right, _):
            return may_fail(left) or may_fail(right)
        case Choose(_, yes, no, _):
            return may_fail(yes) or (no is not None and may_fail(no))
        case Join(parts=parts) | Chain(parts=parts):
            return any(may_fail(a) for a in parts)
        case _:
            return False


def slides(array: Array, letters: Sequence[Axis]) -> bool:
    """Whether letters run over the few places inside windows of an array."""
    places = prod(a.extent.number or FEW + 1 for a in letters)
    return 1 < places <= FEW and all(_in_window(array, a) for a in letters)


def _in_window(array: Array, letter: Axis) -> bool:
    match array:
        case Window(of=of, runs=runs):
            return any(a == letter for _, a, _ in runs) or _in_window(of, letter)
        case Reshape(of, axes, _):
            return letter in axes and letter not in of.axes
        case Map(_, args, _):
            return any(_in_window(a, letter) for a in args)
        case _:
            return False


_ARITHMETIC = (
    *("add", "mul", "div", "neg", "pow", "//", "%", "float", "sqrt"),
    *("minimum", "maximum"),
)


def is_number(array: Array) -> bool:
    """Whether an array is one of Python's own numbers, which have no dtype."""
    match array:
        case Value() | Length():
            return True
        case Count(axes=axes):
            return not axes
        case Load(constant=constant):
            return constant
        case Map(function, args, _):
            return function in _ARITHMETIC and all(is_number(a) for a in args)
        case Choose(_, yes, no, _):
            return is_number(yes) and no is not None and is_number(no)
        case _:
            return False


def is_indicator(array: Array) -> TypeGuard[Map]:
    """Whether an array is 1 where a condition holds and 0 elsewhere."""
    ends = (Value(Number(Fraction(1))), Value(Number(Fraction(0))))
    return isinstance(array, Map) and array.function == "where" and array.args[1:] == ends


def grows(array: Spread) -> bool:
    """Whether spreading takes more than names for axes of length 1 behind an array's first."""
    missing = [a not in array.of.axes for a in array.axes]
    if not any(missing):
        return False
    longer = any(m and size.number != 1 for m, size in zip(missing, array.shape, strict=True))
    return longer or missing[0]


def may_be_view(array: Array) -> bool:
    """Whether an array may be a part of another one: then nothing is added to it in place."""
    if isinstance(array, Spread) and grows(array):
        return not is_number(array.of)
    if isinstance(array, Reshape | Spread):
        return may_be_view(array.of)
    return isinstance(array, Load | Window | Choose)
