"""The equations of a module's procedures -> whole-array statements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from codegen.lowering.equation import lower_equation
from codegen.lowering.recurrences import lower_blocks
from codegen.program.nodes import Assign, Statement
from codegen.program.procedures import (
    Compute,
    EachParameter,
    IfGiven,
    Instruction,
    Module,
    Overall,
    Procedure,
)
from codegen.program.walk import instructions, read_in, with_bodies
from derive.ir.notation import Tensor
from derive.systems.schedule import schedule


def lowered(module: Module) -> Module:
    """The module with statements in the place of equations."""
    table = {t.name: t for t in module.tensors}

    def body(procedure: Procedure) -> tuple[Instruction, ...]:
        own = {**table, **{t.name: t for t in procedure.tensors}}
        return tuple(_lowered(procedure.body, own, _readers(procedure.body)))

    return with_bodies(module, body)


def _readers(body: tuple[Instruction, ...]) -> dict[str, set[int]]:
    """Which instructions of a body, at any depth, name a tensor."""
    result: dict[str, set[int]] = {}
    for instruction in instructions(body):
        for name in read_in(instruction):
            result.setdefault(name, set()).add(id(instruction))
    return result


def _lowered(
    body: tuple[Instruction, ...], table: Mapping[str, Tensor], readers: Mapping[str, set[int]]
) -> Iterator[Instruction]:
    for one in body:
        match one:
            case Compute(equations):
                own = (e.tensor for e in equations)
                kept = {name for name in own if readers.get(name, set()) - {id(one)}}
                yield from _statements(one, table, kept)
            case IfGiven():
                yield replace(one, body=tuple(_lowered(one.body, table, readers)))
            case Overall():
                yield replace(one, body=_generic(one.body))
            case EachParameter():
                groups = tuple(replace(g, body=_generic(g.body)) for g in one.groups)
                yield replace(one, groups=groups)
            case _:
                yield one


def _statements(one: Compute, table: Mapping[str, Tensor], kept: set[str]) -> Iterator[Statement]:
    """The statements of equations; `kept` are read by other instructions."""
    if one.note:
        table = {**table, **{t.name: t for t in one.tensors}}
        for equation in one.equations:
            yield from _adding(one, lower_equation(equation, table, note=one.note))
        return
    for statement in lower_blocks(schedule(one.equations), table, kept, frozenset(one.fixed)):
        if isinstance(statement, Assign) and statement.tensor in one.apart:
            yield replace(statement, own=True)
        else:
            yield statement


def _generic(body: tuple[Compute | Statement, ...]) -> tuple[Compute | Statement, ...]:
    """The statements of equations that stand for those of many parameters."""
    result: list[Compute | Statement] = []
    for one in body:
        assert isinstance(one, Compute)
        table = {t.name: t for t in one.tensors}
        for equation in one.equations:
            result += _adding(one, lower_equation(equation, table, note=one.note))
    return tuple(result)


def _adding(one: Compute, statements: list[Statement]) -> list[Statement]:
    """An update is one statement, which may add to what is there."""
    (statement,) = statements
    assert isinstance(statement, Assign)
    return [replace(statement, op="+=")] if one.adds else [statement]
