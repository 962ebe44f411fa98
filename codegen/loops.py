"""A schedule -> statements: recurrences become loops, with what waits for nothing before them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from codegen.lower import lower_equation
from codegen.program import (
    Assign,
    For,
    Statement,
    Zeros,
)
from codegen.reads import reads_any
from derive.notation import (
    Add,
    Affine,
    Axis,
    Equation,
    Tensor,
    Term,
    affine,
)
from derive.recurrence import Block, Loop, members
from derive.text import equation_text
from derive.tree import (
    add,
    fresh_letter,
    substitute_term,
)


def lower_blocks(
    blocks: Iterable[Block], table: Mapping[str, Tensor], fixed: frozenset[Axis] = frozenset()
) -> list[Statement]:
    """A schedule as statements, in order; `fixed` letters are numbers that stand before them."""
    found: list[Statement] = []
    for block in blocks:
        if isinstance(block, Loop):
            found.extend(_loop(block, table, fixed))
        else:
            found.extend(lower_equation(block, table, fixed, equation_text(block)))
    return found


def _loop(loop: Loop, table: Mapping[str, Tensor], fixed: frozenset[Axis]) -> list[Statement]:
    """A recurrence: what reads nothing of the group for all places at once, then the loop."""
    group = frozenset(e.tensor for e in members(loop.body))
    found: list[Statement] = []
    inside: dict[str, Equation] = {}
    started: set[str] = set()
    for equation in members(loop.body):
        terms = [part for t in equation.terms for part in _parted(t, group)]
        outer = [t for t in terms if _apart(t, group)]
        inner = [t for t in terms if not _apart(t, group)]
        if outer and inner:
            before = replace(equation, terms=tuple(outer))
            statements = lower_equation(before, table, fixed, equation_text(before))
            found.extend(replace(s, own=True) if isinstance(s, Assign) else s for s in statements)
            started.add(equation.tensor)
            inside[equation.tensor] = replace(equation, terms=tuple(inner))
        else:
            found.append(Zeros(equation.tensor, table[equation.tensor].shape))
            inside[equation.tensor] = equation
    walk = _for(loop, inside, table, fixed, started)
    return [*found, walk] if walk.body else found


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
) -> For:
    positions = dict(loop.axes)
    first = loop.axes[0][0]
    names = {a.letter for a in fixed}
    wanted = inside[first].axes[positions[first]]
    letter = Axis(fresh_letter(names, wanted.letter), wanted.extent)
    walked = {name: _with_letter(inside[name], positions[name], letter) for name in positions}
    body: list[Statement] = []
    for block in loop.body:
        if isinstance(block, Loop):
            nested = _for(block, {**inside, **walked}, table, fixed | {letter}, started)
            body.extend([nested] if nested.body else [])
        else:
            equation = walked[block.tensor]
            body.extend(
                lower_equation(
                    equation,
                    table,
                    fixed | {letter},
                    equation_text(equation, adds=block.tensor in started),
                    allocated=True,
                    fresh=block.tensor not in started,
                )
            )
    return For(letter, loop.direction, tuple(body))


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
        found = {t.target[k].axis for t in equation.terms}
        if len(found) == 1 and (only := found.pop()) is not None:
            axes[k] = only
    return replace(equation, axes=tuple(axes))
