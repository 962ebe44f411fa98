"""Edits of activations' derivatives: one left out, put in, or taken of something else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from derive.answers.slips import mistakes as m
from derive.answers.slips.activation_slopes import Slope
from derive.answers.slips.edits.context import Context
from derive.answers.slips.edits.numbers import without_factors
from derive.answers.slips.edits.tensors import renamed
from derive.answers.slips.evaluator import Evaluator
from derive.answers.slips.nested import Nested
from derive.answers.slips.positions import Edit, Path, Position, chosen, positions, product
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
from derive.ir.tree import MINUS_ONE, ONE, ZERO, affine_axes, number, reads

_CLOSE = 1e-9


@dataclass(frozen=True)
class Group:
    """An activation's derivative in a formula: factors of a product, or a node that stands alone.

    `which` are the product's factors; `at` is the place at which the derivative is taken.
    """

    position: Position
    which: tuple[int, ...]
    slope: Slope
    at: tuple[Affine, ...]

    @property
    def paths(self) -> tuple[Path, ...]:
        """The paths of its factors; of the node itself where it is no factor."""
        return tuple((*self.position.path, k) for k in self.which) or (self.position.path,)

    @property
    def parts(self) -> list[Expr]:
        """Its factors."""
        node = self.position.node
        return [node.args[k] for k in self.which] if isinstance(node, Mul) else [node]

    def replaced(self, mistake: m.Mistake, new: Expr) -> Edit:
        """The formula with something else in the derivative's place."""
        node, before = self.position.node, product(self.parts)
        if isinstance(node, Mul):
            after = product((*chosen(node.args, self.which)[1], new))
            return self.position.edit(mistake, after, before, new, self.which)
        return self.position.edit(mistake, new, before, new)


def groups(whole: Nested, slopes: Sequence[Slope], evaluator: Evaluator) -> list[Group]:
    """The derivatives of activations in a formula, however they are written."""
    result = []
    for position in positions(whole):
        node = position.node
        if not isinstance(node, Mul) and not position.whole_product:
            continue
        args = node.args if isinstance(node, Mul) else (node,)
        by_place: dict[tuple[Affine, ...], list[int]] = {}
        for k, arg in enumerate(args):
            places = {r.subscripts for r in reads(arg)}
            if len(places) == 1 and not isinstance(arg, Number | Reduction):
                by_place.setdefault(places.pop(), []).append(k)
        for at, which in by_place.items():
            for slope in slopes:
                own = tuple(k for k in which if {r.tensor for r in reads(args[k])} <= slope.tensors)
                if at and own and _is(slope, at, [args[k] for k in own], evaluator):
                    result.append(Group(position, own if isinstance(node, Mul) else (), slope, at))
                    break
    return result


def _is(slope: Slope, at: tuple[Affine, ...], parts: Sequence[Expr], evaluator: Evaluator) -> bool:
    """Whether factors have the values of an activation's derivative at a place."""
    if len(slope.of.subscripts) != len(at):
        return False
    wanted = evaluator.value(slope.at(at))
    value = evaluator.value(parts[0])
    for part in parts[1:]:
        value = value * evaluator.value(part)
    same_shape = np.shape(value) == np.shape(wanted)
    return same_shape and bool(np.allclose(value, wanted, rtol=_CLOSE, atol=1e-12))


def slope_changed(context: Context) -> Iterator[Edit]:
    """An activation's derivative left out, or taken of something else."""
    left_out = m.SLOPE_LEFT_OUT if context.right else m.SLOPE_TOO_MUCH
    for group in groups(context.whole, context.tensors.slopes, context.evaluator):
        position = group.position
        if isinstance(position.node, Mul):
            yield without_factors(position, position.node, group.which, left_out)
            for k in group.which if len(group.which) > 1 else ():
                yield without_factors(position, position.node, (k,), m.PART_OF_SLOPE)
        for form, (read, _) in enumerate(group.slope.forms):
            for other in context.tensors.same_shape.get(read.tensor, ()):
                new = renamed(group.slope.at(group.at, form), read.tensor, other)
                yield group.replaced(m.SLOPE_OF_ANOTHER, new)
            for new in _well_known(Read(read.tensor, group.at)):
                yield group.replaced(m.SLOPE_OF_OTHER_FUNCTION, new)


def _well_known(read: Read) -> Iterator[Expr]:
    """The derivatives that are written where another function was meant."""
    for one in (read, Call("sigmoid", (read,))):
        yield Mul((one, Add((ONE, Mul((MINUS_ONE, one))))))
    for one in (read, Call("tanh", (read,))):
        yield Add((ONE, Mul((MINUS_ONE, Pow(one, number(2))))))
    yield Call("where", (Compare(">", read, ZERO), ONE, ZERO))


def slope_put_in(context: Context) -> Iterator[Edit]:
    """An activation's derivative as a factor more, wherever a product stands."""
    tensors = context.tensors
    left = tuple(affine(a) for a in context.whole.axes)
    for position in context.positions:
        above_all = position.above is None or isinstance(position.above, Add | Reduction)
        if not above_all or isinstance(position.node, Number | Add):
            continue
        scope = set(position.scope)
        for slope in tensors.slopes:
            names = {*tensors.same_shape.get(slope.of.tensor, ()), slope.of.tensor}
            at_reads = (r.subscripts for r in reads(position.root) if r.tensor in names)
            places = dict.fromkeys(at_reads)
            if len(left) == len(slope.of.subscripts):
                places.setdefault(left)
            for at in places:
                if all(a in scope for s in at for a in affine_axes(s)):
                    new = Mul((slope.at(at), position.node))
                    yield position.edit(m.SLOPE_PUT_IN, new, after=slope.at(at, -1))


def condition_dropped(position: Position, context: Context) -> Iterator[Edit]:
    """A condition left out, as where the derivative of a piecewise function is; or turned round."""
    match position.node:
        case Call("where", (condition, yes, no)):
            for branch in (yes, no):
                if not isinstance(branch, Number):
                    for bare in dict.fromkeys((branch, _undivided(branch))):
                        yield position.edit(m.CONDITION_LEFT_OUT, bare, condition)
            yield position.replaced(m.BRANCHES_SWAPPED, Call("where", (condition, no, yes)))


def _undivided(expr: Expr) -> Expr:
    """A product without what it is divided by, as by how many entries attain a maximum."""
    if not isinstance(expr, Mul):
        return expr
    over = tuple(a for a in expr.args if not isinstance(a, Pow))
    return product(over) if over else expr
