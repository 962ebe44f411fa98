"""A schedule -> statements: recurrences become loops, with what waits for nothing before them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from codegen.lowering.equation import lower_equation
from codegen.lowering.reads import reads_any
from codegen.program.nodes import Assign, For, Statement, Zeros
from derive.ir.notation import Add, Affine, Axis, Equation, Expr, Read, Tensor, Term, affine
from derive.ir.tree import add, equation_reads, fresh_letter, reads, replace_reads, substitute_term
from derive.language.printer import equation_text
from derive.systems.schedule import Block, Loop, members

_Kind = TypeVar("_Kind")


def lower_blocks(
    blocks: Sequence[Block],
    table: Mapping[str, Tensor],
    kept: Collection[str],
    fixed: frozenset[Axis] = frozenset(),
) -> list[Statement]:
    """A schedule as statements, in order.

    `kept` are the tensors that others read later; `fixed` letters are numbers that stand before.
    """
    result: list[Statement] = []
    readers = _readers(blocks)
    for block in blocks:
        if isinstance(block, Loop):
            own = (e.tensor for e in members([block]))
            later = {name for name in own if readers.get(name, set()) - {id(block)}}
            result.extend(_loop(block, table, {*kept, *later}, fixed))
        else:
            result.extend(lower_equation(block, table, fixed, equation_text(block)))
    return result


def _readers(blocks: Sequence[Block]) -> dict[str, set[int]]:
    """Which blocks read a tensor, by the tensor's name."""
    result: dict[str, set[int]] = {}
    for block in blocks:
        for equation in members([block]):
            for read in equation_reads(equation):
                result.setdefault(read.tensor, set()).add(id(block))
    return result


def _loop(
    loop: Loop, table: Mapping[str, Tensor], kept: Collection[str], fixed: frozenset[Axis]
) -> list[Statement]:
    """A recurrence: what reads nothing of the group for all places at once, then the loop."""
    passing = _passing(loop, kept)
    group = frozenset(e.tensor for e in members(loop.body))
    result: list[Statement] = []
    inside: dict[str, Equation] = {}
    started: set[str] = set()
    for equation in members(loop.body):
        terms = [part for t in equation.terms for part in _parted(t, group)]
        outer = [t for t in terms if _apart(t, group)]
        inner = [t for t in terms if not _apart(t, group)]
        if outer and inner:
            before = replace(equation, terms=tuple(outer))
            statements = lower_equation(before, table, fixed, equation_text(before))
            result.extend(replace(s, own=True) if isinstance(s, Assign) else s for s in statements)
            started.add(equation.tensor)
            inside[equation.tensor] = replace(equation, terms=tuple(inner))
        elif equation.tensor in passing:
            inside[equation.tensor] = equation
        else:
            result.append(Zeros(equation.tensor, table[equation.tensor].shape))
            inside[equation.tensor] = equation
    walk = _for(loop, inside, table, fixed, started, passing)
    return [*result, walk] if walk.body else result


def _passing(loop: Loop, kept: Collection[str]) -> frozenset[str]:
    """The members that live for one step: nothing reads them at another step or after the loop."""
    group = tuple(members(loop.body))
    if any(isinstance(block, Loop) for block in loop.body):
        return frozenset()
    positions = dict(loop.axes)
    stays = set(kept)
    for equation in group:
        for term in equation.terms:
            step = term.target[positions[equation.tensor]]
            in_body = {id(r) for r in reads(term.body)}
            for read in equation_reads(replace(equation, terms=(term,))):
                if read.tensor in positions and (
                    id(read) not in in_body or read.subscripts[positions[read.tensor]] != step
                ):
                    stays.add(read.tensor)
        outer = [t for part in equation.terms for t in _parted(part, frozenset(positions))]
        if any(_apart(t, frozenset(positions)) for t in outer):
            stays.add(equation.tensor)  # a part of it is formed for all steps at once
    return frozenset(e.tensor for e in group if e.tensor not in stays)


def _parted(term: Term, group: frozenset[str]) -> Iterator[Term]:
    """A sum as two terms: what reads nothing of the group, and the rest."""
    if term.reduce != "sum" or not isinstance(term.body, Add):
        yield term
        return
    inner = [a for a in term.body.args if reads_any(a, group)]
    outer = [a for a in term.body.args if a not in inner]
    for part in (outer, inner):
        if part:
            yield replace(term, body=add(*part))


def _apart(term: Term, group: frozenset[str]) -> bool:
    return term.reduce == "sum" and not reads_any(term.body, group)


