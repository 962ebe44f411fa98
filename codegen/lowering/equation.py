"""One equation -> whole-array statements: what is assigned, added, scattered, and when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from codegen.lowering.context import TermContext
from codegen.lowering.expression import lower, lower_sum
from codegen.lowering.mixed_radix import prepared
from codegen.lowering.ranges import all_of, narrow
from codegen.lowering.scatter import laid_out, narrowed, short_first, target_of, uses_of
from codegen.program.nodes import (
    AddAt,
    Array,
    Assign,
    At,
    Choose,
    Fold,
    Join,
    Map,
    Matrix,
    Pick,
    Reduce,
    Spread,
    Statement,
    Value,
    When,
    Whole,
    Zeros,
)
from derive.algebra.conditions import decide, implied, settled
from derive.algebra.index_rules import pull
from derive.ir.notation import Add, Affine, Axis, Equation, Expr, Read, Tensor, Term, affine
from derive.ir.tree import ZERO, add, number


@dataclass(frozen=True)
class _Piece:
    """One term, lowered: what is added where, and when."""

    value: Array
    picks: tuple[Pick, ...]
    whole: bool
    guards: tuple[Expr, ...]
    axes: tuple[Axis, ...]
    add_at: AddAt | None = None


def lower_equation(
    equation: Equation,
    table: Mapping[str, Tensor],
    fixed: frozenset[Axis] = frozenset(),
    note: str = "",
    *,
    allocated: bool = False,
    fresh: bool = True,
) -> list[Statement]:
    """One equation; `fixed` letters are loops', `allocated` tells that the tensor's array exists.

    `fresh`: nothing was added to the array's place yet, so that the first term may be assigned.
    """
    joined = None if fixed else _joined(equation, table)
    if joined is not None:
        return [Assign(equation.tensor, None, "=", joined, joined.axes, note)]
    terms = [part for t in equation.terms for part in _unguarded_apart(t, table, fixed)]
    made = (_piece(term, equation, table, fixed) for term in terms)
    pieces = [p for p in made if p is not None]
    free = tuple(a for a in equation.axes if a not in fixed)
    base = tuple(At(affine(a)) if a in fixed else Whole() for a in equation.axes)
    picks = base if fixed & set(equation.axes) else None
    simple = [p for p in pieces if p.whole and not p.guards and p.add_at is None]
    others = [p for p in pieces if p not in simple]
    result: list[Statement] = []
    if simple and fresh:
        value = _total([p.value for p in simple], free, TermContext(table, free))
        result.append(Assign(equation.tensor, picks, "=", value, free, note, own=bool(others)))
    elif simple:
        value = _total([p.value for p in simple], free, TermContext(table, free))
        result.append(Assign(equation.tensor, picks, "+=", value, free, note))
    elif not allocated and fixed and len(others) == 1 and others[0].whole:
        # what lives for one step of a loop is made anew in each
        none = Spread(Value(number(0)), free, TermContext(table, free).shape(free))
        chosen = Choose(all_of(others[0].guards), others[0].value, none, free)
        return [Assign(equation.tensor, picks, "=", chosen, free, note)]
    elif not allocated:
        result.append(Zeros(equation.tensor, table[equation.tensor].shape, note))
    for piece in _together(others, TermContext(table, free)):
        one: Statement = (
            piece.add_at
            if piece.add_at is not None
            else Assign(equation.tensor, piece.picks, "+=", piece.value, piece.axes)
        )
        if piece.guards:
            result.append(When(all_of(piece.guards), (one,)))
        else:
            result.append(one)
    if allocated and note and result and not simple:
        result[0] = _noted(result[0], note)
    return result


def _joined(equation: Equation, table: Mapping[str, Tensor]) -> Join | None:
    """A sum whose parts are 0 but on ranges of one letter that lie one behind the other."""
    (term, *others) = equation.terms
    if others or not term.plain or term.reduced or term.reduce != "sum":
        return None
    term = prepared(replace(term, body=settled(term.body)), equation, table, frozenset())
    if not isinstance(term.body, Add) or tuple(s.axis for s in term.target) != equation.axes:
        return None
    parts: list[tuple[int, Affine, Array]] = []
    letters: set[Axis] = set()
    for arg in term.body.args:
        own, ranges, guards = narrow(replace(term, body=arg), table, frozenset())
        if guards or len(ranges) != 1:
            return None
        (letter, (start, stop)) = next(iter(ranges.items()))
        letters.add(letter)
        context = TermContext(table, term.domain, frozenset(), ranges)
        parts.append((start, stop, context.spread(lower(own.body, context), equation.axes)))
    parts.sort(key=lambda part: part[0])
    ends = [affine(0), *(stop for _, stop, _ in parts)]
    along = letters.pop()
    if letters or [affine(start) for start, _, _ in parts] != ends[:-1] or ends[-1] != along.extent:
        return None
    return Join(tuple(array for _, _, array in parts), along, equation.axes)


def _unguarded_apart(
    term: Term, table: Mapping[str, Tensor], fixed: frozenset[Axis]
) -> Iterator[Term]:
    """A sum in a loop as two terms, where a part of it is 0 at some of the steps."""
    if not fixed or term.reduce != "sum" or term.reduced or not isinstance(term.body, Add):
        yield term
        return
    parts: dict[bool, list[Expr]] = {}
    for arg in term.body.args:
        _, _, guards = narrow(replace(term, body=arg), table, fixed)
        parts.setdefault(any(decide(g) is not True for g in guards), []).append(arg)
    for some in sorted(parts):
        yield replace(term, body=add(*parts[some]))


def _together(pieces: list[_Piece], context: TermContext) -> list[_Piece]:
    """Pieces that are added at one place under one condition are one sum."""
    result: list[_Piece] = []
    for piece in pieces:
        last = result[-1] if result else None
        same = last is not None and (last.picks, last.guards, last.axes) == (
            (piece.picks, piece.guards, piece.axes)
        )
        if last is not None and same and piece.add_at is None and last.add_at is None:
            value = _total([last.value, piece.value], piece.axes, context)
            result[-1] = replace(last, value=value)
        else:
            result.append(piece)
    return result


def _noted(statement: Statement, note: str) -> Statement:
    if isinstance(statement, Assign | Zeros):
        return replace(statement, note=note)
    if isinstance(statement, When):
        return replace(statement, body=(_noted(statement.body[0], note), *statement.body[1:]))
    return statement


def _total(values: list[Array], axes: tuple[Axis, ...], context: TermContext) -> Array:
    if len(values) == 1:
        return context.spread(values[0], axes)
    union = tuple(a for a in axes if any(a in v.axes for v in values))
    return context.spread(Map("add", tuple(values), union), axes)


def _piece(
    term: Term, equation: Equation, table: Mapping[str, Tensor], fixed: frozenset[Axis]
) -> _Piece | None:
    """One term; None where it is 0 everywhere, and so adds nothing.

    A logsumexp of zeros is the logarithm of their number.
    """
    term = replace(term, body=settled(term.body))
    if term.body == ZERO and term.reduce != "logsumexp":
        return None
    term = prepared(term, equation, table, fixed)
    term, ranges, guards = narrow(term, table, fixed)
    if any(stop.number is not None and stop.number <= start for start, stop in ranges.values()):
        return None
    if any(decide(g) is False for g in guards):
        return None
    context = TermContext(
        table, term.domain, fixed, ranges, implied(all_of(guards)) if guards else frozenset()
    )
    shape = table[equation.tensor].shape
    plain = all(
        s.axis is not None and (s.axis in fixed or s.axis.extent == e)
        for s, e in zip(term.target, shape, strict=True)
    )
    if not (term.plain and plain):
        return _scattered(term, equation, context, guards)
    run = tuple(a for a in term.reduced if a not in fixed)
    value = _term_value(term, run, context)
    picks: list[Pick] = []
    whole = True
    for subscript in term.target:
        axis = subscript.axis
        assert axis is not None
        if axis in fixed:
            picks.append(At(affine(axis)))
        else:
            picks.append(narrowed(subscript, context))
            whole = whole and axis not in ranges
    free = tuple(a for a in equation.axes if a not in fixed)
    return _Piece(value, tuple(picks), whole, tuple(guards), free)


def _term_value(term: Term, run: tuple[Axis, ...], context: TermContext) -> Array:
    if not run:
        return lower(term.body, context)
    if term.reduce == "sum":
        pulled = pull(replace(term, domain=tuple(a for a in term.domain)))
        if pulled.trivial:
            return lower_sum(pulled.core, run, context)
        inner = lower_sum(pulled.core, run, context)
        summed = Read("sum'", tuple(affine(a) for a in inner.axes))
        return lower(pulled.wrap(summed), replace(context, lowered={summed: inner}))
    inside = lower(term.body, context)
    if term.matrix is not None:
        own = (s.axis for s in term.target)
        axes = tuple(a for a in own if a is not None and a not in context.fixed)
        return Matrix(term.reduce, inside, run, axes)
    full = tuple(a for a in context.order if a in inside.axes or a in run)
    inside = context.spread(inside, full) if set(run) - set(inside.axes) else inside
    return Reduce(term.reduce, inside, run, tuple(a for a in inside.axes if a not in run))


def _scattered(
    term: Term, equation: Equation, context: TermContext, guards: list[Expr]
) -> _Piece | None:
    """A term whose left subscripts aren't plain letters: folds, fixed places, scatter-adds."""
    kept = tuple(uses_of(term.target, context))
    context = replace(context, order=short_first(term.target, context))
    run = tuple(a for a in term.domain if a not in kept and a not in context.fixed)
    value = _term_value(replace(term, target=tuple(affine(a) for a in kept)), run, context)
    target = target_of(term.target, equation.axes, context.table[equation.tensor].shape, context)
    if any(decide(g) is False for g in target.inside):
        return None
    conditions = (*guards, *target.inside)
    first = context.union(target.indices)
    value = laid_out(value, target, first, context)
    if target.indices:
        where = (equation.tensor, target.picks, target.positions, target.indices, first)
        added = AddAt(*where, value, value.axes)
        return _Piece(value, target.picks, False, conditions, value.axes, added)
    whole = all(isinstance(p, Whole) for p in target.picks)
    if isinstance(value, Fold) or whole:
        value = replace(value, axes=target.out)
    return _Piece(value, target.picks, whole, conditions, value.axes)
