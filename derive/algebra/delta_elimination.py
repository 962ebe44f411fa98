"""A letter that `delta` ties to a place is that place: `sum(a, delta(a, i+1)*x[a])` is `x[i+1]`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from derive.algebra.conditions import integer
from derive.algebra.index_rules import within
from derive.ir.notation import Affine, Axis, Call, Dim, Expr, Number, Pow, Read, Term, affine
from derive.ir.tree import affine_axes, factors, letters, mul, substitute, substitute_affine

Shape = tuple[Affine, ...]


def sifted(
    term: Term,
    shape: Shape,
    shape_of: Callable[[str], Shape | None],
    is_integer: Callable[[str], bool],
) -> Term:
    """The term without the letters that a delta ties, `shape` being what it is written to.

    A letter may be tied to an entry of a tensor of integers: then it is gathered or scattered.

    Where the place is outside the letter's range, the product has to be 0 by itself, or be dropped.
    """
    if term.reduce != "sum":
        return term
    parts = factors(term.body)
    for factor in parts:
        for letter, place in _ties(factor, is_integer):
            rest = tuple(f for f in parts if f is not factor)
            if letter in term.domain and rest and _fits(letter, place, rest, term, shape, shape_of):
                tie = {letter: place}
                result = replace(
                    term,
                    target=tuple(substitute_affine(s, tie) for s in term.target),
                    domain=tuple(a for a in term.domain if a != letter),
                    body=substitute(mul(*rest), tie),
                )
                return sifted(result, shape, shape_of, is_integer)
    return term


def _ties(factor: Expr, is_integer: Callable[[str], bool]) -> Iterator[tuple[Axis, Affine]]:
    """The letters that a delta ties, each with its place."""
    match factor:
        case Call("delta", (first, second)):
            left, right = (_place(e, is_integer) for e in (first, second))
            if left is None or right is None:
                return
            for one, other in ((left, right), (right, left)):
                plain = all(isinstance(a, Axis | Dim | Read) for a, _ in other.terms)
                if one.axis is not None and plain and one.axis not in set(affine_axes(other)):
                    yield one.axis, other


def _place(expr: Expr, is_integer: Callable[[str], bool]) -> Affine | None:
    if isinstance(expr, Read) and is_integer(expr.tensor):
        return affine(expr)
    return integer(expr)


def _fits(
    letter: Axis,
    place: Affine,
    rest: tuple[Expr, ...],
    term: Term,
    shape: Shape,
    shape_of: Callable[[str], Shape | None],
) -> bool:
    mine = [f for f in rest if letter in letters(f)]
    vanishing = all(_zero_outside(f, letter, shape_of) for f in mine)
    written = [k for k, s in enumerate(term.target) if letter in set(affine_axes(s))]
    if written:
        alone = len(written) == 1 and term.target[written[0]].axis == letter
        return alone and vanishing and shape[written[0]] == letter.extent
    return within(place, letter.extent) or (bool(mine) and vanishing)


def _zero_outside(factor: Expr, letter: Axis, shape_of: Callable[[str], Shape | None]) -> bool:
    """Whether a factor is 0 by itself where the letter leaves its range."""
    match factor:
        case Read(tensor, subscripts):
            pairs = zip(subscripts, shape_of(tensor) or (), strict=False)
            return any(s.axis == letter and e == letter.extent for s, e in pairs)
        case Pow(base, Number(value)) if value > 0:
            return _zero_outside(base, letter, shape_of)
        case _:
            return False
