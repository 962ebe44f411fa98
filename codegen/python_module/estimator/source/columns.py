"""What stands in columns of a CSV file: numbers, texts, or nothing to learn from."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np

from codegen.python_module.estimator.source.files import _brief

_MOST_TEXTS = 20  # so many different ones in a column are told apart
_DATES = ("0000-00-00", "0000/00/00", "00.00.0000", "00/00/0000")
_COUNTS = ("", "id", "index", "row", "rownames", "unnamed: 0")  # names of no feature


def _table(path: str) -> Iterator[tuple[int, list[str]]]:
    """The lines of a CSV file, each as its number and cells: the header, then rows.

    What separates cells is what the header has most of. Where that is no comma, a
    comma in a number is its point.
    """
    count, shown = 0, _brief(path)
    with open(path, newline="", encoding="utf-8-sig") as file:
        try:
            separator = max(",;\t|", key=file.readline().count)
            file.seek(0)
            lines = csv.reader(file, delimiter=separator)
            for row in filter(None, lines):
                count += 1
                cells = [cell.strip() for cell in row]
                if separator != "," and count > 1:
                    cells = [*map(_with_point, cells)]
                yield lines.line_num, cells
        except UnicodeError:
            raise ValueError(f"{shown} is not a CSV file: not text in UTF-8") from None
        except csv.Error as error:
            raise ValueError(f"{shown} is not a CSV file: {error}") from None
    if count == 0:
        raise ValueError(f"{shown} is empty; its first line should name the columns")
    if count == 1:
        raise ValueError(f"{shown} has no rows below its header")


def _with_point(text: str) -> str:
    """A number with a decimal comma as one with a point."""
    pointed = text.replace(",", ".")
    try:
        float(pointed)
    except ValueError:
        return text
    return pointed


def _header(path: str) -> list[str]:
    """The column names in the first line of a CSV file."""
    _, header = next(_table(path))
    shown = _brief(path)
    if any("\0" in name for name in header):
        raise ValueError(f"{shown} is not a CSV file: its first line is no text")
    if len({*header}) < len(header):
        twice = _brief(repr(max(header, key=header.count)), 40)
        raise ValueError(f"{shown} has two columns named {twice}")
    return header


def _records(path: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of a CSV file, each as its place in words and its cells by column."""
    table, shown = _table(path), _brief(path)
    _, header = next(table)
    for line, cells in table:
        if len(cells) != len(header):
            what = f"{len(cells)} entries under {len(header)} column names"
            raise ValueError(f"{shown}, row {line}: {what}")
        yield f"{shown}, row {line}", dict(zip(header, cells))


def _is_missing(text: str) -> bool:
    """Whether a cell says that there is no entry."""
    return text.lower() in ("", "na", "n/a", "nan", "null", "?")


def _number(text: str) -> float:
    """A finite number."""
    try:
        number = float(text)
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise ValueError(f"{_brief(repr(text))} is not a number")
    return number


def _survey(path: str) -> dict[str, dict[str, Any]]:
    """Of each column: its first texts, and whether it holds numbers alone, or dates."""
    found: dict[str, dict[str, Any]] = {}
    for name in _header(path):
        found[name] = {"texts": set(), "entries": 0, "missing": 0}
        found[name].update(numbers=True, dates=True, many=False)
    for _, cells in _records(path):
        for name, text in cells.items():
            column = found[name]
            if _is_missing(text):
                column["missing"] += 1
                continue
            column["entries"] += 1
            if not column["many"]:
                column["texts"].add(text)
                column["many"] = len(column["texts"]) > _MOST_TEXTS
            if column["numbers"]:
                try:
                    _number(text)
                except ValueError:
                    column["numbers"] = False
            if column["dates"]:
                form = "".join("0" if c.isdigit() else c for c in text[:10])
                column["dates"] = form in _DATES
    return found


def _unfit(name: str, column: dict[str, Any]) -> str:
    """Why nothing is to be learned from a column; nothing where something is."""
    different = len(column["texts"])
    if different == 0:
        return "no entries"
    if different == 1:
        return "the same everywhere"
    if column["dates"]:
        return "dates"
    if column["numbers"]:
        low = name.lower()
        counts = low in _COUNTS or low.endswith(("_id", " id")) or name.endswith("Id")
        return "it counts the rows" if counts else ""
    if column["many"]:
        return f"more than {_MOST_TEXTS} different texts"
    if different == column["entries"] > 2:
        return "every row has a text of its own"
    return ""


def _suited(
    path: str, besides: Collection[str | None]
) -> tuple[dict[str, list[str]], dict[str, str]]:
    """The columns to learn from, with the texts of those that hold texts.

    Beside them stands why the others are left out.
    """
    fit, unfit = {}, {}
    for name, column in _survey(path).items():
        reason = _unfit(name, column)
        if name in besides:
            continue
        if reason:
            unfit[name] = reason
        else:
            fit[name] = _texts(column)
    return fit, unfit


def _texts(column: dict[str, Any]) -> list[str]:
    """The texts of a column in order; none where it holds numbers."""
    return [] if column["numbers"] else sorted(column["texts"])


def _widened(columns: dict[str, list[str]]) -> list[str]:
    """The features that columns give: one of each number, one for each text."""
    names = []
    for name, texts in columns.items():
        names += [f"{name}={text}" for text in texts] or [name]
    return names
