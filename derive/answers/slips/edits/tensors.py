"""Edits of tensors: another value, a derivative left out, a derivative of the wrong argument."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product

import numpy as np

from derive.answers.slips.activation_slopes import Slope
from derive.answers.slips.edits.numbers import drop_factors
from derive.answers.slips.evaluator import Bench
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
    Call,
    Compare,
    Expr,
    Mul,
    Number,
    Pow,
    Read,
    Reduction,
    affine,
)
from derive.ir.tree import (
    MINUS_ONE,
    ONE,
    ZERO,
    affine_axes,
    letters,
    number,
    reads,
    substitute,
)

_CLOSE = 1e-9


@dataclass(frozen=True)
class Group:
    """Factors of a product that are an activation's derivative at one place."""

    path: Path
    which: tuple[int, ...]
    slope: Slope
    at: tuple[Affine, ...]

    @property
    def paths(self) -> tuple[Path, ...]:
        """Where its factors stand; the place itself where it is no factor of anything."""
        return tuple((*self.path, k) for k in self.which) or (self.path,)


def told_at(slope: Slope, at: tuple[Affine, ...], form: int = 0) -> Expr:
    """A derivative at the place that subscripts name."""
    read, expr = slope.forms[form]
    places = {s.axis: a for s, a in zip(read.subscripts, at, strict=True) if s.axis is not None}
    return substitute(expr, places)


def groups(whole: Nested, slopes: Sequence[Slope], bench: Bench) -> list[Group]:
    """Where an expression has derivatives of activations in it, however they are written."""
    found = []
    for spot in spots(whole):
        args = spot.node.args if isinstance(spot.node, Mul) else (spot.node,)
        if not isinstance(spot.node, Mul) and isinstance(spot.above, Mul):
            continue
        by_place: dict[tuple[Affine, ...], list[int]] = {}
        for k, arg in enumerate(args):
            at = {r.subscripts for r in reads(arg)}
            plain = not isinstance(arg, Number | Reduction) and len(at) == 1
            if plain and (place := next(iter(at))):
                by_place.setdefault(place, []).append(k)
        for at_, which in by_place.items():
            slope = _matching(args, which, at_, slopes, bench)
            if slope is not None:
                chosen, kept = slope
                whole_ = kept if isinstance(spot.node, Mul) else ()
                found.append(Group(spot.path, whole_, chosen, at_))
    return found


def _matching(
    args: tuple[Expr, ...],
    which: list[int],
    at: tuple[Affine, ...],
    slopes: Sequence[Slope],
    bench: Bench,
) -> tuple[Slope, tuple[int, ...]] | None:
    for slope in slopes:
        if len(slope.of.subscripts) != len(at):
            continue
        mine = tuple(k for k in which if {r.tensor for r in reads(args[k])} <= slope.tensors)
        if not mine:
            continue
        wanted = bench.value(told_at(slope, at))
        product = bench.value(args[mine[0]])
        for k in mine[1:]:
            product = product * bench.value(args[k])
        if np.shape(product) == np.shape(wanted) and _same(product, wanted):
            return slope, mine
    return None


def _same(one: object, other: object) -> bool:
    return bool(np.allclose(one, other, rtol=_CLOSE, atol=1e-12))  # type: ignore[arg-type]


def slope_edits(
    whole: Nested, found: Sequence[Group], like: Mapping[str, Sequence[str]], right: bool
) -> Iterator[Edit]:
    """An activation's derivative left out, or taken of something else."""
    root = whole.expr
    by_path = {spot.path: spot.node for spot in spots(whole)}
    for group in found:
        node = by_path[group.path]
        if isinstance(node, Mul):
            yield drop_factors(
                root, group.path, node.args, group.which, "missing derivative", 14 if right else 31
            )
            for k in group.which:
                if len(group.which) > 1:
                    yield drop_factors(root, group.path, node.args, (k,), "missing derivative", 32)
        inside: list[Expr] = [node]
        if isinstance(node, Mul):
            inside = [node.args[k] for k in group.which]
        for form, (read, _) in enumerate(group.slope.forms):
            for other in like.get(read.tensor, ()):
                told = told_at(group.slope, group.at, form)
                new = _renamed(told, read.tensor, other)
                yield _instead(root, group, node, inside, new)
            for new in _known_slopes(Read(read.tensor, group.at)):
                edit = _instead(root, group, node, inside, new)
                yield replace(edit, forth="wrong value", back="wrong value", rank=29)


def _known_slopes(read: Read) -> Iterator[Expr]:
    """What stands in a derivative's place where another function was meant."""
    for one in (read, Call("sigmoid", (read,))):
        yield Mul((one, Add((ONE, Mul((MINUS_ONE, one))))))
    for one in (read, Call("tanh", (read,))):
        yield Add((ONE, Mul((MINUS_ONE, Pow(one, number(2))))))
    yield Call("where", (Compare(">", read, ZERO), ONE, ZERO))


def _instead(root: Expr, group: Group, node: Expr, inside: list[Expr], new: Expr) -> Edit:
    before = inside[0] if len(inside) == 1 else Mul(tuple(inside))
    changed = new
    if isinstance(node, Mul):
        rest = tuple(a for k, a in enumerate(node.args) if k not in group.which)
        changed = Mul((*rest, new)) if rest else new
    return Edit(
        *(put(root, group.path, changed), "wrong argument", "wrong argument", "replace"),
        *(before, new, 16, group.paths),
    )


def _renamed(expr: Expr, old: str, new: str) -> Expr:
    return everywhere(
        expr,
        lambda n: Read(new, n.subscripts) if isinstance(n, Read) and n.tensor == old else None,
    )


