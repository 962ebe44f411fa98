"""Index rules on terms: renaming letters, solving a left subscript, pulling out what is constant.

Each is an equality of meanings; the derivation records it as a step with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from derive.ir.notation import (
    Affine,
    Axis,
    Call,
    Compare,
    Dim,
    Equation,
    Expr,
    FloorDiv,
    Index,
    Logic,
    Mod,
    Mul,
    Number,
    Pow,
    Read,
    Term,
    affine,
    domain_of,
)
from derive.ir.tree import (
    ZERO,
    affine_axes,
    contains,
    factors,
    free_axes,
    fresh_letter,
    letters,
    mul,
    number,
    reads,
    substitute,
    substitute_affine,
    substitute_term,
)


def rename_apart(term: Term, taken: Sequence[Axis]) -> Term:
    """The term with letters that clash by name with `taken` renamed."""
    new = free_axes(term.domain, {a.letter for a in taken})
    return substitute_term(term, {a: affine(b) for a, b in new.items()}) if new else term


def solve_target(term: Term, axes: tuple[Axis, ...]) -> Term:
    """The term with its left subscripts solved for `axes`, as far as a single letter allows.

    A subscript that is `letter + c` or `c - letter` is solved, if no other left subscript is one
    of this letter; the range that this loses is kept by a condition where the body isn't 0 there
    by itself. What can't be solved keeps its subscript: a write outside the tensor is dropped.
    """
    if term.target == tuple(map(affine, axes)):
        return replace(term, domain=domain_of(axes, term.domain))
    apart = {a: Axis(f"{a.letter}'", a.extent) for a in term.domain}
    term = substitute_term(term, {a: affine(b) for a, b in apart.items()})
    singles = [_single(s) for s in term.target]
    places: dict[Axis, Affine] = {}
    guards: list[tuple[Affine, Affine]] = []
    for subscript, letter, axis in zip(term.target, singles, axes, strict=True):
        if letter is None or singles.count(letter) > 1:
            continue
        sign = subscript.coefficient(letter)
        rest = subscript - affine(letter) * sign
        solution = (affine(axis) - rest) * sign
        places[letter] = solution
        if solution != affine(axis) or letter.extent != axis.extent:
            guards.append((solution, letter.extent))
    # the axes come in at once, so that no letter is taken for another
    solved = substitute_term(term, places)
    solved = replace(solved, target=tuple(substitute_affine(s, places) for s in term.target))
    body = solved.body
    for solution, extent in guards:
        body = guarded(body, solution, extent)
    kept = {a for s in solved.target for a in affine_axes(s)}
    first = tuple(a for a in axes if affine(a) in solved.target)
    order = [*first, *(a for a in solved.domain if a in kept), *solved.domain]
    return tidy_letters(Term(solved.target, domain_of(order), term.reduce, body), axes)


def tidy_letters(term: Term, axes: tuple[Axis, ...]) -> Term:
    """Letters that were set apart get their own names back, or fresh ones where taken."""
    taken = {a.letter for a in axes}
    new: dict[Axis, Affine] = {}
    for axis in term.domain:
        if axis.letter.endswith("'"):
            name = fresh_letter(taken, axis.letter[:-1])
            taken.add(name)
            new[axis] = affine(Axis(name, axis.extent))
    return substitute_term(term, new)


def _single(subscript: Affine) -> Axis | None:
    """The letter of `c + letter` or `c - letter`, where c holds no other letter."""
    result = [a for a, c in subscript.terms if isinstance(a, Axis)]
    if len(result) == 1 and abs(subscript.coefficient(result[0])) == 1:
        others = subscript - affine(result[0]) * subscript.coefficient(result[0])
        if not list(affine_axes(others)):
            return result[0]
    return None


def guarded(body: Expr, solution: Affine, extent: Affine) -> Expr:
    """The body, 0 where the solved letter would leave its range."""
    if within(solution, extent):
        return body
    parts = factors(body)
    for k, part in enumerate(parts):
        if not isinstance(part, Read) or solution not in part.subscripts:
            continue
        others = mul(*parts[:k], *parts[k + 1 :])
        if harmless(others, solution):
            # the factor reads 0 there, and so the product is 0
            return body
    inside: list[Expr] = []
    low = solution
    if _may_be_negative(low):
        inside.append(Compare(">=", Index(low), number(0)))
    if _may_reach(solution, extent):
        inside.append(Compare("<", Index(solution), _index(extent)))
    if not inside:
        return body
    condition = inside[0] if len(inside) == 1 else Logic("and", tuple(inside))
    return Call("where", (condition, body, ZERO))


def _index(extent: Affine) -> Expr:
    return Index(extent) if extent.terms else number(extent.constant)


def bounds(value: Affine) -> tuple[Affine, Affine] | None:
    """The least and greatest value over the letters' ranges; None where it can't be told."""
    low = high = affine(value.constant)
    for atom, coefficient in value.terms:
        if isinstance(atom, Axis):
            reach = (atom.extent - 1) * coefficient
            low, high = (low, high + reach) if coefficient > 0 else (low + reach, high)
        elif isinstance(atom, FloorDiv | Mod):
            reach_ = _bounds_divided(atom)
            if reach_ is None:
                return None
            ends = (reach_[0] * coefficient, reach_[1] * coefficient)
            low, high = low + min(ends), high + max(ends)
        elif not isinstance(atom, Dim):
            return None
        else:
            low, high = low + affine(atom) * coefficient, high + affine(atom) * coefficient
    return low, high


def _bounds_divided(atom: FloorDiv | Mod) -> tuple[int, int] | None:
    result = bounds(atom.of)
    if isinstance(atom, Mod):
        return 0, atom.by - 1
    if result is None or result[0].terms or result[1].terms:
        return None
    return result[0].constant // atom.by, result[1].constant // atom.by


def within(value: Affine, extent: Affine) -> bool:
    """Whether a subscript is surely inside an axis of this extent."""
    return not _may_be_negative(value) and not _may_reach(value, extent)


def _may_be_negative(value: Affine) -> bool:
    result = bounds(value)
    return result is None or not surely_not_negative(result[0])


def _may_reach(value: Affine, extent: Affine) -> bool:
    result = bounds(value)
    return result is None or not surely_not_negative(extent - 1 - result[1])


def surely_not_negative(value: Affine) -> bool:
    """Whether an expression in extents (each at least 1) is at least 0."""
    if any(c < 0 for _, c in value.terms):
        return False
    return value.constant + sum(c for _, c in value.terms) >= 0


def harmless(expr: Expr, solution: Affine) -> bool:
    """Whether a factor stays finite where the solved letter leaves its range.

    A polynomial in reads does: a read outside is 0. A division or a function might not.
    """
    moved = set(affine_axes(solution))

    def breaks(node: Expr) -> bool:
        if not moved & set(letters(node)):
            return False
        match node:
            case Pow(_, Number(value)):
                return value.denominator != 1 or value < 0
            case Pow() | Call():
                return True
            case _:
                return False

    return not contains(expr, breaks)


@dataclass(frozen=True)
class Pulled:
    """A reduction with what doesn't depend on its letters outside: `wrap(sum of core)`."""

    core: Expr
    wrap: Callable[[Expr], Expr]
    trivial: bool


