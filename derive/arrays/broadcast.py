"""Broadcasting: the shapes that go together entry by entry."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from derive.arrays.entries import ANY, ONE, Entries, Scope, Shape, Subscripts, number, shape_text
from derive.arrays.shape_mismatch import Apart
from derive.ir.notation import Affine
from derive.language.syntax import Place, Refused, Syntax


def same(one: Affine, other: Affine) -> bool:
    """Whether two axes are equally long, or one takes the length of the other."""
    return one == other or ANY in (one, other)


def closer(one: Affine, other: Affine) -> Affine:
    """Of two extents that are the same the one that is known."""
    return other if one == ANY else one


def _wider(one: Affine, other: Affine) -> Affine | None:
    if one == ONE:
        return other
    if other == ONE or same(one, other):
        return closer(one, other) if other != ONE else one
    return None


def entrywise(
    place: Place,
    args: Sequence[Entries],
    shown: Callable[[int], str],
    make: Callable[[list[Callable[[], Syntax]]], Syntax],
    column: bool,
) -> Entries:
    """Arrays side by side, those with fewer axes repeated along the first ones.

    `make` puts the entries together, `shown` is an argument's text. In matrix notation (`column`)
    nothing but numbers is repeated. Raises `Refused` where two shapes don't fit.
    """
    shape: Shape = ()
    lies, first = "", 0
    for k, arg in enumerate(args):
        if not arg.rank:
            continue
        if shape and column:
            _aligned(place, shape, lies, arg, shown(first), shown(k))
        result = _broadcast(shape, arg.shape)
        if result is None:
            other = Entries(shape, arg.at, lies)
            raise Apart(
                place,
                (other, arg),
                f"{shown(first)} is {shape_text(other)} and {shown(k)} is {shape_text(arg)}: "
                "these don't go together entry by entry; transpose one or give it another shape",
            )
        if not shape:
            first = k
        if not shape or not lies:
            lies = arg.lies
        shape = result

    def at(subscripts: Subscripts, scope: Scope) -> Syntax:
        def entry(arg: Entries) -> Callable[[], Syntax]:
            own = subscripts[len(subscripts) - arg.rank :]
            wide = shape[len(shape) - arg.rank :]
            kept = tuple(
                number(place, 0) if e == ONE and w != ONE else s
                for s, e, w in zip(own, arg.shape, wide, strict=True)
            )
            return lambda: arg.at(kept, scope)

        return make([entry(a) for a in args])

    return Entries(shape, at, lies if len(shape) == 1 else "")


def _broadcast(one: Shape, other: Shape) -> Shape | None:
    if len(one) < len(other):
        one, other = other, one
    lead = len(one) - len(other)
    result = list(one[:lead])
    for a, b in zip(one[lead:], other, strict=True):
        wide = _wider(a, b)
        if wide is None:
            return None
        result.append(wide)
    return tuple(result)


def _aligned(place: Place, shape: Shape, lies: str, arg: Entries, one: str, other: str) -> None:
    """In matrix notation: no row beside a column, no vector beside a matrix."""
    known = Entries(shape, arg.at, lies)
    both = f"{one} is {shape_text(known)} and {other} is {shape_text(arg)}"
    if len(shape) != arg.rank:
        raise Refused(
            place,
            f"{both}: a vector and a matrix don't go together entry by entry; "
            "write an outer product with vector(1), or diag",
        )
    if {lies, arg.lies} == {"row", "column"}:
        raise Refused(place, f"{both}: transpose one of them")
    if ONE in (*shape, *arg.shape) and shape != arg.shape:
        raise Refused(place, f"{both}: these differ; only numbers go with every shape")
