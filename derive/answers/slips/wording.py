"""A slip in words: one clause, with the parts of the formulas that it is about."""

from __future__ import annotations

import re

from derive.answers.slips.positions import Edit
from derive.answers.slips.slip import OWN
from derive.ir.notation import Expr
from derive.language.printer import expr_text

_LONGEST = 70
_OWN_EXTENT = re.compile(r"size\((\w+) \d+\)")


def clause(edit: Edit, right: bool) -> str:
    """The mistake in a clause; `right`: the right formula was edited, else the written one was."""
    before, after = _text(edit.before), _text(edit.after)
    match edit.mistake.what:
        case "drop":
            return f"{before} is left out" if right else f"{before} is too much"
        case "insert":
            return f"{after} is too much" if right else f"{after} is left out"
        case "no sum":
            return (
                f"the sum over {before} is left out" if right else f"a sum over {before} too many"
            )
        case "sum":
            return (
                f"a sum over {before} too many" if right else f"the sum over {before} is left out"
            )
        case "sign":
            turned = before if right else after
            return f"the sign of {turned.removeprefix('-')} is turned"
        case _:
            wrong, wanted = (after, before) if right else (before, after)
            return f"{wrong} where {wanted} belongs"


def _text(part: Expr | str | None) -> str:
    if part is None:
        return "nothing"
    text = part if isinstance(part, str) else expr_text(part)
    text = text.replace(OWN, "")
    text = _OWN_EXTENT.sub(r"size(\1)", text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