def pull(term: Term) -> Pulled:
    """Factors and conditions free of the reduced letters, taken before the sum."""
    run = set(term.reduced)
    wraps: list[Callable[[Expr], Expr]] = []
    body = term.body
    while term.reduce == "sum":
        match body:
            case Call("where", (condition, yes, no)) if no == ZERO and not (
                run & set(letters(condition))
            ):
                wraps.append(_where(condition))
                body = yes
                continue
            case Mul(args):
                outside = [a for a in args if not run & set(letters(a))]
                inside = [a for a in args if run & set(letters(a))]
                if outside and inside:
                    first = args.index(inside[0])
                    before = [a for a in args[:first] if a in outside]
                    after = list(args[first:])
                    for a in inside:
                        after.remove(a)
                    wraps.append(_times(tuple(before), tuple(after)))
                    body = mul(*inside)
                    continue
        break

    def wrap(inner: Expr) -> Expr:
        for one in reversed(wraps):
            inner = one(inner)
        return inner

    return Pulled(body, wrap, not wraps)


def _where(condition: Expr) -> Callable[[Expr], Expr]:
    return lambda inner: Call("where", (condition, inner, ZERO))


def _times(before: tuple[Expr, ...], after: tuple[Expr, ...]) -> Callable[[Expr], Expr]:
    return lambda inner: mul(*before, inner, *after)


def elementwise(equation: Equation) -> bool:
    """One place of the result needs one place of the domain: no letter is summed."""
    return all(t.plain and not t.reduced and t.reduce == "sum" for t in equation.terms)


def turned_round(term: Term, kernels: Collection[str]) -> Term | None:
    """The term with letters counted from the other end, where that takes minus signs away.

    `sum(u, d[i-u]*W[u])` is `sum(u, d[i+u-2]*W[2-u])` with three places for u: a convolution
    written as a correlation with the kernel turned round. None where there is nothing to turn.
    """
    reads_ = list(reads(term.body))
    places: dict[Axis, Affine] = {}
    for letter in term.reduced:
        result = [s for r in reads_ for s in r.subscripts if letter in set(affine_axes(s))]
        signs = {s.coefficient(letter) for s in result if s.axis is None}
        plain = {r.tensor for r in reads_ if any(s.axis == letter for s in r.subscripts)}
        if signs == {-1} and plain and plain <= set(kernels):
            places[letter] = letter.extent - 1 - affine(letter)
    return replace(term, body=substitute(term.body, places)) if places else None
