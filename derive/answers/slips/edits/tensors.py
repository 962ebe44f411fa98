"""Edits of tensors: another one read, at one place or at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from itertools import product as choices_of

from derive.answers.slips import mistakes as m
from derive.answers.slips.edits.context import Context
from derive.answers.slips.positions import Edit, Position, chosen, everywhere, product
from derive.ir.notation import Affine, Axis, Compare, Expr, Mul, Read, affine
from derive.ir.tree import affine_axes, letters, reads

_MOST_CHOICES = 12


def other_tensor(position: Position, context: Context) -> Iterator[Edit]:
    """Another tensor of the same shape in a read's place, or in all of its places."""
    node = position.node
    if not isinstance(node, Read):
        return
    every = [r for r in reads(position.root) if r.tensor == node.tensor]
    compared = isinstance(position.above, Compare)
    mistake = m.OTHER_TENSOR_COMPARED if compared else m.OTHER_TENSOR
    for other in context.tensors.same_shape.get(node.tensor, ()):
        if other == context.tensors.asked:
            continue
        new = Read(other, node.subscripts)
        alone = len(every) == 1
        yield position.replaced(mistake if alone else mistake.at_one_of_several, new)
        if not alone and every and every[0] is node:
            paths = tuple(
                p.path
                for p in context.positions
                if isinstance(p.node, Read) and p.node.tensor == node.tensor
            )
            yield Edit(mistake, renamed(position.root, node.tensor, other), node, new, paths)


def renamed(expr: Expr, old: str, new: str) -> Expr:
    """The same with another tensor read."""
    return everywhere(
        expr,
        lambda n: Read(new, n.subscripts) if isinstance(n, Read) and n.tensor == old else None,
    )


def tensor_that_fits(position: Position, context: Context) -> Iterator[Edit]:
    """A tensor of another shape in a read's place, with the letters that fit its axes."""
    node, shapes = position.node, context.tensors.shapes
    if not (context.right and isinstance(node, Read)) or isinstance(position.above, Compare):
        return
    own = dict.fromkeys(a for s in node.subscripts for a in affine_axes(s))
    order = tuple(dict.fromkeys((*own, *position.scope)))
    for other, shape in shapes.items():
        if other in (context.tensors.asked, node.tensor) or not shape:
            continue
        if shape != shapes.get(node.tensor):
            for axes in _fitting(shape, order)[:2]:
                yield position.replaced(m.TENSOR_THAT_FITS, Read(other, axes))


def value_for_factors(position: Position, context: Context) -> Iterator[Edit]:
    """A forward tensor in the place of factors that are made of forward values."""
    node = position.node
    if not (context.right and isinstance(node, Mul)):
        return
    forward = set(context.tensors.forward)
    which = [
        k
        for k, a in enumerate(node.args)
        if (names := {r.tensor for r in reads(a)}) and names <= forward
    ]
    if len(which) < 2:
        return
    some, rest = chosen(node.args, which)
    part = Mul(some)
    axes = tuple(letters(part))
    for other in context.tensors.forward:
        for places in _fitting(context.tensors.shapes[other], axes)[:1]:
            if len(places) == len(axes):
                new = Read(other, places)
                after = product((*rest, new))
                yield position.edit(m.VALUE_FOR_FACTORS, after, part, new, which)


def _fitting(shape: Sequence[Affine], axes: Sequence[Axis]) -> list[tuple[Affine, ...]]:
    """Subscripts for a shape: each letter at most once, where it runs as far as the axis."""
    choices = choices_of(*([a for a in axes if a.extent == e] for e in shape))
    some = (c for c in islice(choices, _MOST_CHOICES) if len(set(c)) == len(c))
    return [tuple(affine(a) for a in axes) for axes in some]
