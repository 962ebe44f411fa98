"""Inverses and determinants of whole matrices: what `inv(X)`, `det(X)` and `logdet(X)` are.

Each is an equation of its own, whose one term reads `X` with two letters for the rows and columns:
`Y[n,i,j] = inv over k,l of X[n,k,l]` and `d[n] = det over i,j of X[n,i,j]`. `logdet` is the
logarithm of the determinant's absolute value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from derive.ir.notation import Affine, Axis, Dim, Equation, Read, Term, affine
from derive.ir.tree import fresh_letter


def matrix_equation(
    node: str, name: str, axes: tuple[Axis, ...], of: str, shape: Sequence[Affine], source: str = ""
) -> Equation:
    """`name[axes] = node(of)[axes]`, where `of` has this shape."""
    taken = {a.letter for a in axes}
    whole = list(axes if node != "inv" else axes[:-2])
    for wish, extent in zip("kl" if node == "inv" else "ij", shape[-2:], strict=True):
        letter = fresh_letter(taken, wish)
        taken.add(letter)
        whole.append(Axis(letter, extent))
    target = tuple(affine(a) for a in axes)
    domain = (*axes, *whole[-2:])
    body = Read(of, tuple(affine(a) for a in whole))
    return Equation(name, axes, (Term(target, domain, node, body),), source)


def axes_for(
    node: str, shape: Sequence[Affine], wished: Sequence[Axis | None] = ()
) -> tuple[Axis, ...]:
    """Letters for `node(X)`, `shape` being that of `X`: those wished for as far as they will do."""
    shape = shape if node == "inv" else shape[:-2]
    result: list[Axis] = []
    taken: set[str] = set()
    letters = [a.letter if a is not None else "" for a in wished]
    if node == "inv" and len(letters) == len(shape) and all(letters[-2:]):
        # a transpose is read with its letters the other way round
        letters[-2:] = sorted(letters[-2:])
    for k, extent in enumerate(shape):
        batch = next((a.name for a, _ in extent.terms if isinstance(a, Dim)), "")
        others = len(shape) - 2 if node == "inv" else 0
        wish = batch or "ijpqrs"[max(k - others, 0) % 6]
        letter = fresh_letter(taken, (letters[k] if k < len(letters) else "") or wish)
        taken.add(letter)
        result.append(Axis(letter, extent))
    return tuple(result)


def holding(node: str, of: str, equations: Iterable[Equation]) -> str | None:
    """The tensor that is `node(of)` already, if an equation says so."""
    for equation in equations:
        term = equation.terms[0]
        if term.reduce == node and term.matrix == of:
            return equation.tensor
    return None
