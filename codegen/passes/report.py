"""What each pass does to a module, read off the module before it and after it."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from codegen.passes import PASSES
from codegen.program.nodes import AddAt, Assign, For, When, Zeros
from codegen.program.procedures import Convert, IfGiven, Instruction, Measure, Module, Procedure
from codegen.program.walk import instructions, read_in


@dataclass(frozen=True)
class Change:
    """Tensors or extents that a pass did the same to.

    `what` is "turned" in the whole module; in a procedure "named", "left out" or "written anew".
    """

    procedure: str
    what: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Passed:
    """A pass, why it is there, and what it did."""

    name: str
    reason: str
    changes: tuple[Change, ...]


def passes_report(module: Module) -> tuple[Passed, ...]:
    """All passes over a lowered module, in order."""
    result: list[Passed] = []
    for change in PASSES:
        after = change(module)
        reason, _, _ = (sys.modules[change.__module__].__doc__ or "").partition("\n")
        result.append(Passed(change.__name__, reason, tuple(_changes(module, after))))
        module = after
    return tuple(result)


def passes_text(passes: tuple[Passed, ...]) -> str:
    """A pass in a line, and under it a line for each kind of thing that it did."""
    lines: list[str] = []
    for one in passes:
        lines.append(f"{one.name}: {one.reason}")
        lines += (f"  {c.procedure}: {c.what} {', '.join(c.names)}" for c in one.changes)
        if not one.changes:
            lines.append("  nothing to do here")
    return "\n".join(lines) + "\n"


def _changes(before: Module, after: Module) -> Iterator[Change]:
    shapes = {t.name: t.shape for t in before.tensors}
    turned = {t.name for t in after.tensors if shapes.get(t.name, t.shape) != t.shape}
    if turned:
        names = tuple(t.name for t in after.tensors if t.name in turned)
        yield Change("everywhere", "turned", names)
    for old, new in zip(before.procedures, after.procedures, strict=True):
        yield from _in_procedure(old, new, turned)


def _in_procedure(old: Procedure, new: Procedure, turned: set[str]) -> Iterator[Change]:
    """What is in one and not in the other; what follows from turned tensors isn't told again."""
    before, after = (Counter(map(_alone, instructions(p.body))) for p in (old, new))
    gone = [_subject(one) for one in before - after if not _names(one) & turned]
    come = [_subject(one) for one in after - before if not _names(one) & turned]
    for what, names in (
        ("named", [n for n in come if n not in gone]),
        ("left out", [n for n in gone if n not in come]),
        ("written anew", [n for n in come if n in gone]),
    ):
        known = tuple(dict.fromkeys(n for n in names if n))
        if known:
            yield Change(new.name, what, known)


def _alone(one: Instruction) -> Instruction:
    """An instruction without those inside it and the formula above it."""
    match one:
        case For() | When() | IfGiven():
            return replace(one, body=())
        case Assign() | Zeros():
            return replace(one, note="")
        case _:
            return one


def _subject(one: Instruction) -> str:
    match one:
        case Assign(tensor=tensor) | AddAt(tensor=tensor) | Zeros(tensor=tensor):
            return tensor
        case Convert(tensor=tensor):
            return tensor
        case Measure(dim=dim):
            return f"size({dim})"
        case _:
            return ""


def _names(one: Instruction) -> set[str]:
    return {_subject(one), *read_in(one)}
