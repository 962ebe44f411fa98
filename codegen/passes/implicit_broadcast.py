"""What is done to an ArrayProgram before it is printed."""

from __future__ import annotations

from dataclasses import replace

from codegen.program.nodes import (
    Array,
    Choose,
    Map,
    Spread,
)
from derive.ir.notation import Axis


def loosened(array: Array, axes: tuple[Axis, ...]) -> Array:
    """The array for a place of these axes, to which what is smaller broadcasts by itself.

    The arms of a choice needn't be as large as each other there: `h[:, t - 1] if t > 0 else 0`.
    """
    own = array.axes
    if axes[len(axes) - len(own) :] != own:
        return array
    match array:
        case Map(_, args, _):
            return replace(array, args=tuple(loosened(a, own) for a in args))
        case Choose(_, yes, no, _):
            small = _small(yes, own), None if no is None else _small(no, own)
            return replace(array, yes=small[0], no=small[1])
        case _:
            return array


def _small(arm: Array, axes: tuple[Axis, ...]) -> Array:
    return loosened(arm.of if isinstance(arm, Spread) else arm, axes)
