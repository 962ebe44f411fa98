"""The report of a check: its rows, and as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from derive.ir.display import Displayed

DIFFERENT, EQUAL, EQUAL_AT_POINTS, EQUAL_IF = "different", "equal", "equal at points", "equal if"
OPEN = "not checked"


@dataclass(frozen=True)
class Row:
    """One verdict: on a tensor's derivative, on the steps, or on a formula that a person wrote.

    `check` is "exact", "numeric", "steps", "module" or "formula". `verdict` is "different" or
    "wrong" where something is wrong, "not checked" where nothing could be decided (`detail`
    says why; that passes, but where a formula can't be read: `data` then says "refused"),
    else one of "identical", "agrees", and for a formula "equal", "equal at points", "equal if".
    The last is no mistake where what is assumed is assumed of data that the model is given. `notes`
    are further lines for a person, `data` the same for machines.
    """

    name: str
    check: str
    verdict: str
    detail: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing wrong was found."""
        if self.verdict == EQUAL_IF:
            return bool(self.data.get("given"))
        return self.verdict not in (DIFFERENT, "wrong") and not self.data.get("refused")


@dataclass(frozen=True)
class Report(Displayed):
    """All verdicts, in the order in which they were reached.

    `names` are the names in a person's formulas that were taken for tensors of the model.
    """

    title: str
    rows: tuple[Row, ...]
    names: tuple[tuple[str, str], ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing wrong was found."""
        return all(row.ok for row in self.rows)

    @property
    def checked(self) -> bool:
        """Whether anything was found at all, right or wrong."""
        return any(row.verdict != OPEN for row in self.rows)

    @property
    def formulas(self) -> tuple[Row, ...]:
        """The rows on what a person wrote."""
        return tuple(row for row in self.rows if row.check == "formula")

    @property
    def own(self) -> tuple[Row, ...]:
        """The rows on the derivation and on the module emitted from it."""
        return tuple(row for row in self.rows if row.check != "formula")

    @property
    def verdict(self) -> str:
        """The outcome in a few words; where formulas were given, it is first on these."""
        if not self.checked:
            return "nothing could be checked"
        if not self.formulas:
            return _outcome(self.own, "all checks pass", "")
        right = "the formula is right" if len(self.formulas) == 1 else "all formulas are right"
        if any(row.verdict == EQUAL_IF for row in self.formulas):
            right += " where what is assumed holds"
        words = [_outcome(self.formulas, right, "formulas")]
        if not all(row.ok for row in self.own):
            words.append(_outcome(self.own, "", "checks of the derivation itself"))
        return ", ".join(words)

    def __repr__(self) -> str:
        return f"<Report on {self.title}: {self.verdict}; {len(self.rows)} rows>"

    def __str__(self) -> str:
        lines = [self.title, ""]
        for row in self.rows:
            lines.append("  ".join(filter(None, (row.check, row.name, row.verdict, row.detail))))
            lines += [f"    {note}" for note in row.notes]
        lines += [f"{written} is {tensor}" for written, tensor in self.names]
        return "\n".join([*lines, "", self.verdict]) + "\n"

    def to_json(self) -> dict[str, Any]:
        """The same as plain data: `checks`, and `formulas` where any were given."""
        return {
            "ok": self.ok,
            "checks": [_plain(r, "name") for r in self.own],
            "formulas": [_plain(r, "tensor") for r in self.formulas],
            **({"names": dict(self.names)} if self.names else {}),
        }


def _outcome(rows: tuple[Row, ...], right: str, what: str) -> str:
    """How many rows are wrong, or that none is, and how many could not be judged."""
    wrong = sum(not row.ok and row.verdict != OPEN for row in rows)
    unknown = sum(row.verdict == OPEN for row in rows)
    words = [right] if all(row.ok for row in rows) and unknown < len(rows) else []
    alone = bool(what) and len(rows) == 1
    count = "the formula is" if alone else f"{wrong} of {len(rows)} {what}".rstrip()
    words += [f"{count} wrong"] if wrong else []
    words += [f"{unknown} not checked"] if unknown else []
    return ", ".join(words)


def _plain(row: Row, key: str) -> dict[str, Any]:
    result: dict[str, Any] = {key: row.name}
    if row.check != "formula":
        result["check"] = row.check
    result["verdict"] = row.verdict
    if row.detail:
        result["detail"] = row.detail
    return {**result, **row.data}
