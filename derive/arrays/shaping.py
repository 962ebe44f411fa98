"""Other views of the same entries: transposes, new shapes, picked places, diagonals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from derive.arrays.broadcast import same
from derive.arrays.entries import (
    ONE,
    Entries,
    Lengths,
    Scope,
    Subscripts,
    extent_text,
    number,
    shape_text,
)
from derive.arrays.nodes import All, Array, At, Every, New, Pick
from derive.ir.notation import Affine, affine
from derive.language.syntax import Fn, Op, Place, Refused, Syntax

_TURNED = {"column": "row", "row": "column", "": ""}


def transposed(place: Place, of: Entries, axes: tuple[int, ...] | None, shown: str) -> Entries:
    """The axes in another order. Raises `Refused` where these aren't the array's axes."""
    if axes is None:
        if of.rank < 2:
            return Entries(of.shape, of.at, _TURNED[of.lies], condition=of.condition, ones=of.ones)
        order = tuple(reversed(range(of.rank)))
    else:
        order = tuple(a + of.rank if a < 0 else a for a in axes)
    if sorted(order) != list(range(of.rank)):
        raise Refused(place, f"{shown} is {shape_text(of)}: its axes can't be ordered as {axes}")

    def at(subscripts: Subscripts, scope: Scope) -> Syntax:
        own: list[Syntax] = [*subscripts]
        for position, axis in enumerate(order):
            own[axis] = subscripts[position]
        return of.at(tuple(own), scope)

    shape = tuple(of.shape[a] for a in order)
    return Entries(shape, at, condition=of.condition, diagonal=of.diagonal)


def reshaped(place: Place, of: Entries, wanted: Sequence[Affine | None], shown: str) -> Entries:
    """The entries in their order under another shape.

    Axes that stay are matched from both ends; those between are counted through, for which all
    but the first have to be numbers. Raises `Refused` where that isn't so.
    """

    def refused() -> Refused:
        to = " x ".join("-1" if e is None else extent_text(e) for e in wanted)
        return Refused(place, f"{shown} is {shape_text(of)}, which can't become {to or 'a number'}")

    if list(wanted).count(None) > 1:
        raise refused()
    old, new = list(of.shape), list(wanted)
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    before, after = old[head : len(old) - tail], new[head : len(new) - tail]
    whole = _count(before)
    if None in after:
        known = [e for e in after if e is not None]
        rest = _quotient(before, known)
        if rest is None:
            raise refused()
        after = [rest if e is None else e for e in after]
    target = [e for e in after if e is not None]
    plain_before = [e for e in before if e != ONE]
    plain_after = [e for e in target if e != ONE]
    if plain_before != plain_after and (whole is None or whole != _count(target)):
        raise refused()
    shape = (*old[:head], *target, *old[len(old) - tail :])

    def at(subscripts: Subscripts, scope: Scope) -> Syntax:
        inner = subscripts[head : len(subscripts) - tail]
        rest = subscripts[len(subscripts) - tail :]
        if plain_before == plain_after:
            left = [s for s, e in zip(inner, target, strict=True) if e != ONE]
            middle = [number(place, 0) if e == ONE else left.pop(0) for e in before]
        else:
            middle = _split(place, _linear(place, inner, target), before)
        return of.at((*subscripts[:head], *middle, *rest), scope)

    return Entries(tuple(shape), at, condition=of.condition)


def _count(extents: Sequence[Affine]) -> Affine | None:
    """The product of extents, where at most one of them isn't a number."""
    total = affine(1)
    for extent in extents:
        if extent.number is not None:
            total = total * extent.number
        elif total.number is not None:
            total = extent * total.number
        else:
            return None
    return total


