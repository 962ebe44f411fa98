"""Letters said otherwise before a term is lowered, so that gathers become reshapes and slices.

A letter under `//` or `%` is two letters, as a number has digits: with `i = 3*g + r`, `i//3` is `g`
and `i%3` is `r`. A letter that `delta` ties to a place is that place. And what is written outside
a tensor is dropped, so conditions that say no more than "inside" fall away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from derive.algebra.conditions import settled
from derive.algebra.delta_elimination import sifted
from derive.algebra.index_rules import rename_apart, within
from derive.ir.notation import (
    Affine,
    Axis,
    Call,
    Dim,
    Equation,
    Expr,
    FloorDiv,
    Index,
    Mod,
    Number,
    Pow,
    Read,
    Tensor,
    Term,
    affine,
)
from derive.ir.tree import (
    affine_axes,
    fresh_letter,
    reads,
    substitute,
    substitute_affine,
    substitute_term,
    transform,
    walk,
)


def prepared(
    term: Term, equation: Equation, table: Mapping[str, Tensor], fixed: frozenset[Axis]
) -> Term:
    """A term that means the same and is easier to lower; letters of loops are left alone."""
    if not fixed:
        shape = table[equation.tensor].shape
        term = sifted(term, shape, lambda n: table[n].shape, lambda n: table[n].integer)
    term = _without_single(term, fixed)
    term = _split(term, fixed, {a.letter for a in equation.axes})
    term = _under(term, equation.axes)
    return _unguarded(term, table[equation.tensor].shape, table)


def _without_single(term: Term, fixed: frozenset[Axis]) -> Term:
    """A letter that has one place only and shares a subscript with others is that place."""
    subscripts = [*term.target, *(s for r in reads(term.body) for s in r.subscripts)]
    single = {
        a: affine(0)
        for s in subscripts
        for a in affine_axes(s)
        if s.axis is None and len(set(affine_axes(s)) - fixed) > 1
        if a.extent.number == 1 and a not in fixed
    }
    if not single:
        return term
    target = tuple(s if s.axis in single else substitute_affine(s, single) for s in term.target)
    kept = {s.axis for s in target}
    domain = tuple(a for a in term.domain if a not in single or a in kept)
    return replace(term, target=target, domain=domain, body=substitute(term.body, single))


def _under(term: Term, axes: tuple[Axis, ...]) -> Term:
    """The term with the equation's own letters where its left subscripts are plain."""
    pairs = list(zip(term.target, axes, strict=True))
    wanted = [a for s, a in pairs if s.axis not in (None, a)]
    if not wanted:
        return term
    apart = rename_apart(term, wanted)
    uses = [a for s in apart.target for a in affine_axes(s)]
    return substitute_term(
        apart,
        {
            s.axis: affine(a)
            for s, a in zip(apart.target, axes, strict=True)
            if s.axis is not None and s.axis.extent == a.extent and uses.count(s.axis) == 1
        },
    )


# ---- // and % ------------------------------------------------------------------------------------


