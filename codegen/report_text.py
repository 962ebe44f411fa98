"""A report as text: a table for the terminal, and Markdown."""

from __future__ import annotations

import textwrap

from derive.checks.report import OPEN, Report, Row

WIDTH = 80
FORMULAS = ("derived", "written there", "derived there")  # notes that hold a formula


def as_text(report: Report) -> str:
    """A table of at most 80 columns, with what there is to say of a row below it."""
    rows, passed = _shown(report)
    columns = [(row.check, row.name, row.verdict) for row in rows]
    widths = [max((len(c[k]) for c in columns), default=0) for k in range(3)]
    lines = [report.title, ""]
    for row, cells in zip(rows, columns, strict=True):
        start = "  ".join(c.ljust(w) for c, w in zip(cells, widths, strict=True))
        lines.extend(_beside(start.rstrip(), row.detail))
        for note in row.notes:
            lines.extend(_indented(note))
    if report.names:
        names = ", ".join(f"{written} is {tensor}" for written, tensor in report.names)
        lines += ["", *textwrap.wrap(f"names: {names}", WIDTH, subsequent_indent="    ")]
    lines += ["", *textwrap.wrap(passed, WIDTH)] if passed else []
    lines += ["", report.verdict]
    return "\n".join(lines) + "\n"


def as_markdown(report: Report) -> str:
    """A table, and below it the notes on each formula that isn't right."""
    lines = [f"# {report.title}", "", "| check | of | verdict | |", "|---|---|---|---|"]
    rows, passed = _shown(report)
    for row in rows:
        cells = (row.check, _code(row.name), row.verdict, _cell(row.detail))
        lines.append(f"| {' | '.join(cells)} |".replace("|  |", "| |"))
    for row in rows:
        if row.notes:
            lines += ["", f"**{_code(row.name)}**: {row.verdict}", ""]
            lines += [f"* {_marked(note)}" for note in (row.detail, *row.notes) if note]
    if report.names:
        lines += ["", "Names:", ""]
        lines += [f"* {_code(written)} is {_code(tensor)}" for written, tensor in report.names]
    lines += ["", f"{passed[0].upper()}{passed[1:]}."] if passed else []
    return "\n".join([*lines, "", report.verdict[0].upper() + report.verdict[1:] + "."]) + "\n"


def _shown(report: Report) -> tuple[tuple[Row, ...], str]:
    """The rows that a person reads, and a line for the others.

    Who gives formulas asks about these; of the checks of the derivation and of its module only what
    is wrong or open is said then.
    """
    if not report.formulas:
        return report.rows, ""
    loud = tuple(row for row in report.own if not row.ok or row.verdict == OPEN)
    quiet = [row for row in report.own if row not in loud]
    if not quiet:
        return (*report.formulas, *loud), ""
    kinds = ", ".join(dict.fromkeys(row.check for row in quiet))
    passed = f"the derivation itself: {len(quiet)} checks pass ({kinds})"
    return (*report.formulas, *loud), passed


def _beside(start: str, detail: str) -> list[str]:
    """The detail on the same line where there is room, else indented below."""
    if not detail:
        return [start]
    if len(start) + 2 + len(detail) <= WIDTH:
        return [f"{start}  {detail}"]
    return [start, *_indented(detail)]


def _indented(text: str) -> list[str]:
    """Below a row; what doesn't fit on a line goes on further in."""
    return textwrap.wrap(text, WIDTH, initial_indent="    ", subsequent_indent="      ")


def _code(text: str) -> str:
    return f"`{text}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _marked(note: str) -> str:
    """A note whose formula, after a colon, is set as code."""
    head, colon, formula = note.partition(": ")
    return f"{head}: `{formula}`" if colon and head in FORMULAS else note
