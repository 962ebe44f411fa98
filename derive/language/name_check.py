"""Rules for the names of tensors and letters."""

from __future__ import annotations

import keyword

from derive.errors import shorten
from derive.language.syntax import RESERVED


def check_name(name: str, what: str = "tensor", written: bool = True) -> str | None:
    """Why a name can't be used, in one clause; None where it can.

    `written` says that it stands in equations as it is, where it may not be a word of theirs.
    """
    if not name.isidentifier():
        return f"'{shorten(name)}' is no name for a {what}; use letters, digits and '_'"
    if not name.isascii():
        return f"'{shorten(name)}' is no name for a {what}; use ASCII letters, digits and '_'"
    if name.startswith("__"):
        return f"'{name}' is no name for a {what}; don't begin with two underscores"
    if len(name) > 60:
        return f"the name '{shorten(name)}' is longer than 60 characters"
    if keyword.iskeyword(name):
        return f"'{name}' is a keyword of Python; take another name, such as '{name}_'"
    if written and name in RESERVED:
        return f"'{name}' is a word of the equation language; take another name"
    return None
