"""Names that look like derivatives and mean none of the model's: they must not vanish silently."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from derive.arrays.walk import arrays
from derive.errors import nearest, shorten
from derive.ir.names import is_adjoint, primal_of
from derive.readers.numpy_source.intermediates import Assigned
from derive.readers.vocabulary import Unread

_WORDS = re.compile(
    r"(?:grad|gradient|nabla|delta|deriv|d)_\w+|(?:grad|nabla|delta)s?\w*"
    r"|d[A-Z]\w*|(?:d|g)\w*\d|\w+_(?:grad|gradient|deriv|delta)"
)


def is_like_derivative(name: str, names: Collection[str]) -> bool:
    """Whether a name is one that people give to derivatives; `names` are all that they use."""
    return _WORDS.fullmatch(name) is not None or primal_of(name) in names


def leftovers(
    assigned: Sequence[Assigned],
    kept: Collection[str],
    fits: dict[str, Sequence[str]],
    lost: Sequence[Unread],
    unread: Sequence[Unread],
) -> list[Unread]:
    """What is like a derivative, is no tensor of the model's, and is read by no formula of one.

    `fits` has for an own name the derivatives whose shape it has, `lost` what couldn't be read.
    """
    names = {a.written for a in assigned} | {n for a in assigned for n in arrays(a.node)}
    last = {a.written: a for a in assigned}
    found = {
        a.name: a
        for a in last.values()
        if a.tensor is None
        and a.name not in kept
        and (is_like_derivative(a.written, names) or (is_adjoint(a.written) and fits.get(a.name)))
    }
    read = {n for a in found.values() for n in _behind(a, {b.name: b for b in assigned})}
    given = {a.tensor for a in assigned}
    told_of = {u.name for u in unread}
    rows = []
    for name, one in found.items():
        if name in read or one.written in told_of:
            continue
        open_ = [t for t in fits.get(name, ()) if t not in given]
        rows.append(unknown(one.written, one.place.line, open_))
    told = {r.name for r in rows} | {a.written for a in assigned if a.name in kept}
    again = {u.name: u for u in lost if is_like_derivative(u.name, names)}
    return [*rows, *(u for n, u in again.items() if n not in told)]


def unknown(name: str, line: int, fits: Sequence[str]) -> Unread:
    """A row for a name that means nothing here; where one tensor fits it, that is suggested."""
    shown = shorten(name)
    near = fits[0] if len(fits) == 1 else (nearest(name, fits) or "")
    cure = f"did you mean '{near}'? " if near else ""
    such = near or (fits[0] if fits else "dW1")
    reason = (
        f"the model has no '{shown}', and no formula of the model's reads it; {cure}"
        f'say which tensor it is, such as --names "{shown}={such}"'
    )
    return Unread(name, line, reason)


def _behind(one: Assigned, by_name: dict[str, Assigned]) -> set[str]:
    """The own names that a value is made of."""
    seen: set[str] = set()
    work = [one]
    while work:
        for name in arrays(work.pop().node):
            if name in by_name and name not in seen:
                seen.add(name)
                work.append(by_name[name])
    return seen