def branch_edits(root: Expr, spot: Spot) -> Iterator[Edit]:
    """A condition left out, as where the derivative of a piecewise function is."""
    match spot.node:
        case Call("where", (condition, yes, no)):
            for branch in (yes, no):
                if not isinstance(branch, Number):
                    for bare in dict.fromkeys((branch, _undivided(branch))):
                        changed = put(root, spot.path, bare)
                        yield Edit(
                            changed,
                            "missing derivative",
                            "factor",
                            "drop",
                            condition,
                            None,
                            16,
                            (spot.path,),
                        )
            new = Call("where", (condition, no, yes))
            yield Edit(
                *(put(root, spot.path, new), "wrong argument", "wrong argument", "replace"),
                *(spot.node, new, 30, (spot.path,)),
            )


def _undivided(expr: Expr) -> Expr:
    """A product without what it is divided by, as by how many entries attain a maximum."""
    if not isinstance(expr, Mul):
        return expr
    over = tuple(a for a in expr.args if not isinstance(a, Pow))
    return over[0] if len(over) == 1 else Mul(over) if over else expr


def inserted(
    whole: Nested, slopes: Sequence[Slope], like: Mapping[str, Sequence[str]]
) -> Iterator[Edit]:
    """An activation's derivative as a factor more, wherever a product stands."""
    root = whole.expr
    for spot in spots(whole):
        if not (spot.above is None or isinstance(spot.above, Add | Reduction)):
            continue
        if isinstance(spot.node, Number | Add):
            continue
        scope = set(spot.scope)
        for slope in slopes:
            names = {*like.get(slope.of.tensor, ()), slope.of.tensor}
            places = dict.fromkeys(r.subscripts for r in reads(root) if r.tensor in names)
            left = tuple(Affine(((a, 1),)) for a in whole.axes)
            if len(left) == len(slope.of.subscripts):
                places.setdefault(left)
            for at in places:
                if all(a in scope for s in at for a in affine_axes(s)):
                    told = told_at(slope, at)
                    yield Edit(
                        put(root, spot.path, Mul((told, spot.node))),
                        "factor",
                        "missing derivative",
                        "insert",
                        None,
                        told_short(slope, at),
                        15,
                        (spot.path,),
                    )


def told_short(slope: Slope, at: tuple[Affine, ...]) -> Expr:
    """The shorter form: by the value where there is one."""
    return told_at(slope, at, len(slope.forms) - 1)


def fitted(
    root: Expr, spot: Spot, shapes: Mapping[str, tuple[Affine, ...]], barred: str
) -> Iterator[Edit]:
    """A tensor of another shape in a read's place, with the letters that fit its axes."""
    node = spot.node
    if not isinstance(node, Read) or isinstance(spot.above, Compare):
        return
    mine = shapes.get(node.tensor)
    own = tuple(dict.fromkeys(a for s in node.subscripts for a in affine_axes(s)))
    order = (*own, *(a for a in spot.scope if a not in own))
    for other, shape in shapes.items():
        if other in (barred, node.tensor) or shape == mine or not shape:
            continue
        choices = [[a for a in order if a.extent == e] for e in shape]
        found = [c for c in islice(product(*choices), 12) if len(set(c)) == len(c)]
        for axes in found[:2]:
            new = Read(other, tuple(affine(a) for a in axes))
            yield Edit(
                *(put(root, spot.path, new), "wrong value", "wrong value", "replace"),
                *(node, new, 38, (spot.path,)),
            )


def values_for(
    root: Expr, spot: Spot, shapes: Mapping[str, tuple[Affine, ...]], forward: Sequence[str]
) -> Iterator[Edit]:
    """A forward tensor in the place of factors that are made of forward values."""
    node = spot.node
    if not isinstance(node, Mul):
        return
    known = set(forward)
    which = [
        k
        for k, a in enumerate(node.args)
        if (names := {r.tensor for r in reads(a)}) and names <= known
    ]
    if len(which) < 2:
        return
    part = Mul(tuple(node.args[k] for k in which))
    rest = tuple(a for k, a in enumerate(node.args) if k not in which)
    axes = letters(part)
    for other in forward:
        choices = [[a for a in axes if a.extent == e] for e in shapes[other]]
        found = [c for c in islice(product(*choices), 12) if len(set(c)) == len(c)]
        for chosen in found[:1]:
            if len(chosen) == len(axes):
                new = Read(other, tuple(affine(a) for a in chosen))
                changed = Mul((*rest, new)) if rest else new
                yield Edit(
                    *(put(root, spot.path, changed), "wrong value", "wrong value", "replace"),
                    *(part, new, 45, tuple((*spot.path, k) for k in which)),
                )


def tensor_edits(
    root: Expr, spot: Spot, like: Mapping[str, Sequence[str]], barred: str
) -> Iterator[Edit]:
    """Another tensor of the same shape in a read's place, or in all of its places."""
    node = spot.node
    if not isinstance(node, Read):
        return
    every = [r for r in reads(root) if r.tensor == node.tensor]
    first = bool(every) and every[0] is node
    for other in like.get(node.tensor, ()):
        if other == barred:
            continue
        new = Read(other, node.subscripts)
        inside = isinstance(spot.above, Compare)
        kind = "wrong argument" if inside else "wrong value"
        yield Edit(
            *(put(root, spot.path, new), kind, kind, "replace", node, new),
            *(28 if len(every) == 1 else 29, (spot.path,)),
        )
        if first and len(every) > 1:
            whole = _renamed(root, node.tensor, other)
            paths = tuple(
                s.path
                for s in spots(Nested((), root))
                if isinstance(s.node, Read) and s.node.tensor == node.tensor
            )
            yield Edit(whole, kind, kind, "replace", node, new, 28, paths)
