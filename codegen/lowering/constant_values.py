"""A derivative that is one number everywhere is written into what reads it, without an array."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from derive.algebra.conditions import settled
from derive.algebra.index_rules import within
from derive.ir.notation import Equation, Expr, Read, Tensor
from derive.ir.tree import ZERO, equation_reads, letters, reads, replace_reads


def with_constants_written_in(
    equations: Sequence[Equation], tensors: Mapping[str, Tensor], asked: Collection[str]
) -> list[Equation]:
    """Equations that read no such tensor; its own is left out, unless it is asked for.

    One that is read where it may be outside stays: there it is 0.
    """
    result = list(equations)
    while True:
        numbers = ((e.tensor, _number(e)) for e in result)
        safe = {name: value for name, value in numbers if value is not None}
        for equation in result:
            for read in equation_reads(equation):
                if read.tensor in safe and not _inside(read, tensors[read.tensor], equation):
                    del safe[read.tensor]
        users = {r.tensor for e in result for r in equation_reads(e)}
        if not users & set(safe):
            return [e for e in result if e.tensor not in safe or e.tensor in asked]
        result = [_written(e, safe) for e in result]


def _number(equation: Equation) -> Expr | None:
    """The number that an equation gives everywhere, if it is one."""
    (term, *others) = equation.terms
    axes = tuple(s.axis for s in term.target)
    if others or not term.plain or term.reduced or axes != equation.axes:
        return None
    free = not letters(term.body) and not any(True for _ in reads(term.body))
    return term.body if free else None


def _inside(read: Read, tensor: Tensor, equation: Equation) -> bool:
    in_body = any(r is read for t in equation.terms for r in reads(t.body))
    return in_body and all(
        within(s, extent) for s, extent in zip(read.subscripts, tensor.shape, strict=True)
    )


def _written(equation: Equation, values: Mapping[str, Expr]) -> Equation:
    def change(read: Read) -> Expr | None:
        return values.get(read.tensor)

    terms = tuple(
        replace(t, body=settled(replace_reads(t.body, change)))
        if any(r.tensor in values for r in reads(t.body))
        else t
        for t in equation.terms
    )
    kept = tuple(t for t in terms if t.body != ZERO or t.reduce != "sum")
    return replace(equation, terms=kept or terms[:1])
