"""Edits of letters: transposes, wrong indices, sums left out and sums too many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from derive.answers.slips import mistakes as m
from derive.answers.slips.edits.context import Context
from derive.answers.slips.positions import Edit, Path, Position, chosen, everywhere, product
from derive.ir.notation import (
    Add,
    Affine,
    Axis,
    Compare,
    Dim,
    Expr,
    Index,
    Logic,
    Mul,
    Read,
    Reduction,
    affine,
)
from derive.ir.tree import (
    affine_axes,
    children,
    fresh_letter,
    letters,
    reads,
    substitute,
    substitute_affine,
    walk,
)


def other_subscripts(position: Position, context: Context) -> Iterator[Edit]:
    """A read with other subscripts; of one that stands at several places also all of them."""
    node = position.node
    if not (isinstance(node, Read) and node.subscripts):
        return
    same = [p.path for p in context.positions if p.node == node]
    first = next(r for r in reads(position.root) if r == node) is node
    for new, mistake in _reads_for(node, position.scope, context):
        if len(same) == 1 or not first:
            yield position.replaced(mistake, new)
            continue
        yield position.replaced(mistake.at_one_of_several, new)
        yield Edit(mistake, _everywhere(position.root, node, new), node, new, tuple(same))


def _everywhere(root: Expr, old: Read, new: Read) -> Expr:
    return everywhere(root, lambda node: new if node == old else None)


def other_index(position: Position, context: Context) -> Iterator[Edit]:
    """A letter that is used as a number, with another one in its place."""
    node = position.node
    if isinstance(node, Index) and letters(node):
        for new, mistake in _subscripts_for(node.value, position.scope, context):
            yield position.replaced(mistake, Index(new))


def _reads_for(
    read: Read, scope: Sequence[Axis], context: Context
) -> Iterator[tuple[Read, m.Mistake]]:
    subs = read.subscripts
    for k, n in combinations(range(len(subs)), 2):
        if subs[k] != subs[n]:
            swapped = list(subs)
            swapped[k], swapped[n] = subs[n], subs[k]
            extents = {context.extent(s.axis) for s in (subs[k], subs[n]) if s.axis is not None}
            fits = len(extents) < 2
            mistake = m.AXES_SWAPPED if fits else m.AXES_SWAPPED_OF_TWO_EXTENTS
            yield Read(read.tensor, tuple(swapped)), mistake
    for k, one in enumerate(subs):
        for new, mistake in _subscripts_for(one, scope, context):
            yield Read(read.tensor, (*subs[:k], new, *subs[k + 1 :])), mistake
    for several in _changed_alike(subs):
        yield Read(read.tensor, several), m.ALL_SHIFTED


def _subscripts_for(
    one: Affine, scope: Sequence[Axis], context: Context
) -> Iterator[tuple[Affine, m.Mistake]]:
    axes = list(dict.fromkeys(affine_axes(one)))
    for axis in axes:
        for other in scope:
            if other not in axes and context.extent(other) == context.extent(axis):
                yield substitute_affine(one, {axis: affine(other)}), m.OTHER_LETTER
        yield _turned(one, axis), m.TURNED
    for step in (1, -1):
        yield one + step, m.SHIFTED
    if one.axis is None:
        yield from _affine_for(one, {context.extent(a) for a in scope})
    if not axes and one.number is not None:
        for axis in scope:
            yield affine(axis), m.OTHER_LETTER


def _affine_for(one: Affine, extents: set[int]) -> Iterator[tuple[Affine, m.Mistake]]:
    """Subscripts such as `2*i + u - 1` with another offset or another stride."""
    for step in (2, -2):
        yield one + step, m.SHIFTED_FAR
    if one.constant:
        yield one + -one.constant, m.SHIFTED
        yield one + -2 * one.constant, m.SHIFTED
    for atom, coefficient in one.terms:
        if isinstance(atom, Dim):
            continue
        for times in (1, -1, 2, -coefficient, *sorted(extents)):
            if times != coefficient:
                yield one + affine(atom) * (times - coefficient), m.SHIFTED
        if len(one.terms) > 1:
            yield one + affine(atom) * -coefficient, m.SHIFTED_FAR
            yield one + affine(atom) * -coefficient + 1, m.ONE_FOR_LETTER


def _turned(one: Affine, axis: Axis) -> Affine:
    """A subscript whose letter counts from the other end."""
    return substitute_affine(one, {axis: axis.extent + -1 - affine(axis)})


def _changed_alike(subs: tuple[Affine, ...]) -> Iterator[tuple[Affine, ...]]:
    """The subscripts of an image changed alike: all shifted, or all turned."""
    wide = [k for k, s in enumerate(subs) if s.axis is None and s.terms]
    for step in (1, -1, 2, -2):
        if len(wide) > 1:
            yield tuple(s + step if k in wide else s for k, s in enumerate(subs))
    for k in range(len(subs) - 1):
        some = [wide] if len(wide) > 1 and not k else []
        for which in [(k, k + 1), *some]:
            new = list(subs)
            for n in which:
                for axis in list(affine_axes(subs[n]))[-1:]:
                    new[n] = _turned(new[n], axis)
            yield tuple(new)


def letters_exchanged(position: Position, context: Context) -> Iterator[Edit]:
    """Two letters exchanged in everything that they run through."""
    node, scope = position.node, position.scope
    pairs: list[tuple[Axis, Axis, Expr, Path]] = []
    if position.above is None:
        pairs.extend((a, b, node, ()) for a, b in combinations(scope, 2))
    if isinstance(node, Reduction):
        inside = [*combinations(node.axes, 2), *((a, b) for a in node.axes for b in scope)]
        pairs.extend((a, b, node.body, (0,)) for a, b in inside)
    for one, other, part, below in pairs:
        if context.extent(one) == context.extent(other):
            new = substitute(part, {one: affine(other), other: affine(one)})
            if below and isinstance(node, Reduction):
                new = Reduction(node.op, node.axes, new)
            before, after = f"{one.letter}, {other.letter}", f"{other.letter}, {one.letter}"
            yield position.edit(m.LETTERS_EXCHANGED, new, before, after, below)


def sum_left_out(position: Position, context: Context) -> Iterator[Edit]:
    """One letter's sum left out: what it runs over stands still at another letter or an end."""
    node = position.node
    if not (isinstance(node, Reduction) and node.op == "sum"):
        return
    for k, axis in enumerate(node.axes):
        rest = (*node.axes[:k], *node.axes[k + 1 :])
        choices: list[tuple[Affine, m.Mistake]] = []
        if axis not in letters(node.body):
            choices.append((affine(axis), m.SUM_OF_EQUALS_LEFT_OUT))
        else:
            choices += [
                (affine(other), m.SUM_LEFT_OUT)
                for other in (*position.scope, *rest)
                if context.extent(other) == context.extent(axis)
            ]
            choices.append((affine(0), m.FIRST_FOR_SUM))
            choices.append((axis.extent + -1, m.LAST_FOR_SUM))
        for place, mistake in choices:
            body = substitute(node.body, {axis: place})
            new = Reduction("sum", rest, body) if rest else body
            yield position.edit(mistake, new, axis.letter)


