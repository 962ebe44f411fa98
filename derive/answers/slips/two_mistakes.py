"""Two mistakes at once: one edit of the right formula and one of the written give equal values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from derive.answers.slips.evaluator import Array
from derive.answers.slips.samples import same
from derive.answers.slips.search import Search, Trial
from derive.answers.slips.slip import VAGUE, Slip

_MOST_RANK = 75  # of both together


def two_mistakes(search: Search) -> tuple[Slip, ...]:
    """The likeliest two that explain a formula which no single one does."""
    best: tuple[int, tuple[Slip, ...]] = (_MOST_RANK + 1, ())
    for back, forth in _meeting(search):
        rank = sum(t.edit.mistake.rank + t.candidate.far for t in (back, forth))
        vague = back.edit.mistake.back in VAGUE and forth.edit.mistake.forth in VAGUE
        if rank >= best[0] or vague or not _meet(search, back, forth):
            continue
        one, other = (
            search.ranking.explanation(t.candidate, t.edit, t.count) for t in (back, forth)
        )
        if one is not None and other is not None and one.slip.kind != other.slip.kind:
            both = sorted((one, other), key=lambda e: e.rank)
            best = (rank, tuple(replace(e.slip, together=True) for e in both))
    return best[1]


def _meeting(search: Search) -> Iterator[tuple[Trial, Trial]]:
    """Edits of what was written with those of what is right that agree to eight digits."""
    first = search.points[0].first
    size = float(np.abs(first.right).max() + np.abs(first.written).max())
    right: dict[tuple[float, ...], list[Trial]] = {}
    for trial in search.trials:
        if trial.candidate.right and _clear(trial.value, size):
            right.setdefault(_key(trial.value, size), []).append(trial)
    for trial in search.trials:
        if not trial.candidate.right and _clear(trial.value, size):
            for other in right.get(_key(trial.value, size), ()):
                yield trial, other


def _meet(search: Search, back: Trial, forth: Trial) -> bool:
    """Whether two edits agree at every entry of every point."""
    for which in range(len(search.points)):
        one = search.value(back.candidate, which, back.edit)
        other = search.value(forth.candidate, which, forth.edit)
        if one is None or other is None or not same(one, other):
            return False
    return True


def _clear(value: Array, size: float) -> bool:
    """Whether values are numbers, and not all as good as 0."""
    return bool(np.isfinite(value).all() and np.abs(value).max() > 1e-9 * size)


def _key(value: Array, size: float) -> tuple[float, ...]:
    return tuple(float(f"{v / size:.8f}") + 0.0 for v in value)
