"""The formulas of a text: for which tensor each is, and what of the writer's own it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from derive.answers.batch_or_sample import Setting
from derive.answers.compare import compared
from derive.answers.formula import Formula
from derive.answers.shape_check import rank_problems
from derive.checks.points import NoInstance
from derive.errors import ChainruleError
from derive.language.occurrences import names_read
from derive.language.syntax import Written


def formulas_of(written: Sequence[Written], settings: Sequence[Setting]) -> list[Formula]:
    """The formulas for known tensors, each in the setting where its subscripts fit best."""
    return [f for w in written if (f := _formula(w, written, settings)) is not None]


def is_right(formula: Formula) -> bool:
    """Whether a formula agrees with the derived one at the first two points."""
    try:
        return all(
            compared(formula, formula.setting.point(k)).difference() is None for k in range(2)
        )
    except (ChainruleError, NoInstance, ArithmeticError):
        return False


def taking(formula: Formula, name: str, real: str) -> Formula:
    """The formula with an own intermediate taken for the right value of a known tensor."""
    meanings = {**formula.meanings, name: real}
    own = own_of(formula.written, (*formula.own, formula.written), formula.setting, meanings)
    return replace(formula, own=own, meanings=meanings)


def _formula(
    written: Written, every: Sequence[Written], settings: Sequence[Setting]
) -> Formula | None:
    """The formula in the setting where its subscripts fit best: the batch's, or one sample's."""
    result = [f for setting in settings if (f := _within(written, every, setting)) is not None]
    if not result:
        return None

    def problems(formula: Formula) -> int:
        return len(rank_problems((*formula.own, formula.written), formula.setting.shapes))

    return min(result, key=problems)


def _within(written: Written, every: Sequence[Written], setting: Setting) -> Formula | None:
    name = written.tensor
    if name not in setting.known:
        return None
    own = own_of(written, every, setting)
    beside = tuple(w for w in every if w is not written and w not in own)
    return Formula(name, setting.known[name], written, own, setting, beside=beside)


def own_of(
    written: Written,
    every: Sequence[Written],
    setting: Setting,
    meanings: Mapping[str, str] | None = None,
) -> tuple[Written, ...]:
    """The writer's own intermediates that an equation needs, in the order of the text."""
    given = {w.tensor: w for w in every if w.tensor not in setting.known}
    needed: set[str] = set()
    work = [written]
    while work:
        for name in names_read(work.pop()):
            if name in given and name not in needed and name not in (meanings or {}):
                needed.add(name)
                work.append(given[name])
    return tuple(w for w in every if w.tensor in needed and w is not written)