def other_axis_reduced(position: Position, context: Context) -> Iterator[Edit]:
    """A reduction over another letter: that one runs, and the one that ran stands still."""
    node, scope = position.node, position.scope
    if not isinstance(node, Reduction):
        return
    inside = letters(node.body)
    taken = {a.letter for a in scope} | {a.letter for a in inside}
    for k, axis in enumerate(node.axes):
        for other in scope:
            if other not in inside:
                continue
            run = Axis(fresh_letter(taken, _next(other.letter)), other.extent)
            for still in scope:
                if context.extent(still) == context.extent(axis) and (
                    still == other or still not in inside
                ):
                    places = {other: affine(run), axis: affine(still)}
                    axes = (*node.axes[:k], run, *node.axes[k + 1 :])
                    new = Reduction(node.op, axes, substitute(node.body, places))
                    yield position.replaced(m.OTHER_AXIS_REDUCED, new)


def sum_too_many(position: Position, context: Context) -> Iterator[Edit]:
    """A sum more, over a letter that belongs to the left side or to another sum."""
    node, above = position.node, position.above
    if isinstance(above, Compare | Logic) or isinstance(node, Compare | Logic | Index):
        return
    if isinstance(above, Reduction) and above.op != "sum":
        return
    mistake = m.SUM_OF_PART if position.path else m.SUM_OF_ALL
    for axis in position.scope:
        if context.extent(axis) < 2:
            continue
        pieces: list[tuple[Expr, tuple[Expr, ...]]] = []  # what is summed, and factors beside it
        if isinstance(node, Read | Mul | Add) or position.whole_product:
            pieces.append((node, ()))
        if isinstance(node, Mul):
            which = [k for k, a in enumerate(node.args) if axis in letters(a)]
            if 1 < len(which) < len(node.args):
                some, others = chosen(node.args, which)
                pieces.append((Mul(some), others))
        for piece, others in pieces:
            if axis in letters(piece) and not _only_there(position, axis, piece):
                summed = _sum_over(axis, piece, position.scope)
                yield position.edit(mistake, product((*others, summed)), axis.letter)


def _sum_over(axis: Axis, piece: Expr, scope: Sequence[Axis]) -> Expr:
    bound = (a for n in walk(piece) if isinstance(n, Reduction) for a in n.axes)
    taken = {a.letter for a in (*scope, *bound)}
    letter = Axis(fresh_letter(taken, _next(axis.letter)), axis.extent)
    return Reduction("sum", (letter,), substitute(piece, {axis: affine(letter)}))


def _only_there(position: Position, axis: Axis, piece: Expr) -> bool:
    """Whether a bound letter has no use outside a piece: to sum twice is only to count again."""
    bound: Reduction | None = None
    node = position.root
    for k in position.path:
        if isinstance(node, Reduction) and axis in node.axes:
            bound = node
        node = children(node)[k]
    return bound is not None and _uses(bound.body, axis) == _uses(piece, axis)


def _uses(expr: Expr, axis: Axis) -> int:
    return sum(axis in letters(n) for n in walk(expr) if isinstance(n, Read | Index))


def _next(letter: str) -> str:
    return {"i": "k", "j": "k", "k": "l", "n": "m", "t": "s"}.get(letter, f"{letter}_")
