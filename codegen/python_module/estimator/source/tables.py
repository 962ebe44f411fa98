"""Data from files: arrays, or columns of a CSV file."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Collection, Iterator
from typing import Any

import numpy as np

from codegen.python_module.estimator.source.files import _brief, _listed, _load_arrays
from codegen.python_module.estimator.source.model import Model
from codegen.python_module.stand_in import (
    _FEATURE_COLUMNS,
    _FROM_TABLE,
    _INPUTS,
    _NO_CLASS,
    _ROLE,
    _TARGET_COLUMNS,
    _TARGETS,
    _WEIGHTED,
    Arrays,
    Shapes,
)


def _read_data(
    model: Model, options: argparse.Namespace, with_targets: bool = True
) -> dict[str, Any]:
    """What `fit` or, without targets, `predict` takes, from arrays or from a table."""
    path = options.data
    data: dict[str, Any] = {}
    if path.endswith(".npz"):
        arrays = _load_arrays(path)
        if _INPUTS:
            data["x"] = _named_arrays(path, arrays, _INPUTS)
        if _TARGETS and with_targets:
            data["t"] = _named_arrays(path, arrays, _TARGETS)
        if _WEIGHTED and with_targets:
            data["sample_weight"] = arrays.get("sample_weight")
        return data
    if _FROM_TABLE:
        _choose_columns(model, options, with_targets)
        data["x"] = _read_columns(path, model.feature_names_in_, _number)
        if _TARGETS and with_targets:
            if _ROLE == "classifier":
                data["t"] = _read_labels(path, model)
            else:
                data["t"] = _read_columns(path, model.target_names_, _number)
        if _WEIGHTED and with_targets and options.sample_weight is not None:
            name = options.sample_weight
            _check_names(path, _header(path), [name], "name one column")
            weights = _read_columns(path, [name], _number)
            data["sample_weight"] = [weight for (weight,) in weights]
        return data
    else:
        raise ValueError(f"{_brief(path)} is not an .npz file")


def _named_arrays(path: str, arrays: Arrays, names: Shapes) -> Any:
    """The arrays of these names: one, or a tuple of them."""
    for name in names:
        if name not in arrays:
            raise ValueError(f"{_brief(path)} holds no array {name!r}")
    chosen = tuple(arrays[name] for name in names)
    return chosen if len(chosen) > 1 else chosen[0]


def _read_labels(path: str, model: Model) -> Any:
    """The target columns: labels that the model knows, else whole numbers or text."""
    classes = model.classes_.tolist() if hasattr(model, "classes_") else []
    known = {str(label): label for label in classes}
    if _NO_CLASS and known:
        known.update((str(number), number) for number in _NO_CLASS.values())

    def label(text: str) -> Any:
        if not text:
            raise ValueError("no entry")
        if known and text not in known:
            raise ValueError(f"the label {_brief(repr(text))} is unknown")
        return known.get(text, text)

    labels = np.array(_read_columns(path, model.target_names_, label))
    try:
        numbers = labels.astype(np.int64)
    except (OverflowError, ValueError):
        return labels
    # "01" is no number but a text, and then so are all
    return labels if known or (numbers.astype(str) != labels).any() else numbers


def _choose_columns(
    model: Model, options: argparse.Namespace, with_targets: bool
) -> None:
    """Set the columns to predict from and to predict: as asked, else as before."""
    path = options.data
    header = _header(path)
    features = options.features or getattr(model, "feature_names_in_", [])
    _check_names(path, header, features, "separate names by spaces")
    taken: list[str | None] = []
    if _TARGETS:
        targets = options.target or getattr(model, "target_names_", [])
        if with_targets:
            _check_names(path, header, targets, "repeat --target for each name")
            if len(targets) != _TARGET_COLUMNS:
                plural = "s" * (_TARGET_COLUMNS != 1)
                raise ValueError(f"--target must name {_TARGET_COLUMNS} column{plural}")
            for name in features:
                if name in targets:
                    shown = _brief(repr(name))
                    raise ValueError(f"column {shown} is both a feature and a target")
        model.target_names_ = targets
        taken += targets
    if _WEIGHTED:
        taken.append(getattr(options, "sample_weight", None))
    features = features or _numeric_columns(path, taken)
    if len(features) != _FEATURE_COLUMNS:
        found = _listed(features) or f"no numbers under {_listed(header)}"
        plural = "s" * (_FEATURE_COLUMNS != 1)
        raise ValueError(
            f"the model takes {_FEATURE_COLUMNS} feature{plural}, "
            f"not {len(features)} ({found}): choose with --features"
        )
    model.feature_names_in_ = features


def _check_names(path: str, header: list[str], names: list[str], advice: str) -> None:
    """Refuse names of columns that the file hasn't, and one that is told twice."""
    for name in names:
        shown = _brief(repr(name), 40)
        if name not in header:
            message = f"{_brief(path)} has no column {shown}; it has {_listed(header)}"
            if "," in name:
                message += f"; {advice}"
            elif len(header) == 1:
                message += "; columns are separated by commas"
            raise ValueError(message)
        if names.count(name) > 1:
            raise ValueError(f"column {shown} is named twice")


def _table(path: str) -> Iterator[tuple[int, list[str]]]:
    """The lines of a CSV file, each as its number and cells: the header, then rows."""
    count, shown = 0, _brief(path)
    with open(path, newline="", encoding="utf-8-sig") as file:
        lines = csv.reader(file)
        try:
            for cells in filter(None, lines):
                count += 1
                yield lines.line_num, [cell.strip() for cell in cells]
        except UnicodeError:
            raise ValueError(f"{shown} is not a CSV file: not text in UTF-8") from None
        except csv.Error as error:
            raise ValueError(f"{shown} is not a CSV file: {error}") from None
    if count == 0:
        raise ValueError(f"{shown} is empty; its first line should name the columns")
    if count == 1:
        raise ValueError(f"{shown} has no rows below its header")


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


def _read_columns(
    path: str, names: list[str], convert: Callable[[str], Any]
) -> list[list[Any]]:
    """The named columns of a CSV file, each entry through `convert`, as rows."""
    table = _table(path)
    _, header = next(table)
    places = [header.index(name) for name in names]
    rows, shown = [], _brief(path)
    for line, cells in table:
        where = f"{shown}, row {line}"
        if len(cells) != len(header):
            raise ValueError(
                f"{where}: {len(cells)} entries under {len(header)} column names"
            )
        row = []
        for name, place in zip(names, places):
            try:
                row.append(convert(cells[place]))
            except ValueError as error:
                column = _brief(name, 40)
                raise ValueError(f"{where}, column {column}: {error}") from None
        rows.append(row)
    return rows


def _number(text: str) -> float:
    """A finite number."""
    try:
        number = float(text)
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        shown = _brief(repr(text))
        raise ValueError(f"{shown} is not a number" if text else "no entry")
    return number


def _numeric_columns(path: str, besides: Collection[str | None]) -> list[str]:
    """The columns that begin with a number, NaN or nothing, in the file's order."""
    table = _table(path)
    (_, header), (_, first) = next(table), next(table)
    numeric = []
    for name, text in zip(header, first):
        try:
            float(text or "nan")
        except ValueError:
            continue
        if name not in besides:
            numeric.append(name)
    return numeric
