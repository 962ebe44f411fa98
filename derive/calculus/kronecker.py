r"""A chain step with Kronecker deltas: $\partial z_i/\partial W_{kl} = \delta_{ik} x_l$.

The engine forms none. Who learnt it so sees here that both ways give the same: a read `X[f]`
changes with `X[q]` where `f` is `q`, and the deltas are summed away again.
"""

from __future__ import annotations

from dataclasses import dataclass

from derive.calculus.total_differential import Passage, slope, upstream_of
from derive.ir.derivation import Derivation
from derive.ir.notation import Affine, Axis, Call, Expr, Index, Read, Reduction, affine
from derive.ir.tree import ONE, fresh_letter, mul, substitute

KRONECKER = "kronecker"


@dataclass(frozen=True)
class Delta:
    """One chain step: the place `at`, the local derivative with deltas, and what is summed."""

    at: tuple[Axis, ...]
    local: tuple[Expr, ...]
    summed: Expr


def with_deltas(derivation: Derivation, passage: Passage) -> Delta:
    """The local derivative of an equation by an entry of what it reads, and the chain rule of it.

    `local` are equal forms, the later with the letters that only the deltas hold summed away.
    """
    equation, source = passage.chain.before, passage.source
    taken = {a.letter for a in (*source.domain, *equation.axes)}
    at = tuple(_fresh(a, taken) for a in passage.chain.after.axes)
    incoming = upstream_of(derivation, equation.tensor)
    local = slope(derivation, passage)
    ties = tuple(
        Call(KRONECKER, (Index(s), Index(affine(q))))
        for s, q in zip(passage.raw.target, at, strict=True)
    )
    whole = _sum(source.reduced, mul(*ties, local))
    places: dict[Axis, Affine] = {}
    kept: list[Expr] = []
    for tie, s, q in zip(ties, passage.raw.target, at, strict=True):
        letter = s.axis
        # of `X[j,j]` one delta takes the sum over j away, the other is kept
        if letter is not None and letter in source.reduced and letter not in places:
            places[letter] = affine(q)
        else:
            kept.append(tie)
    run = tuple(a for a in source.reduced if a not in places)
    sifted = _sum(run, substitute(mul(*kept, local), places))
    forms = (whole,) if whole == sifted else (whole, sifted)
    letters = tuple(affine(a) for a in equation.axes)
    upstream: Expr = ONE if incoming is None else Read(incoming, letters)
    return Delta(at, forms, _sum(equation.axes, mul(upstream, sifted)))


def _sum(axes: tuple[Axis, ...], body: Expr) -> Expr:
    return Reduction("sum", axes, body) if axes else body


def _fresh(axis: Axis, taken: set[str]) -> Axis:
    letter = fresh_letter(taken, axis.letter)
    taken.add(letter)
    return Axis(letter, axis.extent)
