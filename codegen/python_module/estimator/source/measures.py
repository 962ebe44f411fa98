"""How good the predictions of a classifier are: by label, and in all."""

from __future__ import annotations

from typing import Any

import numpy as np

from codegen.python_module.estimator.source.files import _brief
from codegen.python_module.estimator.source.labels import _picked
from codegen.python_module.stand_in import _CLASSES, _IGNORED, _KIND, _ROLE, Array


def _confusion(codes: Array, picked: Array) -> Array:
    """How often the label in a row was taken for that in a column."""
    table = np.zeros((_CLASSES, _CLASSES), dtype=int)
    codes, picked = codes.ravel(), picked.ravel()
    if _IGNORED:
        counts = ~np.isin(codes, _IGNORED)
        codes, picked = codes[counts], picked[counts]
    np.add.at(table, (codes, picked), 1)
    return table


def _rates(table: Array) -> tuple[Array, Array, Array]:
    """Precision, recall and F1 of each label; 0 where there is nothing to divide by."""
    right = np.diag(table)
    told, there = np.maximum(table.sum(axis=0), 1), np.maximum(table.sum(axis=1), 1)
    both = np.maximum(table.sum(axis=0) + table.sum(axis=1), 1)
    return right / told, right / there, 2 * right / both


def _macro_f1(table: Array) -> float:
    """The mean of F1 over the labels that occur."""
    occurs = table.sum(axis=1) > 0
    return float(_rates(table)[2][occurs].mean()) if occurs.any() else 0.0


def _accuracy(codes: Array, right: Array, weights: Array) -> float:
    """The share of labels that are right, each by what its sample counts."""
    counts = (np.ones(codes.shape).T * weights).T
    if _IGNORED:
        counts[np.isin(codes, _IGNORED)] = 0
        if not counts.any():
            raise ValueError("t holds no label that counts")
    return float(np.average(right, weights=counts))


def _measures(scores: Array, target: Array) -> dict[str, float]:
    """How good scores are by a target as `train_step` takes it."""
    if _ROLE == "classifier":
        picked = _picked(scores)
        codes = target if _KIND == "classes" else _picked(target)
        table = _confusion(codes, picked)
        right = np.trace(table) / max(table.sum(), 1)
        return {"accuracy": float(right), "f1": _macro_f1(table)}
    else:
        target = target.reshape(len(target), -1)
        weights = np.ones(len(target))
        return {"r2": _r_squared(target, scores.reshape(target.shape), weights)}


def _r_squared(target: Array, predicted: Array, weights: Array) -> float:
    """R squared of each output, and their mean; 1 where a constant is met."""
    rest = weights @ (target - predicted) ** 2
    mean = np.average(target, axis=0, weights=weights)
    spread = weights @ (target - mean) ** 2
    varies = spread > 0
    scores = np.where(varies, 1 - rest / np.where(varies, spread, 1), rest == 0)
    return float(scores.mean())


def _class_lines(labels: list[Any], table: Array) -> list[str]:
    """A line for each label, and where they fit what it was taken for."""
    names = [_brief(label, 20) for label in labels]
    first = max(map(len, [*names, "label"]))
    most = max((79 - first - 36) // len(names) - 2, 0)  # so wide can a column be
    least = len(str(table.max()))
    wide = [max(min(len(name), most), least) for name in names]
    shows = most >= max(least, 3)
    head = f"{'label':<{first}}  precision  recall     f1  count"
    if shows:
        head += " |" + "".join(f"  {name[:w]:>{w}}" for name, w in zip(names, wide))
    lines = [head]
    for k, (name, *rates) in enumerate(zip(names, *_rates(table))):
        precision, recall, f1 = rates
        line = f"{name:<{first}}  {precision:9.3f}  {recall:6.3f}  {f1:5.3f}"
        line += f"  {table[k].sum():5}"
        if shows:
            line += " |" + "".join(f"  {n:>{w}}" for n, w in zip(table[k], wide))
        lines.append(line)
    return lines