def _quotient(over: Sequence[Affine], under: Sequence[Affine]) -> Affine | None:
    left = list(over)
    divisor = 1
    for extent in under:
        if extent in left:
            left.remove(extent)
        elif extent.number is not None:
            divisor *= extent.number
        else:
            return None
    whole = _count(left)
    parts = [] if whole is None else [whole.constant, *(c for _, c in whole.terms)]
    if whole is None or divisor == 0 or any(p % divisor for p in parts):
        return None
    return Affine(tuple((a, c // divisor) for a, c in whole.terms), whole.constant // divisor)


def _linear(place: Place, subscripts: Subscripts, extents: Sequence[Affine]) -> Syntax:
    result: Syntax | None = None
    stride = 1
    for subscript, extent in zip(reversed(subscripts), reversed(extents), strict=True):
        if extent != ONE:
            part: Syntax = (
                subscript if stride == 1 else Op(place, "*", (number(place, stride), subscript))
            )
            result = part if result is None else Op(place, "+", (part, result))
        stride *= extent.number or 1
    return number(place, 0) if result is None else result


def _split(place: Place, linear: Syntax, extents: Sequence[Affine]) -> list[Syntax]:
    result: list[Syntax] = []
    stride = 1
    for k, extent in reversed(list(enumerate(extents))):
        part = linear if stride == 1 else Op(place, "//", (linear, number(place, stride)))
        if any(e != ONE for e in extents[:k]) and extent != ONE:
            part = Op(place, "%", (part, number(place, extent.number or 1)))
        result.append(number(place, 0) if extent == ONE else part)
        stride *= extent.number or 1
    return result[::-1]


def picked(
    place: Place,
    of: Entries,
    picks: Sequence[Pick],
    integers: Mapping[str, Entries],
    shown: str,
    length: Lengths,
) -> Entries:
    """Whole axes, new ones, single places, and integer arrays that walk in step."""
    every = _of_every_axis(place, of, picks, shown)
    shape: list[Affine] = []
    plan: list[tuple[str, int, Pick]] = []
    step: int | None = None
    axis = 0
    for pick in every:
        match pick:
            case New():
                shape.append(ONE)
                continue
            case All():
                plan.append(("axis", len(shape), pick))
                shape.append(of.shape[axis])
            case Array(name=name):
                if step is None:
                    step = len(shape)
                    shape.append(integers[name].shape[0])
                elif not same(shape[step], integers[name].shape[0]):
                    raise Refused(place, f"{name} has {shape_text(integers[name])}")
                plan.append(("step", step, pick))
            case Every():
                if step is None:
                    step = len(shape)
                    shape.append(of.shape[axis])
                plan.append(("step", step, pick))
            case At():
                plan.append(("at", axis, pick))
        axis += 1

    def at(subscripts: Subscripts, scope: Scope) -> Syntax:
        own: list[Syntax] = []
        for kind, position, pick in plan:
            match kind, pick:
                case "at", At(at=place_):
                    own.append(_place(place, place_, of.shape[position], length))
                case "step", Array(name=name):
                    own.append(integers[name].at((subscripts[position],), scope))
                case _:
                    own.append(subscripts[position])
        return of.at(tuple(own), scope)

    return Entries(tuple(shape), at, of.lies, condition=of.condition)


def _of_every_axis(place: Place, of: Entries, picks: Sequence[Pick], shown: str) -> list[Pick]:
    """The subscripts, whole axes that aren't written among them."""
    walking = sum(not isinstance(p, New) for p in picks)
    if walking > of.rank:
        raise Refused(
            place,
            f"{shown} is {shape_text(of)} and has {walking} subscripts here; take some out",
        )
    every = [*picks, *(All() for _ in range(of.rank - walking))]
    steps = [k for k, p in enumerate(every) if isinstance(p, Every | Array)]
    if steps and steps != list(range(steps[0], steps[-1] + 1)):
        raise Refused(place, "integer arrays stand side by side in subscripts")
    return every


def _place(place: Place, at: int, extent: Affine, length: Lengths) -> Syntax:
    if extent.number is not None and not -extent.number <= at < extent.number:
        raise Refused(place, f"place {at} is outside of an axis of {extent.number}")
    if at >= 0:
        return number(place, at)
    if extent.number is not None:
        return number(place, extent.number + at)
    return Op(place, "-", (length(place, extent), number(place, -at)))


def diagonal(place: Place, of: Entries, shown: str) -> Entries:
    """Of a vector the matrix that has it on its diagonal, of a matrix the vector."""
    if of.rank == 1:

        def at(subscripts: Subscripts, scope: Scope) -> Syntax:
            row, column = subscripts
            value = of.value((row,), scope)
            return Fn(place, "where", (Op(place, "==", (row, column)), value, number(place, 0)))

        return Entries((of.shape[0],) * 2, at, diagonal=of)
    if not of.rank:
        raise Refused(place, f"diag takes a vector or a square matrix, and {shown} is a number")
    square(place, of, f"diag({shown})")
    if of.diagonal:
        return of.diagonal
    return Entries(of.shape[:1], lambda s, scope: of.value((s[0], s[0]), scope), "column")


def identity(place: Place, size: Affine) -> Entries:
    """The identity matrix."""
    ones = Entries((size,), lambda _, __: number(place, 1), "column", ones=True)

    def at(subscripts: Subscripts, scope: Scope) -> Syntax:
        row, column = subscripts
        return number(place, 1) if row == column else Fn(place, "delta", subscripts)

    return Entries((size, size), at, diagonal=ones)


def one_hot(place: Place, of: Entries, classes: Affine) -> Entries:
    """A row for each entry of an integer array: 1 at its place, 0 elsewhere."""

    def at(subscripts: Subscripts, scope: Scope) -> Syntax:
        return Fn(place, "delta", (subscripts[-1], of.at(subscripts[:-1], scope)))

    return Entries((*of.shape, classes), at)


def square(place: Place, of: Entries, shown: str) -> None:
    """Raises `Refused` where the last two axes aren't equally long."""
    if of.rank < 2 or not same(of.shape[-1], of.shape[-2]):
        raise Refused(place, f"{shown} takes a square matrix; this is {shape_text(of)}")
