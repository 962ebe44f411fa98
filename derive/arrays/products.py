"""Products of matrices and vectors."""

from __future__ import annotations

from derive.arrays.broadcast import closer, same
from derive.arrays.entries import (
    ANY,
    ONE,
    Entries,
    Lengths,
    Scope,
    Subscripts,
    number,
    reduced,
    shape_text,
    times,
)
from derive.arrays.shape_mismatch import Apart
from derive.ir.notation import Affine
from derive.language.occurrences import bound_names
from derive.language.syntax import Name, Place, Refused, Syntax


def matmul(
    place: Place, left: Entries, right: Entries, shown: tuple[str, str], length: Lengths
) -> Entries:
    """`left @ right`, leading axes broadcast as NumPy does it.

    Raises `Refused` where one is a number, or where the inner extents differ.
    """
    if not left.rank or not right.rank:
        which = shown[0] if not left.rank else shown[1]
        raise Refused(place, f"{which} is a number, which '@' doesn't take; write '*'")
    inner_left, inner_right = left.shape[-1], right.shape[max(right.rank - 2, 0)]
    if not same(inner_left, inner_right):
        raise Apart(
            place,
            (left, right),
            f"{shown[0]} @ {shown[1]}: {shown[0]} is {shape_text(left)} and {shown[1]} is "
            f"{shape_text(right)}; the last axis of the first and the "
            f"{'first' if right.rank < 3 else 'last but one'} of the second have to agree",
        )
    inner = closer(inner_left, inner_right)
    row = left.shape[-2:-1]
    column = right.shape[-1:] if right.rank > 1 else ()
    if left.diagonal and left.rank == 2:
        return _scaled_rows(left.diagonal, right, inner)
    if right.diagonal and right.rank == 2:
        return _scaled_columns(left, right.diagonal, inner)
    leads = [left.shape[:-2], right.shape[:-2]]
    lead = max(leads, key=len)
    for own in leads:
        beside = lead[len(lead) - len(own) :]
        if any(not same(a, b) and ONE not in (a, b) for a, b in zip(own, beside, strict=True)):
            raise Apart(
                place,
                (left, right),
                f"{shown[0]} is {shape_text(left)} and {shown[1]} is {shape_text(right)}: "
                "the axes before the last two don't agree",
            )
    lead = tuple(
        max((own[k - len(lead)] for own in leads if len(own) >= len(lead) - k), key=_not_one)
        for k in range(len(lead))
    )
    shape = (*lead, *row, *column)

    def at(subscripts: Subscripts, scope: Scope) -> Syntax:
        letter, inside = scope.fresh(inner)
        k = Name(place, letter)
        front = subscripts[: len(lead)]
        rows = subscripts[len(lead) : len(lead) + len(row)]
        columns = subscripts[len(lead) + len(row) :]
        one = left.value((*_kept(place, front, leads[0]), *rows, k), inside)
        other_lead = _kept(place, front, leads[1])
        other = right.value((*other_lead, k, *columns), inside.having(bound_names(one)))
        return reduced(place, "sum", ((letter, inner),), times(one, other), length)

    return Entries(shape, at)


def _not_one(extent: Affine) -> bool:
    return extent != ONE


def _kept(place: Place, subscripts: Subscripts, own: tuple[Affine, ...]) -> Subscripts:
    chosen = subscripts[len(subscripts) - len(own) :]
    return tuple(number(place, 0) if e == ONE else s for s, e in zip(chosen, own, strict=True))


def _scaled_rows(diagonal: Entries, right: Entries, inner: Affine) -> Entries:
    shape = (
        inner if right.rank < 3 and right.shape[0] == ANY else right.shape[0],
        *right.shape[1:],
    )

    def at(subscripts: Subscripts, scope: Scope) -> Syntax:
        row = subscripts[max(len(subscripts) - 2, 0)]
        one = diagonal.value((row,), scope)
        return times(one, right.value(subscripts, scope.having(bound_names(one))))

    return Entries(shape, at, diagonal=right.diagonal if diagonal.ones else None)


def _scaled_columns(left: Entries, diagonal: Entries, inner: Affine) -> Entries:
    shape = (*left.shape[:-1], inner)

    def at(subscripts: Subscripts, scope: Scope) -> Syntax:
        one = left.value(subscripts, scope)
        return times(one, diagonal.value((subscripts[-1],), scope.having(bound_names(one))))

    return Entries(shape, at)


def oriented(
    place: Place, left: Entries, right: Entries, shown: tuple[str, str], length: Lengths
) -> Entries:
    """`left @ right` in matrix notation: a vector is a column unless it is transposed.

    Where only the reading with plain vectors fits, as in `x @ A @ x`, that is taken.
    """
    ranks = (left.rank, right.rank)
    if 0 in ranks:
        return _of_number(place, left, right, shown)
    if ranks == (1, 1):
        if (left.lies, right.lies) == ("column", "row"):
            return outer(left, right)
        return matmul(place, left, right, shown, length)
    result = matmul(place, left, right, shown, length)
    if ranks == (2, 1):
        lies = "" if right.lies == "row" else "column"
    elif ranks == (1, 2):
        lies = "" if left.lies == "column" else "row"
    else:
        return result
    return Entries(result.shape, result.at, lies)


def multiplied(
    place: Place, left: Entries, right: Entries, shown: tuple[str, str], length: Lengths
) -> None:
    """Raises `Refused` with the cure where `@` fits two factors of a `*`, which doesn't."""
    try:
        oriented(place, left, right, shown, length)
    except Refused:
        return
    raise Refused(
        place,
        f"{shown[0]} is {shape_text(left)} and {shown[1]} is {shape_text(right)}, and '*' is "
        f"entry by entry; for the product of matrices write {shown[0]} @ {shown[1]}",
    )


def _of_number(place: Place, left: Entries, right: Entries, shown: tuple[str, str]) -> Entries:
    """A number is a matrix of one row and one column: it goes before a row, behind a column."""
    which = shown[0] if not left.rank else shown[1]
    other = right if not left.rank else left
    fits = not other.rank or other.lies == ("row" if not left.rank else "column")
    if not fits:
        raise Refused(place, f"{which} is a number, which '@' doesn't take here; write '*'")

    def at(subscripts: Subscripts, scope: Scope) -> Syntax:
        one = left.value(subscripts if left.rank else (), scope)
        return times(
            one, right.value(subscripts if right.rank else (), scope.having(bound_names(one)))
        )

    return Entries(other.shape, at, other.lies)


def outer(left: Entries, right: Entries) -> Entries:
    """The products of each entry of one vector with each of another; of arrays, flattened."""

    def at(subscripts: Subscripts, scope: Scope) -> Syntax:
        one = left.value(subscripts[: left.rank], scope)
        other = right.value(subscripts[left.rank :], scope.having(bound_names(one)))
        return times(one, other)

    return Entries((*left.shape, *right.shape), at)