def _for(
    loop: Loop,
    inside: Mapping[str, Equation],
    table: Mapping[str, Tensor],
    fixed: frozenset[Axis],
    started: set[str],
    passing: frozenset[str] = frozenset(),
) -> For:
    positions = dict(loop.axes)
    first = loop.axes[0][0]
    names = {a.letter for a in fixed}
    wanted = inside[first].axes[positions[first]]
    letter = Axis(fresh_letter(names, wanted.letter), wanted.extent)
    walked = {name: _with_letter(inside[name], positions[name], letter) for name in positions}
    own = {n: table[n].shape for n in passing}
    own = {n: (*s[: positions[n]], *s[positions[n] + 1 :]) for n, s in own.items()}
    inner = {**table, **{n: replace(table[n], shape=s) for n, s in own.items()}}
    body: list[Statement] = []
    for block in loop.body:
        if isinstance(block, Loop):
            before, rest = _elsewhere(block, {**inside, **walked})
            for equation in before:
                note = equation_text(equation, adds=equation.tensor in started)
                fresh = equation.tensor not in started
                body.extend(
                    lower_equation(
                        equation, inner, fixed | {letter}, note, allocated=True, fresh=fresh
                    )
                )
                started.add(equation.tensor)
            nested = _for(block, rest, table, fixed | {letter}, started)
            body.extend([nested] if nested.body else [])
        else:
            equation = walked[block.tensor]
            note = equation_text(equation, adds=block.tensor in started)
            body.extend(
                lower_equation(
                    _without_step(equation, positions, passing),
                    inner,
                    fixed | {letter},
                    note,
                    allocated=block.tensor not in passing,
                    fresh=block.tensor not in started,
                )
            )
    return For(letter, loop.direction, tuple(body))


def _elsewhere(
    loop: Loop, inside: Mapping[str, Equation]
) -> tuple[list[Equation], dict[str, Equation]]:
    """What an inner loop doesn't walk, as `dy[t,2] += ...` with a loop along i: it comes before.

    It waits for earlier steps of the outer loop only.
    """
    before: list[Equation] = []
    rest = dict(inside)
    for name, position in loop.axes:
        equation = inside[name]
        apart = tuple(t for t in equation.terms if t.target[position].axis is None)
        if apart:
            before.append(replace(equation, terms=apart))
            walked = tuple(t for t in equation.terms if t not in apart)
            rest[name] = replace(equation, terms=walked)
    return before, rest


def _without_step(
    equation: Equation, positions: Mapping[str, int], passing: frozenset[str]
) -> Equation:
    """The equation with what lives for one step under no letter of the loop."""

    def change(read: Read) -> Expr | None:
        if read.tensor not in passing:
            return None
        return replace(read, subscripts=_dropped(read.subscripts, positions[read.tensor]))

    terms = tuple(replace(t, body=replace_reads(t.body, change)) for t in equation.terms)
    if equation.tensor not in passing:
        return replace(equation, terms=terms)
    position = positions[equation.tensor]
    return replace(
        equation,
        axes=_dropped(equation.axes, position),
        terms=tuple(
            replace(
                t,
                target=_dropped(t.target, position),
                domain=tuple(a for a in t.domain if a != t.target[position].axis),
            )
            for t in terms
        ),
    )


def _dropped(entries: tuple[_Kind, ...], position: int) -> tuple[_Kind, ...]:
    return (*entries[:position], *entries[position + 1 :])


def _with_letter(equation: Equation, position: int, letter: Axis) -> Equation:
    """The equation with the walked axis under the loop's letter, other letters kept apart."""
    terms = []
    for term in equation.terms:
        own = term.target[position].axis
        assert own is not None
        names = {a.letter for a in term.domain} | {letter.letter}
        places: dict[Axis, Affine] = {}
        for axis in term.domain:
            if axis.letter == letter.letter and axis != own:
                name = fresh_letter(names, axis.letter)
                names.add(name)
                places[axis] = affine(Axis(name, axis.extent))
        places[own] = affine(letter)
        terms.append(substitute_term(term, places))
    axes = list(equation.axes)
    taken = {a.letter for a in axes} | {letter.letter}
    for k, axis in enumerate(axes):
        if k == position:
            axes[k] = letter
        elif axis.letter == letter.letter:
            axes[k] = Axis(fresh_letter(taken, axis.letter), axis.extent)
    return _plain_letters(replace(equation, axes=tuple(axes), terms=tuple(terms)))


def _plain_letters(equation: Equation) -> Equation:
    """Where all terms agree on their plain letters, the equation's axes are those letters."""
    axes = list(equation.axes)
    for k in range(len(axes)):
        result = {t.target[k].axis for t in equation.terms}
        if len(result) == 1 and (only := result.pop()) is not None:
            axes[k] = only
    return replace(equation, axes=tuple(axes))
