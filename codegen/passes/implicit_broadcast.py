"""What is put into a place of a larger array need not be made as large before: it broadcasts."""

from __future__ import annotations

from dataclasses import replace

from codegen.program.facts import is_number
from codegen.program.nodes import AddAt, Array, Assign, Choose, Map, Spread, Whole
from codegen.program.procedures import EachParameter, Instruction, Module, Overall, Procedure
from codegen.program.walk import with_arrays, with_bodies
from derive.ir.notation import Axis


def implicit_broadcast(module: Module) -> Module:
    """The module without arrays made large for the place that they are put into or added to."""

    def body(procedure: Procedure) -> tuple[Instruction, ...]:
        entries = {name for name, _ in procedure.places}
        return tuple(_over(one, entries) for one in procedure.body)

    return with_bodies(module, body)


def _over(instruction: Instruction, entries: set[str]) -> Instruction:
    generic = isinstance(instruction, Overall | EachParameter)

    def change(one: Instruction, array: Array) -> Array:
        match one:
            case Assign() if generic or one.tensor in entries or _into_a_place(one):
                inner = array.of if isinstance(array, Spread) else array
                return loosened(inner, one.axes)
            case AddAt() if array is one.value and isinstance(array, Spread):
                return array.of if is_number(array.of) else array
            case _:
                return array

    return with_arrays(instruction, change)


def _into_a_place(one: Assign) -> bool:
    """Whether the array is there already."""
    whole = one.picks is None or all(isinstance(p, Whole) for p in one.picks)
    return not whole or one.op == "+="


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
