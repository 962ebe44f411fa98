"""Places that are inside for certain are read and added to as they are: none looks again.

What may be outside is read through a mask; a person who knows better writes `z[np.arange(N), t]`.
Whole numbers are known to be inside where they were checked at the head, a letter's always are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from codegen.program.nodes import AddAt, Array, Count, Load, Take, Whole
from codegen.program.operands import Call, Operand, Result, Variable
from codegen.program.procedures import Check, IfGiven, Instruction, Module, Procedure
from codegen.program.walk import ARRAYS, operands_in, with_arrays, with_bodies
from derive.ir.notation import Affine, Tensor

Places = frozenset[tuple[str, Affine]]  # a tensor's numbers are places of an axis of this extent
_NONE: Places = frozenset()


def known_places(module: Module) -> Module:
    """The module in which places that are known to be inside are read and added to as they are."""
    by_name = {p.name: p for p in module.procedures}
    tensors = {t.name: t for t in module.tensors}

    def body(procedure: Procedure) -> tuple[Instruction, ...]:
        own = {**tensors, **{t.name: t for t in procedure.tensors}}
        known = _NONE
        result = []
        for one in procedure.body:
            result.append(_changed(one, own, known))
            known |= _checked(one, by_name)
        return tuple(result)

    return with_bodies(module, body)


def _checked(one: Instruction, procedures: Mapping[str, Procedure]) -> Places:
    """The places that are known behind an instruction: it checks them, or what it calls does."""
    if isinstance(one, Check):
        return frozenset((one.tensor, p.extent) for p in one.places if not p.besides)
    calls = [one] if isinstance(one, Call) else []
    calls += [c for o in operands_in(one) if (c := _call(o)) is not None]
    result = _NONE
    for call in calls:
        given = {a.tensor for a in call.arguments if isinstance(a, Variable)}
        inside = (_checked(i, procedures) for i in procedures[call.procedure].body)
        result |= {(t, e) for places in inside for t, e in places if t in given}
    return result


def _call(operand: Operand) -> Call | None:
    match operand:
        case Call():
            return operand
        case Result(call):
            return call
        case _:
            return None


def _changed(one: Instruction, tensors: Mapping[str, Tensor], known: Places) -> Instruction:
    if isinstance(one, IfGiven):
        return replace(one, body=tuple(_changed(i, tensors, known) for i in one.body))

    def take(array: Array) -> Array | None:
        if not isinstance(array, Take) or not array.checked or not isinstance(array.of, Load):
            return None
        load = array.of
        whole = all(isinstance(p, Whole) for p in load.picks)
        sizes = tensors[load.tensor].shape if whole and load.tensor in tensors else ()
        if not _inside(array.indices, array.positions, sizes, known):
            return None
        return replace(array, checked=False)

    changed = with_arrays(one, lambda _, array: ARRAYS.transform(array, take))
    if isinstance(changed, AddAt) and all(isinstance(p, Whole) for p in changed.picks):
        sizes = tensors[changed.tensor].shape if changed.tensor in tensors else ()
        if _inside(changed.indices, changed.positions, sizes, known):
            return replace(changed, checked=False)
    return changed


def _inside(
    indices: Sequence[Array], positions: Sequence[int], sizes: Sequence[Affine], known: Places
) -> bool:
    """Whether each index is a place of its axis."""
    if not sizes:
        return False
    for index, position in zip(indices, positions, strict=True):
        match index:
            case Load(tensor) if (tensor, sizes[position]) in known:
                continue
            case Count(value) if value.axis is not None and value.axis.extent == sizes[position]:
                continue
            case _:
                return False
    return True
