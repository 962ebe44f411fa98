"""How a text from the literature is checked: as a user checks it, with nothing left open."""

from derive import check
from derive.answers.check_text import check_formulas


def verdicts(derivation, text, *, again=False):
    """What is told of each formula, where all of the report is well and nothing is left open.

    `again` is for a derivation that another text has had proved.
    """
    rows = tuple(check_formulas(derivation, text, 0)) if again else check(derivation, text).rows
    assert [row for row in rows if not row.ok] == []
    found = {row.name: row.verdict for row in rows if row.check == "formula"}
    assert set(found.values()) <= {"equal", "equal at points"}, found
    return found


def proved(derivation, text, *, again=False):
    """The tensors whose formulas are equal symbol for symbol, and all others."""
    found = verdicts(derivation, text, again=again)
    sure = {name for name, verdict in found.items() if verdict == "equal"}
    return sure, set(found) - sure
