"""What rows say of a text whose error terms are those of each sample's own loss."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from derive.checks.report import Row

DETAIL = "as the error term of each sample: what reads it divides by their number"
_TIMES = re.compile(r"(?<!/)\b(size\(\w+\)) is too much")


def worded(row: Row, terms: Collection[str]) -> Row:
    """A row about the text in terms of the derivatives, in terms of what was written."""
    if row.ok and row.name in terms:
        return replace(row, detail="; ".join(filter(None, (DETAIL, row.detail))))
    if row.ok or not row.data.get("explained"):
        return row
    explained = [_TIMES.sub(r"1/\1 is left out", e) for e in row.data["explained"]]
    notes = tuple(_TIMES.sub(r"1/\1 is left out", n) for n in row.notes)
    return replace(row, notes=notes, data={**row.data, "explained": explained})
