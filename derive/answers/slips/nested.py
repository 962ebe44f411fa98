"""An equation as one expression with its sums inside, and tensors' equations written into it.

Here a reduction is a node of the expression, as a person writes it: `sum(i, W[i,j]*d[n,i])*y[n,j]`.
No letter is bound twice on the way to a leaf, so that wherever a letter stands it is clear what it
runs over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from derive.algebra.index_rules import pull
from derive.ir.notation import (
    Add,
    Affine,
    Axis,
    Call,
    Compare,
    Dim,
    Equation,
    Expr,
    Index,
    Logic,
    Mul,
    Read,
    Reduction,
    Term,
    affine,
)
from derive.ir.tree import (
    EXPRESSIONS,
    ONE,
    ZERO,
    add,
    fresh_letter,
    mul,
    reads,
    run_apart,
    substitute,
    substitute_affine,
    transform,
    walk,
)

MOST_NODES = 260  # of an expression that is searched
_MOST_TERMS = 16  # of one that is multiplied out


@dataclass(frozen=True)
class Nested:
    """The letters of the left side, and the right side."""

    axes: tuple[Axis, ...]
    expr: Expr

    @property
    def size(self) -> int:
        """The number of nodes on the right side."""
        return sum(1 for _ in walk(self.expr))


def nested(equation: Equation) -> Nested:
    """An equation as an expression over its left letters; a scatter asks where it hits."""
    left = {a.letter for a in equation.axes}
    parts = [_term(t, equation.axes, left) for t in equation.terms]
    return Nested(equation.axes, add(*parts))


def _term(term: Term, axes: tuple[Axis, ...], left: set[str]) -> Expr:
    if term.plain:
        pulled = pull(term)
        core = pulled.core
        run = term.reduced
        body = pulled.wrap(Reduction(term.reduce, run, core) if run else core)
        same = {
            s.axis: affine(a)
            for s, a in zip(term.target, axes, strict=True)
            if s.axis is not None and s.axis != a
        }
        return substitute(rebound(body, left), same)
    fresh: dict[Axis, Affine] = {}
    taken = {a.letter for a in term.domain} | left
    for subscript, axis in zip(term.target, axes, strict=True):
        if subscript.axis is not None:
            fresh.setdefault(subscript.axis, affine(axis))
    more: list[Axis] = []
    for axis in term.domain:
        if axis not in fresh:
            letter = axis.letter if axis.letter not in left else fresh_letter(taken, axis.letter)
            taken.add(letter)
            more.append(Axis(letter, axis.extent))
            fresh[axis] = affine(more[-1])
    target = [substitute_affine(s, fresh) for s in term.target]
    hits = tuple(
        Compare("==", Index(s), Index(affine(a)))
        for s, a in zip(target, axes, strict=True)
        if s.axis != a
    )
    condition: Expr = hits[0] if len(hits) == 1 else Logic("and", hits)
    body = Call("where", (condition, substitute(rebound(term.body, taken), fresh), ZERO))
    return Reduction(term.reduce, tuple(more), body) if more else body


def rebound(expr: Expr, taken: Iterable[str]) -> Expr:
    """The expression with other letters in its sums where theirs are taken."""
    taken = set(taken)
    match expr:
        case Reduction():
            run = run_apart(expr, taken)
            inside = rebound(run.body, taken | {a.letter for a in run.axes})
            return Reduction(run.op, run.axes, inside)
        case _:
            return EXPRESSIONS.over(expr, lambda p: rebound(p, taken))


def written_in(whole: Nested, given: Mapping[str, Equation], rounds: int = 1) -> Nested:
    """A formula with other tensors' equations written in where they are read.

    Stops after some rounds, when nothing given is read, and before the formula gets too long.
    """
    for _ in range(rounds):
        wanted = {r.tensor: nested(given[r.tensor]) for r in reads(whole.expr) if r.tensor in given}
        scope = {a.letter for a in whole.axes}
        new = Nested(whole.axes, _write(whole.expr, wanted, scope)) if wanted else whole
        if not wanted or new.size > MOST_NODES:
            break
        whole = new
    return whole


def _write(expr: Expr, given: Mapping[str, Nested], scope: set[str]) -> Expr:
    match expr:
        case Read(tensor, subscripts) if tensor in given:
            one = given[tensor]
            places = dict(zip(one.axes, subscripts, strict=True))
            return substitute(rebound(one.expr, scope), places)
        case Reduction(op, axes, body):
            inner = scope | {a.letter for a in axes}
            changed = _write(body, given, inner)
            return expr if changed is body else Reduction(op, axes, changed)
        case _:
            return EXPRESSIONS.over(expr, lambda p: _write(p, given, scope))


def named_extents(whole: Nested) -> Nested:
    """The same with an extent of its own name for each letter, so that it suits every point."""
    names: dict[Axis, Axis] = {}

    def new(axis: Axis) -> Axis:
        if axis not in names:
            names[axis] = Axis(axis.letter, affine(Dim(f"{axis.letter} {len(names)}")))
        return names[axis]

    def change(node: Expr) -> Expr | None:
        if not isinstance(node, Reduction):
            return None
        run = tuple(new(a) for a in node.axes)
        places = {a: affine(b) for a, b in zip(node.axes, run, strict=True)}
        return Reduction(node.op, run, transform(substitute(node.body, places), change))

    axes = tuple(new(a) for a in whole.axes)
    expr = substitute(whole.expr, {a: affine(new(a)) for a in whole.axes})
    return Nested(axes, transform(expr, change))


def multiplied_out(whole: Nested) -> Nested | None:
    """A formula multiplied out; None where that has too many terms, or changes nothing."""
    terms = _terms(whole.expr)
    if terms is None or len(terms) < 2:
        return None
    expr = add(*terms)
    return None if expr == whole.expr else Nested(whole.axes, expr)


def _terms(expr: Expr) -> list[Expr] | None:
    match expr:
        case Add(args):
            return _capped(t for a in args for t in (_terms(a) or [a]))
        case Mul(args):
            result: list[Expr] = [ONE]
            for arg in args:
                more = _terms(arg)
                if more is None or len(more) * len(result) > _MOST_TERMS:
                    return None
                result = [mul(f, m) for f in result for m in more]
            return result
        case Reduction("sum", axes, body):
            inner = _terms(body)
            return None if inner is None else [Reduction("sum", axes, t) for t in inner]
        case _:
            return [expr]


def _capped(terms: Iterable[Expr]) -> list[Expr] | None:
    result = list(terms)
    return result if len(result) <= _MOST_TERMS else None
