"""Equations under other names: tensors renamed, and the form that is left without any names.

A deep net is the same block over and over. Layers are alike where their equations have one form;
what is said of the first holds of the others with other names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from derive.ir.notation import Affine, Axis, Equation, Expr, Index, Read, affine
from derive.ir.tree import equation_reads, index, map_atoms, substitute_term, transform


def nameless(equations: Sequence[Equation]) -> tuple[tuple[Equation, ...], tuple[str, ...]]:
    """Equations with tensors and letters numbered by first occurrence, and the tensors' names.

    Two lists of equations are the same up to names where the first parts are equal; then the
    second parts say which name stands for which.
    """
    numbers: dict[str, str] = {}
    for equation in equations:
        for name in (equation.tensor, *(r.tensor for r in equation_reads(equation))):
            numbers.setdefault(name, f"#{len(numbers)}")
    return tuple(_numbered(renamed(e, numbers)) for e in equations), tuple(numbers)


def renamed(equation: Equation, names: Mapping[str, str]) -> Equation:
    """The equation about other tensors."""

    def change(node: Expr) -> Expr | None:
        match node:
            case Read():
                return read(node)
            case Index(value):
                return index(subscript(value))
            case _:
                return None

    def read(node: Read) -> Read:
        places = tuple(subscript(s) for s in node.subscripts)
        return Read(names.get(node.tensor, node.tensor), places)

    def subscript(value: Affine) -> Affine:
        return map_atoms(value, lambda n: read(n) if isinstance(n, Read) else None)

    terms = tuple(
        replace(t, target=tuple(map(subscript, t.target)), body=transform(t.body, change))
        for t in equation.terms
    )
    tensor = names.get(equation.tensor, equation.tensor)
    return replace(equation, tensor=tensor, terms=terms, source="")


def _numbered(equation: Equation) -> Equation:
    """The equation with its letters numbered by first occurrence."""
    axes = {a: Axis(f"@{k}", a.extent) for k, a in enumerate(equation.axes)}
    terms = []
    for term in equation.terms:
        new = dict(axes)
        for axis in term.domain:
            new.setdefault(axis, Axis(f"@{len(new)}", axis.extent))
        terms.append(substitute_term(term, {a: affine(b) for a, b in new.items()}))
    return replace(equation, axes=tuple(axes.values()), terms=tuple(terms), source="")
