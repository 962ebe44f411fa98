"""Which part of its range a letter needs to run: conditions and reads outside become slices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from codegen.lowering.reads import outside_of
from derive.algebra.conditions import conjuncts, not_negative
from derive.algebra.index_rules import bounds, surely_not_negative
from derive.ir.notation import (
    Affine,
    Axis,
    Call,
    Compare,
    Dim,
    Expr,
    Index,
    Logic,
    Number,
    Read,
    Tensor,
    Term,
    affine,
)
from derive.ir.tree import ZERO, affine_axes, factors, letters, walk


def all_of(conditions: Sequence[Expr]) -> Expr:
    """One condition that says them all."""
    distinct = tuple(dict.fromkeys(conditions))
    return distinct[0] if len(distinct) == 1 else Logic("and", distinct)


def narrow(
    term: Term, table: Mapping[str, Tensor], fixed: frozenset[Axis]
) -> tuple[Term, dict[Axis, tuple[int, Affine]], list[Expr]]:
    """Conditions on letters become slices or an `if`; so do products that read outside."""
    ranges: dict[Axis, tuple[int, Affine]] = {}
    guards: list[Expr] = []
    if term.reduce != "sum":
        return term, ranges, guards
    body = term.body
    while isinstance(body, Call) and body.function == "where" and body.args[2] == ZERO:
        condition, inside, _ = body.args
        rest: list[Expr] = []
        parts = conjuncts(condition)
        for letter in dict.fromkeys(_bounded(p, fixed) for p in parts):
            mine = [p for p in parts if _bounded(p, fixed) == letter]
            if letter is None:
                guards.extend(p for p in mine if _decided(p, fixed))
                rest.extend(p for p in mine if not _decided(p, fixed))
                continue
            others = [p for p in parts if p not in mine]
            guarded = Call("where", (all_of(others), inside, ZERO)) if others else inside
            before = dict(ranges)
            seen = replace(term, body=guarded)
            if not all(_narrow_by(p, seen, ranges, fixed) for p in mine):
                # all of a letter's bounds become slices, or none does
                ranges.clear()
                ranges.update(before)
                rest.extend(mine)
        if rest:
            body = Call("where", (all_of(rest), inside, ZERO))
            break
        body = inside
    term = replace(term, body=body)
    for factor in factors(body):
        if isinstance(factor, Read) and factor.tensor in table:
            for subscript, extent in zip(
                factor.subscripts, table[factor.tensor].shape, strict=True
            ):
                _narrow_read(subscript, extent, term, ranges, guards, fixed)
    return term, ranges, guards


def _bounded(condition: Expr, fixed: frozenset[Axis]) -> Axis | None:
    """The letter that a condition such as `i < 3` bounds, if it speaks of that one alone."""
    difference = not_negative(condition)
    if difference is None or not _pure(difference):
        return None
    named = list(affine_axes(difference))
    return named[0] if len(named) == 1 and named[0] not in fixed else None


def _decided(condition: Expr, fixed: frozenset[Axis]) -> bool:
    """Whether Python decides it: a condition on loop letters and extents alone."""
    return _on_letters(condition) and not set(letters(condition)) - fixed


def _on_letters(condition: Expr) -> bool:
    return all(
        isinstance(node, Compare | Logic | Index | Number)
        and not (isinstance(node, Index) and not _pure(node.value))
        for node in walk(condition)
    )


def _pure(value: Affine) -> bool:
    return all(isinstance(a, Axis | Dim) for a, _ in value.terms)


def _narrow_by(
    condition: Expr,
    term: Term,
    ranges: dict[Axis, tuple[int, Affine]],
    fixed: frozenset[Axis],
) -> bool:
    """Narrow one letter by `letter op number`; whether that was possible."""
    difference = not_negative(condition)
    if difference is None:
        return False
    free = [a for a in affine_axes(difference) if a not in fixed]
    if len(free) != 1 or len(list(affine_axes(difference))) != 1:
        return False
    letter = free[0]
    sign = difference.coefficient(letter)
    if abs(sign) != 1 or not _clippable(letter, term, fixed):
        return False
    rest = difference - affine(letter) * sign
    # difference >= 0: letter >= -rest, or letter <= rest
    if sign == 1:
        low = (-rest).number
        return low is not None and _clip(ranges, letter, max(low, 0), letter.extent)
    return _clip(ranges, letter, 0, rest + 1)


def _clip(ranges: dict[Axis, tuple[int, Affine]], letter: Axis, low: int, stop: Affine) -> bool:
    """Intersect a letter's range; False where the ends can't be compared."""
    start, end = ranges.get(letter, (0, letter.extent))
    if not surely_not_negative(letter.extent - stop):
        if not surely_not_negative(stop - letter.extent):
            return False
        stop = letter.extent
    if surely_not_negative(end - stop):
        end = stop
    elif not surely_not_negative(stop - end):
        return False
    ranges[letter] = (max(start, low), end)
    if ranges[letter] == (0, letter.extent):
        del ranges[letter]
    return True


def _clippable(letter: Axis, term: Term, fixed: frozenset[Axis]) -> bool:
    """Whether every use of a letter is a subscript `letter + c`, so that slices can narrow it."""

    def simple(subscript: Affine) -> bool:
        if letter not in set(affine_axes(subscript)):
            return True
        others = [a for a in affine_axes(subscript) if a != letter and a not in fixed]
        return not others and _pure(subscript) and subscript.coefficient(letter) == 1

    for node in walk(term.body):
        match node:
            case Read(_, subscripts):
                if not all(simple(s) for s in subscripts):
                    return False
                if sum(letter in set(affine_axes(s)) for s in subscripts) > 1:
                    return False
            case Index(value):
                if letter in set(affine_axes(value)):
                    return False
            case _:
                pass
    return all(s.axis == letter or letter not in set(affine_axes(s)) for s in term.target) and (
        term.plain or letter in letters(term.body)
    )


def _narrow_read(
    subscript: Affine,
    extent: Affine,
    term: Term,
    ranges: dict[Axis, tuple[int, Affine]],
    guards: list[Expr],
    fixed: frozenset[Axis],
) -> None:
    """A factor that reads outside makes the product 0: leave that part out."""
    if not _pure(subscript):
        return
    named = list(affine_axes(subscript))
    free = [a for a in named if a not in fixed]
    if not free:
        guards.extend(outside_of(subscript, extent))
        return
    if len(named) != 1 or subscript.coefficient(named[0]) != 1:
        return
    letter = named[0]
    rest = subscript - affine(letter)
    shift = rest.number
    if shift is None or not _clippable(letter, term, fixed):
        return
    reach = bounds(subscript)
    assert reach is not None
    if not surely_not_negative(reach[0]):
        _clip(ranges, letter, -shift, letter.extent)
    if not surely_not_negative(extent - 1 - reach[1]):
        _clip(ranges, letter, 0, extent - shift)
