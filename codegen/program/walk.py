"""Walking over programs: the arrays inside arrays and statements, statements inside each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from codegen.program.nodes import AddAt, Array, Assign, Choose, Load, When
from codegen.program.operands import Operand, Variable
from codegen.program.procedures import (
    Compute,
    Group,
    Instruction,
    Measure,
    Module,
    NotNegative,
    Procedure,
)
from derive.ir.notation import Expr
from derive.ir.tree import equation_reads, reads
from derive.ir.walk import Tree

ARRAYS: Tree[Array] = Tree(Array)
INSTRUCTIONS: Tree[Instruction | Group] = Tree(Instruction | Group)
OPERANDS: Tree[Operand] = Tree(Operand, apart=("results", "like"))
_ARRAYS_IN: Tree[Instruction | Group | Array] = Tree(Instruction | Group | Array)
_OPERANDS_IN: Tree[Instruction | Group | Operand] = Tree(
    Instruction | Group | Operand, apart=("results", "like", "body", "groups")
)


def instructions(body: Iterable[Instruction]) -> Iterator[Instruction]:
    """Every instruction of a body, with those inside others, in order."""
    for one in body:
        yield from (i for i in INSTRUCTIONS.walk(one) if not isinstance(i, Group))


def arrays_in(instruction: Instruction) -> Iterator[Array]:
    """Every array expression that stands in an instruction itself, parents first."""
    for inside in _ARRAYS_IN.children(instruction):
        if isinstance(inside, Array):
            yield from ARRAYS.walk(inside)


def operands_in(instruction: Instruction) -> Iterator[Operand]:
    """Every operand of an instruction, parents first."""
    for inside in _OPERANDS_IN.children(instruction):
        if isinstance(inside, Operand):
            yield from OPERANDS.walk(inside)


def conditions_in(instruction: Instruction) -> Iterator[Expr]:
    """Every condition that is known before arrays are touched."""
    if isinstance(instruction, When):
        yield instruction.condition
    yield from (a.condition for a in arrays_in(instruction) if isinstance(a, Choose))


def read_in(instruction: Instruction) -> set[str]:
    """The tensors whose values an instruction itself asks for."""
    result = {o.tensor for o in operands_in(instruction) if isinstance(o, Variable)}
    result |= {a.tensor for a in arrays_in(instruction) if isinstance(a, Load)}
    result |= {r.tensor for c in conditions_in(instruction) for r in reads(c)}
    match instruction:
        case Compute(equations):
            result |= {r.tensor for e in equations for r in equation_reads(e)}
        case AddAt(tensor=tensor) | Assign(tensor=tensor, op="+="):
            result.add(tensor)
        case Assign(tensor=tensor, picks=picks) if picks is not None:
            result.add(tensor)
        case Measure(tensor=tensor) | NotNegative(tensor):
            result.add(tensor)
        case _:
            pass
    return result


def with_arrays(
    instruction: Instruction, change: Callable[[Instruction, Array], Array]
) -> Instruction:
    """The instruction with what `change` makes of each array that stands in one, at any depth."""

    def over(node: Instruction | Group | Array) -> Instruction | Group | Array:
        assert not isinstance(node, Array)

        def inside(part: Instruction | Group | Array) -> Instruction | Group | Array:
            if not isinstance(part, Array):
                return over(part)
            assert not isinstance(node, Group)
            return change(node, part)

        return _ARRAYS_IN.over(node, inside)

    changed = over(instruction)
    assert isinstance(changed, Instruction)
    return changed


def with_bodies(module: Module, change: Callable[[Procedure], tuple[Instruction, ...]]) -> Module:
    """The module with another body in each procedure."""
    return replace(module, procedures=tuple(replace(p, body=change(p)) for p in module.procedures))