def _split(term: Term, fixed: frozenset[Axis], kept: set[str]) -> Term:
    """Letters that stand under `//` or `%` in a subscript as two letters each, where that fits."""
    while (result := _digit(term, fixed)) is not None:
        letter, base = result
        taken = {*kept, *(a.letter for a in (*term.domain, *fixed))}
        high = fresh_letter(taken, letter.letter)
        low = fresh_letter({*taken, high}, letter.letter)
        extent = Affine(
            tuple((a, c // base) for a, c in letter.extent.terms), letter.extent.constant // base
        )
        first, second = Axis(high, extent), Axis(low, affine(base))
        whole = affine(first) * base + affine(second)
        term = Term(
            tuple(_in_digits(s, letter, base, first, second) for s in term.target),
            tuple(b for a in term.domain for b in ((first, second) if a == letter else (a,))),
            term.reduce,
            _body_in_digits(term.body, letter, base, first, second),
        )
        term = substitute_term(term, {letter: whole})
    return term


def _digit(term: Term, fixed: frozenset[Axis]) -> tuple[Axis, int] | None:
    """A letter to split and its base: the smallest divisor, which must divide all others."""
    bases: dict[Axis, set[int]] = {}
    for atom in _divided(term):
        if atom.of.axis is not None:
            bases.setdefault(atom.of.axis, set()).add(atom.by)
    for letter, divisors in bases.items():
        base = min(divisors)
        parts = (letter.extent.constant, *(c for _, c in letter.extent.terms))
        if (
            letter in term.domain
            and letter not in fixed
            and base > 1
            and not any(d % base for d in divisors)
            and not any(p % base for p in parts)
            and all(isinstance(a, Dim) for a, _ in letter.extent.terms)
        ):
            return letter, base
    return None


def _divided(term: Term) -> Iterator[FloorDiv | Mod]:
    """Everything under `//` or `%` in a subscript."""
    places = [*term.target, *(s for r in reads(term.body) for s in r.subscripts)]
    while places:
        for atom, _ in places.pop().terms:
            if isinstance(atom, FloorDiv | Mod):
                yield atom
                places.append(atom.of)
            elif isinstance(atom, Read):
                places.extend(atom.subscripts)


def _in_digits(value: Affine, letter: Axis, base: int, high: Axis, low: Axis) -> Affine:
    """An integer in which `//` and `%` of the letter are said by its digits."""
    result = affine(value.constant)
    for atom, coefficient in value.terms:
        match atom:
            case FloorDiv(of, by) if of.axis == letter and by % base == 0:
                part = affine(high)
                if by > base:
                    part = Affine(((FloorDiv(part, by // base), 1),))
            case Mod(of, by) if of.axis == letter and by % base == 0:
                part = affine(low)
                if by > base:
                    part += Affine(((Mod(affine(high), by // base), base),))
            case FloorDiv(of, by) | Mod(of, by):
                part = Affine(((type(atom)(_in_digits(of, letter, base, high, low), by), 1),))
            case Read(tensor, subscripts):
                inside = tuple(_in_digits(s, letter, base, high, low) for s in subscripts)
                part = Affine(((Read(tensor, inside), 1),))
            case _:
                part = affine(atom)
        result += part * coefficient
    return result


def _body_in_digits(body: Expr, letter: Axis, base: int, high: Axis, low: Axis) -> Expr:
    def change(node: Expr) -> Expr | None:
        match node:
            case Read(tensor, subscripts):
                return Read(
                    tensor, tuple(_in_digits(s, letter, base, high, low) for s in subscripts)
                )
            case Index(value):
                return Index(_in_digits(value, letter, base, high, low))
            case _:
                return None

    return transform(body, change)


# ---- inside --------------------------------------------------------------------------------------


def _unguarded(term: Term, shape: tuple[Affine, ...], table: Mapping[str, Tensor]) -> Term:
    """Conditions that hold wherever the term is written at all fall away, if nothing breaks."""
    if term.plain or term.reduce != "sum":
        return term
    known = frozenset(
        end for s, extent in zip(term.target, shape, strict=True) for end in (s, extent - s - 1)
    )
    body = settled(term.body, known)
    if body == term.body or any(_breaks(node, table) for node in walk(body)):
        return term
    return replace(term, body=body)


def _breaks(node: Expr, table: Mapping[str, Tensor]) -> bool:
    """Whether a function that isn't defined everywhere is fed from outside a tensor."""
    match node:
        case Pow(_, Number(value)) if value >= 0 and value.denominator == 1:
            return False
        case Call("where" | "delta" | "hold" | "relu" | "maximum" | "minimum" | "abs" | "sign", _):
            return False
        case Pow() | Call():
            return not all(
                within(s, extent)
                for read in reads(node)
                for s, extent in zip(read.subscripts, table[read.tensor].shape, strict=True)
            )
        case _:
            return False
