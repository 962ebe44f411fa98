"""Sums of products by letters, and reductions along axes."""

from __future__ import annotations

from collections.abc import Sequence

from derive.arrays.entries import (
    ONE,
    Entries,
    Lengths,
    Scope,
    Subscripts,
    extent_text,
    reduced,
    shape_text,
)
from derive.ir.notation import Affine
from derive.language.syntax import Name, Op, Place, Refused, Syntax


def by_letters(
    place: Place,
    letters: Sequence[str],
    kept: str,
    parts: Sequence[Entries],
    shown: Sequence[str],
    length: Lengths,
) -> Entries:
    """A sum of products: a string of letters for each array, and those that stay.

    Raises `Refused` where letters don't fit shapes.
    """
    extents: dict[str, Affine] = {}
    for own, part, label in zip(letters, parts, shown, strict=True):
        if len(own) != part.rank:
            raise Refused(place, f"einsum: '{own}' doesn't fit {label}, {shape_text(part)}")
        for letter, extent in zip(own, part.shape, strict=True):
            known = extents.setdefault(letter, extent)
            if known != extent:
                raise Refused(
                    place,
                    f"einsum: letter '{letter}' is {extent_text(known)} long and, in "
                    f"{label}, {extent_text(extent)}",
                )
    if not set(kept) <= set(extents) or len(set(kept)) != len(kept):
        raise Refused(place, f"einsum: '{kept}' names letters that no array has, or one twice")
    gone = [x for x in extents if x not in kept]

    def at(subscripts: Subscripts, scope: Scope) -> Syntax:
        place_of: dict[str, Syntax] = dict(zip(kept, subscripts, strict=True))
        run = []
        for letter in gone:
            fresh, scope = scope.fresh(extents[letter])
            run.append((fresh, extents[letter]))
            place_of[letter] = Name(place, fresh)
        body: Syntax | None = None
        for own, part in zip(letters, parts, strict=True):
            value = part.value(tuple(place_of[x] for x in own), scope)
            body = value if body is None else Op(place, "*", (body, value))
        assert body is not None
        return reduced(place, "sum", run, body, length)

    return Entries(tuple(extents[x] for x in kept), at)


def along_axes(
    place: Place, op: str, inner: Entries, along: Sequence[int], keepdims: bool, length: Lengths
) -> Entries:
    """A reduction over some axes, which stay with extent 1 or go."""
    kept = [k for k in range(inner.rank) if k not in along]

    def at(subscripts: Subscripts, scope: Scope) -> Syntax:
        own: list[Syntax | None] = [None] * inner.rank
        for k, position in enumerate(kept):
            own[position] = subscripts[position if keepdims else k]
        run = []
        for position in along:
            letter, scope = scope.fresh(inner.shape[position])
            run.append((letter, inner.shape[position]))
            own[position] = Name(place, letter)
        body = inner.value(tuple(s for s in own if s is not None), scope)
        return reduced(place, op, run, body, length)

    if keepdims:
        return Entries(tuple(ONE if k in along else e for k, e in enumerate(inner.shape)), at)
    shape = tuple(inner.shape[k] for k in kept)
    return Entries(shape, at)
