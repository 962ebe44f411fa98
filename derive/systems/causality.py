"""Along which axis a system can be computed place by place, and which tensors lie along it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from derive.ir.notation import Affine, Axis, FloorDiv, Mod, Read, Term, affine
from derive.ir.system import System
from derive.ir.tree import affine_axes, equation_reads

WALKED = ("input", "intermediate")  # the roles of what may lie along a walk


def along(system: System, needed: set[str], position: int) -> dict[str, int] | None:
    """The tensors that the walk goes along, each with the place of the axis; None without a walk.

    All of them have one extent there, and none is read but at its own place or an earlier one.
    """
    assert system.output is not None
    result = {system.output: position}
    length = system.table[system.output].shape[position]
    work = [system.output]
    while work:
        name = work.pop()
        for term, read in _reads_of(system, name):
            own = term.target[result[name]].axis
            if own is None or sum(own in affine_axes(s) for s in term.target) > 1:
                return None
            tensor = system.table[read.tensor]
            places = [k for k, s in enumerate(read.subscripts) if own in _plain_axes(s)]
            if tensor.role not in WALKED or not places:
                continue
            if tensor.name not in result:
                result[tensor.name] = places[0]
                work.append(tensor.name)
            here = result[tensor.name]
            lag = (affine(own) - read.subscripts[here]).number
            if places != [here] or lag is None or lag < 0 or tensor.shape[here] != length:
                return None
    return result if _closed(system, needed, result) else None


def _closed(system: System, needed: set[str], walked: Mapping[str, int]) -> bool:
    """Whether what lies along the axis is read nowhere but along the axis, and an input is there.

    Nothing may need a target: it isn't known when the output is asked for.
    """
    roles = {system.table[name].role for name in needed}
    if "target" in roles or not any(system.table[name].role == "input" for name in walked):
        return False
    for name in sorted(needed):
        for term, read in _reads_of(system, name):
            if read.tensor in walked:
                own = term.target[walked[name]].axis if name in walked else None
                if own is None or own not in _plain_axes(read.subscripts[walked[read.tensor]]):
                    return False
    return True


def _reads_of(system: System, name: str) -> Iterator[tuple[Term, Read]]:
    """The reads of the equation that defines a tensor, each with its term."""
    if name in system.defined:
        for term in system.defined[name].terms:
            for read in equation_reads(replace(system.defined[name], terms=(term,))):
                yield term, read


def _plain_axes(subscript: Affine) -> Iterator[Axis]:
    """The letters of a subscript, without those by which an integer tensor in it is read."""
    for atom, _ in subscript.terms:
        match atom:
            case Axis():
                yield atom
            case FloorDiv(of, _) | Mod(of, _):
                yield from _plain_axes(of)
            case _:
                pass
