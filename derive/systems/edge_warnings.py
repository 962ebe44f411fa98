"""What is legal and probably not meant."""

from __future__ import annotations

from collections.abc import Sequence

from derive.ir.notation import Affine, Axis, Call, Compare, Equation, Expr, Index, Read
from derive.ir.tree import children


def edge_warnings(equations: Sequence[Equation]) -> list[str]:
    """A lagged integer tensor in a subscript reads row 0 before the first step."""
    result = []
    for equation in equations:
        for term in equation.terms:
            if _row_zero(term.body, guarded=False):
                result.append(
                    f"{equation.tensor}: an integer tensor is read at a lag inside a subscript; "
                    "before the first step it reads 0, which names row 0; "
                    "put where(t > 0, ..., 0) around it"
                )
                break
    return result


def _row_zero(expr: Expr, guarded: bool) -> bool:
    match expr:
        case Call("where", (condition, yes, no)):
            inside = isinstance(condition, Compare) and (
                isinstance(condition.left, Index) or isinstance(condition.right, Index)
            )
            return _row_zero(yes, guarded or inside) or _row_zero(no, guarded or inside)
        case Read(_, subscripts) if not guarded:
            return any(
                isinstance(atom, Read) and any(map(_lagged, atom.subscripts))
                for subscript in subscripts
                for atom, _ in subscript.terms
            )
        case _:
            return any(_row_zero(part, guarded) for part in children(expr))


def _lagged(subscript: Affine) -> bool:
    """Whether it is a letter and a number; the end of an axis, `size(t) - 1`, is inside."""
    return bool(subscript.constant) and any(isinstance(a, Axis) for a, _ in subscript.terms)
