"""Data from files: arrays, or columns of a CSV file."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np

from codegen.python_module.estimator.source.arrays import _split
from codegen.python_module.estimator.source.columns import (
    _header,
    _is_missing,
    _number,
    _records,
    _suited,
    _survey,
    _texts,
    _unfit,
    _widened,
)
from codegen.python_module.estimator.source.files import (
    _brief,
    _listed,
    _load_arrays,
    _tell,
)
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
    Array,
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
        return _read_table(model, options, with_targets)
    else:
        raise ValueError(f"{_brief(path)} is not an .npz file")


def _named_arrays(path: str, arrays: Arrays, names: Shapes) -> Any:
    """The arrays of these names: one, or a tuple of them."""
    for name in names:
        if name not in arrays:
            raise ValueError(f"{_brief(path)} holds no array {name!r}")
    chosen = tuple(arrays[name] for name in names)
    return chosen if len(chosen) > 1 else chosen[0]


def _choose_columns(
    model: Model, options: argparse.Namespace, with_targets: bool
) -> None:
    """Set the columns to predict from and to predict: as asked, else as before."""
    path = options.data
    header = _header(path)
    known = getattr(model, "feature_names_in_", [])
    columns = getattr(model, "columns_", {name: [] for name in known})
    asked = options.features or []
    _check_names(path, header, asked or [*columns], "separate names by spaces")
    taken: list[str | None] = []
    if _TARGETS:
        targets = options.target or getattr(model, "target_names_", [])
        if with_targets:
            _check_names(path, header, targets, "separate names by spaces")
            if len(targets) != _TARGET_COLUMNS:
                plural = "s" * (_TARGET_COLUMNS != 1)
                raise ValueError(f"--target must name {_TARGET_COLUMNS} column{plural}")
            for name in asked or columns:
                if name in targets:
                    shown = _brief(repr(name))
                    raise ValueError(f"column {shown} is both a feature and a target")
        model.target_names_ = targets
        taken += targets
    if _WEIGHTED:
        taken.append(getattr(options, "sample_weight", None))
    if asked and asked != [*columns]:
        columns = _asked_columns(path, asked)
    elif not columns:
        columns = _found_columns(path, taken, getattr(options, "quiet", True))
    features = _widened(columns)
    if len(features) != _FEATURE_COLUMNS:
        found = _listed(features) or f"no numbers under {_listed(header)}"
        plural = "s" * (_FEATURE_COLUMNS != 1)
        raise ValueError(
            f"the model takes {_FEATURE_COLUMNS} feature{plural}, "
            f"not {len(features)} ({found}): choose with --features"
        )
    model.columns_ = columns
    model.feature_names_in_ = features


def _asked_columns(path: str, names: list[str]) -> dict[str, list[str]]:
    """The columns that are asked for, with the texts of those that hold texts."""
    found = _survey(path)
    columns = {}
    for name in names:
        columns[name] = _texts(found[name])
        if columns[name] and _unfit(name, found[name]).startswith("more"):
            reason = _unfit(name, found[name])
            raise ValueError(f"column {_brief(repr(name))} can't be read: {reason}")
    return columns


def _found_columns(
    path: str, besides: list[str | None], quiet: bool
) -> dict[str, list[str]]:
    """The columns that suit the model: numbers and texts, else numbers alone."""
    fit, unfit = _suited(path, besides)
    numbers = {name: texts for name, texts in fit.items() if not texts}
    every: dict[str, list[str]] = {}
    for name, column in _survey(path).items():
        if column["numbers"] and name not in besides:
            every[name] = []
    for columns in (fit, numbers, every):
        if len(_widened(columns)) == _FEATURE_COLUMNS:
            break
    else:
        return fit if any(fit.values()) else every
    if not quiet:
        for name in fit.keys() - columns.keys():
            unfit[name] = "texts, for which the model has no inputs"
        for name, reason in unfit.items():
            if name not in columns:
                _tell(f"left out: {_brief(name, 40)} ({reason})")
    return columns


def _check_names(path: str, header: list[str], names: list[str], advice: str) -> None:
    """Refuse names of columns that the file hasn't, and one that is told twice."""
    for name in names:
        shown = _brief(repr(name), 40)
        if name not in header:
            message = f"{_brief(path)} has no column {shown}; it has {_listed(header)}"
            if "," in name:
                message += f"; {advice}"
            elif len(header) == 1:
                message += "; columns are separated by commas, semicolons or tabs"
            raise ValueError(message)
        if names.count(name) > 1:
            raise ValueError(f"column {shown} is named twice")


