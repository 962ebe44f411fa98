"""Which values on the way to a tensor are steps, and which are given as that tensor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from derive.arrays.nodes import (
    Fill,
    Like,
    Literal,
    Transpose,
    Whole,
)
from derive.arrays.walk import arrays
from derive.errors import shorten
from derive.ir.names import is_adjoint
from derive.language.syntax import Place, Refused
from derive.readers.numpy_source.meanings_by_value import is_sum


@dataclass(frozen=True)
class Assigned:
    """One value that got a name: the model's `tensor`, or the writer's own `name`.

    `written` is the name in the text and `count` says for which time it is given.
    """

    name: str
    tensor: str | None
    node: Whole
    place: Place
    text: str
    written: str = ""
    count: int = 0


Step = tuple[str, int]


def steps(found: Sequence[Assigned]) -> frozenset[Step]:
    """Values that a later one for the same tensor is made of, or that only hold its place.

    `dz = ...; dz = dz*slope` and `dW /= m` are one computation. Raises `Refused` where a derivative
    is given twice, in two computations.
    """
    by_name = {a.name: k for k, a in enumerate(found) if a.tensor is None}
    given: dict[str, list[int]] = {}
    for k, one in enumerate(found):
        if one.tensor is not None:
            given.setdefault(one.tensor, []).append(k)
    kept: set[Step] = set()
    for tensor, places in given.items():
        sums = [k for k in places if is_sum(found[k].node)]
        if tensor.startswith("z") and sums:
            # `scores -= scores.max()`: what follows the sum is the writer's own
            kept |= {(found[k].written, found[k].count) for k in places if k != sums[-1]}
            continue
        for k, after in pairwise(places):
            one, last = found[k], found[places[-1]]
            step = _reads(found, by_name, after, tensor, k) or holds_place(one.node)
            if not step and one.node != last.node and is_adjoint(tensor):
                raise _twice(tensor, one, found[after])
            if step or is_adjoint(tensor) or one.written == last.written:
                kept.add((one.written, one.count))
    return frozenset(kept)


def _reads(
    found: Sequence[Assigned], by_name: dict[str, int], start: int, tensor: str, since: int
) -> bool:
    """Whether a value reads what was given to a tensor, itself or by way of own values."""
    work, seen = [start], {start}
    while work:
        for name in arrays(found[work.pop()].node):
            if name == tensor:
                return True
            own = by_name.get(name, -1)
            if own > since and own not in seen:
                seen.add(own)
                work.append(own)
    return False


def holds_place(node: Whole) -> bool:
    """Zeros and the like, which a later value takes the place of."""
    if isinstance(node, Transpose):
        return holds_place(node.of)
    return isinstance(node, Literal | Like | Fill)


def _twice(tensor: str, one: Assigned, other: Assigned) -> Refused:
    names = " and ".join(dict.fromkeys(f"'{shorten(a.written)}'" for a in (one, other)))
    are = "are both taken for" if one.written != other.written else "is"
    return Refused(
        other.place,
        f"given twice, lines {one.place.line} and {other.place.line}: {names} {are} {tensor}; "
        "leave one out, or check them one at a time",
    )
