"""Names that look like derivatives and mean none of the model's: they must not vanish silently."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from derive.errors import nearest, shorten
from derive.readers.vocabulary import Unread

_WORDS = re.compile(
    r"(?:grad|gradient|nabla|delta|deriv|d)_\w+|(?:grad|nabla|delta)s?\w*"
    r"|d[A-Z]\w*|(?:d|g)\w*\d|\w+_(?:grad|gradient|deriv|delta)"
)


def is_like_derivative(name: str, names: Collection[str]) -> bool:
    """Whether a name is one that people give to derivatives; `names` are all that they use."""
    return _WORDS.fullmatch(name) is not None or (name[:1] == "d" and name[1:] in names)


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
