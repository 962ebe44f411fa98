"""What nothing needs later is left out: extents that are measured, arguments that are converted."""

from __future__ import annotations

from collections.abc import Iterator

from codegen.program.extents import dims_in
from codegen.program.procedures import Convert, Instruction, Measure, Module, Procedure
from codegen.program.walk import instructions, read_in, with_bodies


def without_unused(module: Module) -> Module:
    """The module without measuring and converting that nothing needs."""
    return with_bodies(module, _body)


def _body(procedure: Procedure) -> tuple[Instruction, ...]:
    dims: set[str] = set()
    tensors: set[str] = set()
    kept: list[Instruction] = []
    for one in reversed(procedure.body):
        match one:
            case Measure(dim, tensor, position):
                if dim not in dims:
                    continue
                if position:  # `len` takes what is no array, too
                    tensors.add(tensor)
            case Convert(tensor):
                if tensor not in tensors:
                    continue
            case _:
                for inside in _with_parts(one):
                    dims |= dims_in(inside)
                    tensors |= read_in(inside)
        kept.append(one)
    return tuple(reversed(kept))


def _with_parts(one: Instruction) -> Iterator[Instruction]:
    yield from instructions([one])
