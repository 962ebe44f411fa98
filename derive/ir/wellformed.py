"""The check after every stage, always on: what the engine made is legal index notation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from derive.ir.derivation import Derivation
from derive.ir.notation import MATRIX, Equation, Read, Reduction, Tensor, Term, affine
from derive.ir.system import System
from derive.ir.tree import affine_axes, contains, index_reads, letters, reads


class Malformed(AssertionError):
    """The engine broke its own rules; never a user's fault."""


def check_system(system: System) -> None:
    """Every name defined once, every letter bound, ranks and extents in agreement."""
    table = _table(system.tensors)
    _once(system.equations)
    for equation in system.equations:
        check_equation(equation, table)
    for name in system.results.named:
        if name not in table:
            raise Malformed(f"{name} is no tensor of the system")


def check_derivation(derivation: Derivation) -> None:
    """The same for everything that was derived."""
    table = _table(derivation.tensors)
    _once((*derivation.forward, *derivation.backward, *derivation.inlined))
    later = (*derivation.curvature, *derivation.updates)
    for equation in (*derivation.backward, *derivation.inlined, *later):
        check_equation(equation, table)


def check_equation(equation: Equation, table: Mapping[str, Tensor]) -> None:
    """One equation: its letters, the ranks of its reads, and the extents of plain walks."""
    tensor = table.get(equation.tensor)
    if tensor is None:
        raise Malformed(f"{equation.tensor} is not in the table")
    if tuple(a.extent for a in equation.axes) != tensor.shape:
        raise Malformed(f"{equation.tensor}: the axes don't have the tensor's extents")
    if not equation.terms:
        raise Malformed(f"{equation.tensor} has no term")
    for term in equation.terms:
        _check_term(equation, term, tensor, table)


def _check_term(
    equation: Equation, term: Term, tensor: Tensor, table: Mapping[str, Tensor]
) -> None:
    name = equation.tensor
    if len(term.target) != tensor.rank:
        raise Malformed(f"{name}: {len(term.target)} target subscripts for rank {tensor.rank}")
    if len({a.letter for a in term.domain}) != len(term.domain):
        raise Malformed(f"{name}: two letters of one domain have the same name")
    running = set(term.domain)
    free = {a for s in term.target for a in affine_axes(s)} | set(letters(term.body))
    if free - running:
        raise Malformed(f"{name}: {sorted(a.letter for a in free - running)} run nowhere")
    if contains(term.body, lambda e: isinstance(e, Reduction)):
        raise Malformed(f"{name}: a reduction is left inside a body")
    if term.reduce != "sum" and (len(equation.terms) > 1 or not term.plain):
        raise Malformed(f"{name}: a {term.reduce} stands alone and on plain letters")
    if term.reduce in MATRIX:
        _check_matrix(name, term)
    for subscript, extent in zip(term.target, tensor.shape, strict=True):
        axis = subscript.axis
        if term.plain and axis is not None and axis.extent != extent:
            raise Malformed(f"{name}: letter {axis.letter} has another extent than its axis")
    for read in (*reads(term.body), *index_reads(term.body)):
        result = table.get(read.tensor)
        if result is None:
            raise Malformed(f"{name} reads {read.tensor}, which is not in the table")
        if len(read.subscripts) != result.rank:
            raise Malformed(f"{name} reads {read.tensor} with {len(read.subscripts)} subscripts")


def _check_matrix(name: str, term: Term) -> None:
    """An inverse or a determinant is one of a tensor's matrices, which are square."""
    whole = (*term.target[:-2], *map(affine, term.reduced))
    if term.reduce != "inv":
        whole = (*term.target, *map(affine, term.reduced))
    if not isinstance(term.body, Read) or term.body.subscripts != whole or len(term.reduced) != 2:
        raise Malformed(f"{name}: a {term.reduce} is of the last two axes of one tensor")
    sides = {a.extent for a in term.reduced}
    if term.reduce == "inv":
        sides |= {s.axis.extent for s in term.target[-2:] if s.axis is not None}
    if len(sides) > 1:
        raise Malformed(f"{name}: a {term.reduce} is of a square matrix")


def _table(tensors: Iterable[Tensor]) -> dict[str, Tensor]:
    table: dict[str, Tensor] = {}
    for tensor in tensors:
        if tensor.name in table:
            raise Malformed(f"{tensor.name} stands twice in the table")
        if tensor.role != "next" and any(
            not extent.terms and extent.constant < 1 for extent in tensor.shape
        ):
            raise Malformed(f"{tensor.name} has an empty axis")
        table[tensor.name] = tensor
    return table


def _once(equations: Iterable[Equation]) -> None:
    seen: set[str] = set()
    for equation in equations:
        if equation.tensor in seen:
            raise Malformed(f"{equation.tensor} is defined twice")
        seen.add(equation.tensor)
