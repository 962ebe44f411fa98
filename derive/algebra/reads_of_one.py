"""The reads of one tensor in an equation: counted, renamed, a number in their place."""

from __future__ import annotations

from dataclasses import replace

from derive.ir.notation import Call, Equation, Expr, Mul, Number, Read, Term, affine
from derive.ir.tree import ZERO, reads, replace_reads


def with_number(equation: Equation, name: str, value: Number) -> Equation:
    """A number in the place of a tensor."""

    def put(read: Read) -> Expr | None:
        return value if read.tensor == name else None

    terms = tuple(replace(t, body=replace_reads(t.body, put)) for t in equation.terms)
    return replace(equation, terms=terms)


def copied(equation: Equation) -> str | None:
    """The tensor whose every entry an equation repeats; None where there is none."""
    if len(equation.terms) != 1:
        return None
    term = equation.terms[0]
    target = tuple(affine(a) for a in equation.axes)
    if (
        isinstance(term.body, Read)
        and not term.reduced
        and term.target == target == term.body.subscripts
    ):
        return term.body.tensor
    return None


def uses(equation: Equation, name: str) -> bool:
    """Whether an equation reads a tensor."""
    return any(count(t, name) for t in equation.terms)


def count(term: Term, name: str) -> int:
    """How often a term reads a tensor."""
    return sum(r.tensor == name for r in reads(term.body))


def renamed(equation: Equation, old: str, new: str) -> Equation:
    """One tensor read in the place of another."""

    def change(read: Read) -> Expr | None:
        return Read(new, read.subscripts) if read.tensor == old else None

    terms = tuple(replace(t, body=replace_reads(t.body, change)) for t in equation.terms)
    return replace(equation, terms=terms)


def linear(body: Expr, name: str) -> bool:
    """Whether the read is a factor of the body, inside conditions' branches at most."""
    match body:
        case Read(tensor, _):
            return tensor == name
        case Mul(args):
            return any(linear(a, name) for a in args)
        case Call("where", (_, yes, no)):
            return no == ZERO and linear(yes, name)
        case _:
            return False