def _read_table(
    model: Model, options: argparse.Namespace, with_targets: bool
) -> dict[str, Any]:
    """The columns that were chosen, as arrays without a missing entry."""
    path, missing = options.data, getattr(options, "missing", None)
    fills = getattr(model, "fills_", {})
    readers: dict[str, Callable[[str], Any]] = {}
    for name, texts in model.columns_.items():
        readers[name] = _one_of(texts) if texts else _number
    needed: list[str] = []
    if _TARGETS and with_targets:
        needed += model.target_names_
        reader = _label_reader(model) if _ROLE == "classifier" else _number
        readers.update(dict.fromkeys(needed, reader))
    if _WEIGHTED and with_targets and options.sample_weight is not None:
        name = options.sample_weight
        _check_names(path, _header(path), [name], "name one column")
        readers[name] = _number
        needed.append(name)
    if not missing:
        advice = "; see --missing" if hasattr(options, "missing") else ""
        rows = _read_columns(path, readers, needed if fills else [*readers], advice)
    else:
        rows = _read_columns(path, readers)
        rows = _without_missing(
            rows, readers, needed if missing == "mean" or fills else readers
        )
        if missing == "mean" and not fills:
            fills = model.fills_ = _means(model, rows)
    _fill(rows, fills, getattr(options, "quiet", True))
    columns = dict(zip(readers, zip(*rows)))
    data: dict[str, Any] = {"x": _features(model.columns_, columns)}
    if _TARGETS and with_targets:
        data["t"] = [*zip(*(columns[name] for name in model.target_names_))]
        if _ROLE == "classifier":
            data["t"] = _as_labels(model, data["t"])
    if _WEIGHTED and with_targets and options.sample_weight is not None:
        data["sample_weight"] = columns[options.sample_weight]
    return data


def _read_columns(
    path: str,
    readers: dict[str, Callable[[str], Any]],
    needed: list[str] | None = None,
    advice: str = "",
) -> list[list[Any]]:
    """The columns of a CSV file, each entry by its reader, as rows.

    A missing entry is None; in a column that is needed it is an error.
    """
    read = []
    for where, cells in _records(path):
        row = []
        for name, reader in readers.items():
            text = cells[name]
            try:
                if not _is_missing(text):
                    row.append(reader(text))
                elif needed is None or name not in needed:
                    row.append(None)
                else:
                    raise ValueError(f"no entry{advice}")
            except ValueError as error:
                column = _brief(name, 40)
                raise ValueError(f"{where}, column {column}: {error}") from None
        read.append(row)
    return read


def _one_of(texts: list[str]) -> Callable[[str], str]:
    """A reader of texts that the model was trained with."""

    def read(text: str) -> str:
        if text not in texts:
            message = f"the text {_brief(repr(text))} is none of {_listed(texts)}"
            raise ValueError(message)
        return text

    return read


def _label_reader(model: Model) -> Callable[[str], Any]:
    """A reader of labels: those that the model knows, else any text."""
    classes = model.classes_.tolist() if hasattr(model, "classes_") else []
    known = {str(label): label for label in classes}
    if _NO_CLASS and known:
        known.update((str(number), number) for number in _NO_CLASS.values())

    def read(text: str) -> Any:
        if known and text not in known:
            raise ValueError(f"the label {_brief(repr(text))} is unknown")
        return known.get(text, text)

    return read


def _as_labels(model: Model, entries: list[tuple[Any, ...]]) -> Array:
    """Labels as the model knows them, else whole numbers or text."""
    labels = np.array(entries)
    if hasattr(model, "classes_"):
        return labels
    try:
        numbers = labels.astype(np.int64)
    except (OverflowError, ValueError):
        return labels
    # "01" is no number but a text, and then so are all
    return labels if (numbers.astype(str) != labels).any() else numbers


def _without_missing(
    rows: list[list[Any]], readers: Any, needed: Any
) -> list[list[Any]]:
    """The rows that have an entry in every column that is needed."""
    places = [place for place, name in enumerate(readers) if name in needed]
    kept = [row for row in rows if all(row[place] is not None for place in places)]
    if not kept:
        raise ValueError("every row misses an entry")
    if len(kept) < len(rows):
        count = f"{len(rows) - len(kept)} of {len(rows)} rows"
        _tell(f"left out: {count}, in which an entry is missing")
    return kept


def _means(model: Model, rows: list[list[Any]]) -> dict[str, Any]:
    """What stands for a missing entry: the mean, or the commonest text, in training."""
    train, _ = _split([np.arange(len(rows))], model.validation, model.seed)
    fills: dict[str, Any] = {}
    for place, (name, texts) in enumerate(model.columns_.items()):
        entries = [rows[k][place] for k in train[0] if rows[k][place] is not None]
        if not entries:
            raise ValueError(f"column {_brief(name, 40)} has no entry to train with")
        mean = max(texts, key=entries.count) if texts else float(np.mean(entries))
        fills[name] = mean
    return fills


def _fill(rows: list[list[Any]], fills: dict[str, Any], quiet: bool) -> None:
    """Put what stands for missing entries in their places."""
    for place, (name, fill) in enumerate(fills.items()):
        lacking = [row for row in rows if row[place] is None]
        for row in lacking:
            row[place] = fill
        if lacking and not quiet:
            shown = fill if isinstance(fill, str) else f"{fill:.6g}"
            column = _brief(name, 40)
            count = f"{len(lacking)} of {len(rows)} rows"
            _tell(f"filled in: {column} is {shown} in {count}, where it is missing")


def _features(texts_of: dict[str, list[str]], columns: dict[str, Any]) -> Array:
    """The features of rows: a number as it is, a text as 1 in a column of its own."""
    parts = []
    for name, texts in texts_of.items():
        column = np.array(columns[name])[:, np.newaxis]
        parts.append((column == np.array(texts) if texts else column).astype(float))
    return np.hstack(parts)
