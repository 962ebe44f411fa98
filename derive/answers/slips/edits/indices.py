"""Edits of letters: transposes, wrong indices, sums left out and sums too many."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

from derive.answers.slips.nested import Nested
from derive.answers.slips.positions import (
    Edit,
    Path,
    Spot,
    everywhere,
    put,
    spots,
)
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

Extent = Callable[[Axis], int]


def letter_edits(root: Expr, spot: Spot, extent: Extent) -> Iterator[Edit]:
    """What may have gone wrong with the letters at one place."""
    node = spot.node
    if isinstance(node, Read) and node.subscripts:
        yield from _of_read(root, spot, node, extent)
    if isinstance(node, Index) and letters(node):
        for new, rank in _other_subscript(node.value, spot.scope, extent):
            changed = put(root, spot.path, Index(new))
            yield Edit(
                *(changed, "index", "index", "replace", node, Index(new), rank, (spot.path,)),
            )
    if isinstance(node, Reduction):
        yield from _sum_left_out(root, spot, node, extent)
        yield from _other_axis(root, spot, node, extent)
    if spot.above is None or isinstance(node, Reduction):
        yield from _exchanged(root, spot, extent)
    yield from _sum_too_many(root, spot, extent)


def _of_read(root: Expr, spot: Spot, read: Read, extent: Extent) -> Iterator[Edit]:
    """One read, and where the tensor is read more than once also all of its reads alike."""
    alike = [r for r in reads(root) if r == read]
    first = next(r for r in reads(root) if r == read) is read
    where = tuple(s.path for s in spots(Nested((), root)) if s.node == read) if first else ()
    for new, kind, rank in _other_subscripts(read, spot.scope, extent):
        if len(alike) == 1 or not first:
            yield Edit(
                put(root, spot.path, new), kind, kind, "replace", read, new, rank, (spot.path,)
            )
            continue
        yield Edit(
            put(root, spot.path, new), kind, kind, "replace", read, new, rank + 1, (spot.path,)
        )
        changed = _replaced(root, read, new)
        yield Edit(changed, kind, kind, "replace", read, new, rank, where)


def _replaced(root: Expr, old: Read, new: Read) -> Expr:
    return everywhere(root, lambda node: new if node == old else None)


def _other_subscripts(
    read: Read, scope: tuple[Axis, ...], extent: Extent
) -> Iterator[tuple[Read, str, int]]:
    subs = read.subscripts
    for k, one in enumerate(subs):
        for m in range(k + 1, len(subs)):
            if one != subs[m]:
                swapped = list(subs)
                swapped[k], swapped[m] = subs[m], one
                axes = [s.axis for s in (one, subs[m]) if s.axis is not None]
                # of two extents it reads 0 beyond the shorter: where that fits, it does by chance
                fits = len({extent(a) for a in axes}) < 2
                yield Read(read.tensor, tuple(swapped)), "transpose", 12 if fits else 45
    for k, one in enumerate(subs):
        for new, rank in _other_subscript(one, scope, extent):
            yield Read(read.tensor, (*subs[:k], new, *subs[k + 1 :])), "index", rank
    for several in _together(subs):
        yield Read(read.tensor, several), "index", 33


def _other_subscript(
    one: Affine, scope: tuple[Axis, ...], extent: Extent
) -> Iterator[tuple[Affine, int]]:
    axes = list(dict.fromkeys(affine_axes(one)))
    for axis in axes:
        for other in scope:
            if other not in axes and extent(other) == extent(axis):
                yield substitute_affine(one, {axis: affine(other)}), 26
        yield _turned(one, axis), 32
    for step in (1, -1):
        yield one + step, 27
    if one.axis is None:
        for step in (2, -2):
            yield one + step, 28
        if one.constant:
            yield one + -one.constant, 27
            yield one + -2 * one.constant, 27
        for atom, coefficient in one.terms:
            if isinstance(atom, Dim):
                continue
            extents = {extent(a) for a in scope}
            for times in (1, -1, 2, -coefficient, *sorted(extents)):
                if times != coefficient:
                    yield one + affine(atom) * (times - coefficient), 27
            if len(one.terms) > 1:
                yield one + affine(atom) * -coefficient, 28
                yield one + affine(atom) * -coefficient + 1, 29  # a 1 where a letter belongs
    if not axes and one.number is not None:
        for axis in scope:
            yield affine(axis), 26


def _turned(one: Affine, axis: Axis) -> Affine:
    """A subscript whose letter counts from the other end."""
    return substitute_affine(one, {axis: axis.extent + -1 - affine(axis)})


def _together(subs: tuple[Affine, ...]) -> Iterator[tuple[Affine, ...]]:
    """The subscripts of an image changed alike: all shifted, or all turned."""
    wide = [k for k, s in enumerate(subs) if s.axis is None and s.terms]
    for step in (1, -1, 2, -2):
        if len(wide) > 1:
            yield tuple(s + step if k in wide else s for k, s in enumerate(subs))
    for k in range(len(subs) - 1):
        some = [wide] if len(wide) > 1 and not k else []
        for which in [(k, k + 1), *some]:
            new = list(subs)
            for m in which:
                for axis in list(affine_axes(subs[m]))[-1:]:
                    new[m] = _turned(new[m], axis)
            yield tuple(new)


def _exchanged(root: Expr, spot: Spot, extent: Extent) -> Iterator[Edit]:
    """Two letters exchanged in everything that they run through."""
    node, scope = spot.node, spot.scope
    pairs: list[tuple[Axis, Axis, Expr, Path]] = []
    if spot.above is None:
        pairs.extend((a, b, node, spot.path) for a, b in combinations(scope, 2))
    if isinstance(node, Reduction):
        inside = [*combinations(node.axes, 2), *((a, b) for a in node.axes for b in scope)]
        pairs.extend((a, b, node.body, (*spot.path, 0)) for a, b in inside)
    for one, other, part, path in pairs:
        if extent(one) == extent(other):
            new = substitute(part, {one: affine(other), other: affine(one)})
            yield Edit(
                *(put(root, path, new), "transpose", "transpose", "replace"),
                *(f"{one.letter}, {other.letter}", f"{other.letter}, {one.letter}"),
                *(14, (path,)),
            )


def _sum_left_out(root: Expr, spot: Spot, node: Reduction, extent: Extent) -> Iterator[Edit]:
    if node.op != "sum":
        return
    for k, axis in enumerate(node.axes):
        rest = (*node.axes[:k], *node.axes[k + 1 :])

        def at(place: Affine, axis: Axis = axis, rest: tuple[Axis, ...] = rest) -> Expr:
            body = substitute(node.body, {axis: place})
            return Reduction("sum", rest, body) if rest else body

        def edit(new: Expr, rank: int, axis: Axis = axis) -> Edit:
            return Edit(
                *(put(root, spot.path, new), "missing sum", "extra sum", "no sum"),
                *(axis.letter, None, rank, (spot.path,)),
            )

        if axis not in letters(node.body):
            yield edit(Reduction("sum", rest, node.body) if rest else node.body, 18)
            continue
        same = [a for a in (*spot.scope, *rest) if extent(a) == extent(axis)]
        for other in same:
            yield edit(at(affine(other)), 20)
        yield edit(at(affine(0)), 21)
        yield edit(at(axis.extent + -1), 22)


def _other_axis(root: Expr, spot: Spot, node: Reduction, extent: Extent) -> Iterator[Edit]:
    """A reduction over another letter: that one runs, and the one that ran stands still."""
    inside = letters(node.body)
    taken = {a.letter for a in spot.scope} | {a.letter for a in inside}
    for k, axis in enumerate(node.axes):
        for other in spot.scope:
            if other not in inside:
                continue
            run = Axis(fresh_letter(taken, _next(other.letter)), other.extent)
            for still in spot.scope:
                if extent(still) != extent(axis) or (still in inside and still != other):
                    continue
                places = {other: affine(run), axis: affine(still)}
                axes = (*node.axes[:k], run, *node.axes[k + 1 :])
                new = Reduction(node.op, axes, substitute(node.body, places))
                yield Edit(
                    *(put(root, spot.path, new), "index", "index", "replace"),
                    *(node, new, 27, (spot.path,)),
                )


def _sum_too_many(root: Expr, spot: Spot, extent: Extent) -> Iterator[Edit]:
    node = spot.node
    if isinstance(spot.above, Compare | Logic) or isinstance(node, Compare | Logic | Index):
        return
    if isinstance(spot.above, Reduction) and spot.above.op != "sum":
        return
    pieces: list[tuple[Expr, Callable[[Expr], Expr], Path]] = []
    whole = isinstance(node, Read | Mul | Add) or spot.heads
    if whole:
        pieces.append((node, lambda new: put(root, spot.path, new), spot.path))
    for axis in spot.scope:
        if extent(axis) < 2:
            continue
        for piece, back, path in [*pieces, *_with_letter(root, spot, axis)]:
            if axis not in letters(piece) or _only_there(root, spot, axis, piece):
                continue
            taken = {a.letter for a in spot.scope} | {
                a.letter for n in walk(piece) if isinstance(n, Reduction) for a in n.axes
            }
            letter = Axis(fresh_letter(taken, _next(axis.letter)), axis.extent)
            summed = Reduction("sum", (letter,), substitute(piece, {axis: affine(letter)}))
            yield Edit(
                *(back(summed), "extra sum", "missing sum", "sum"),
                *(axis.letter, None, 20 if not spot.path else 23, (path,)),
            )


def _only_there(root: Expr, spot: Spot, axis: Axis, piece: Expr) -> bool:
    """Whether a bound letter has no use outside a piece: to sum twice is only to count again."""
    bound: Reduction | None = None
    node = root
    for k in spot.path:
        if isinstance(node, Reduction) and axis in node.axes:
            bound = node
        node = children(node)[k]
    return bound is not None and _uses(bound.body, axis) == _uses(piece, axis)


def _uses(expr: Expr, axis: Axis) -> int:
    return sum(axis in letters(n) for n in walk(expr) if isinstance(n, Read | Index))


def _next(letter: str) -> str:
    return {"i": "k", "j": "k", "k": "l", "n": "m", "t": "s"}.get(letter, f"{letter}_")


def _with_letter(
    root: Expr, spot: Spot, axis: Axis
) -> Iterator[tuple[Expr, Callable[[Expr], Expr], Path]]:
    """The factors of a product that read a letter, where these are some and not all."""
    if not isinstance(spot.node, Mul):
        return
    args = spot.node.args
    which = [k for k, a in enumerate(args) if axis in letters(a)]
    if 1 < len(which) < len(args):
        rest = tuple(a for k, a in enumerate(args) if k not in which)
        piece = Mul(tuple(args[k] for k in which))
        yield piece, lambda new: put(root, spot.path, Mul((*rest, new))), spot.path
