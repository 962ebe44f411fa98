"""A text of formulas, each judged on its own.

A known tensor on a left side (`dW2`, an alias such as `y1`, a value such as `z1`, an update
`next(W1)`) is compared; any other name is an intermediate of the writer's own. What a formula reads
of known tensors is the right value, so that one mistake is told once. So it is with an intermediate
that means a known tensor: where taking it for one makes the formulas right that read it, the
mistake is in the intermediate.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from derive.answers.batch_or_sample import Setting, settings
from derive.answers.formula import PLACE
from derive.answers.known_names import known_names, plain_left
from derive.answers.meanings import of_each_sample, with_meanings
from derive.answers.per_sample_errors import worded
from derive.answers.verdict import CHECK, refused_row, row_of
from derive.checks.report import DIFFERENT, EQUAL_AT_POINTS, EQUAL_IF, OPEN, Row
from derive.errors import ChainruleError, meant
from derive.ir.derivation import Derivation
from derive.language.occurrences import names_read
from derive.language.parser import read_equations
from derive.language.syntax import Written
from derive.readers.vocabulary import ONE_HOT, Judged, Translation

_NOTHING: dict[str, Any] = {"assumption": None, "slips": [], "counterexample": None}


def check_formulas(derivation: Derivation, text: str, seed: int = 0) -> Iterator[Row]:
    """A row for each formula of a text in the equation language.

    Raises `ChainruleError` for what can't be read, and where no known tensor is given.
    """
    problems: list[str] = []
    written = read_equations(text, PLACE, problems)
    if problems:
        raise ChainruleError(*problems)
    yield from check_written(derivation, written, seed)


def check_translation(
    derivation: Derivation, translation: Translation, seed: int = 0
) -> Iterator[Row]:
    """A row for each formula that was read, and for each value that can't be what it is given to.

    Raises `ChainruleError` as `check_formulas` does.
    """
    for unlike in translation.misfits:
        shapes = {
            "derived": unlike.derived,
            "written": unlike.written,
            "reason": unlike.reason,
        }
        slips = ["transpose"] if unlike.transposed else []
        notes = [f"likely slip: {slip}" for slip in slips]
        data = {"assumption": None, "slips": slips, "counterexample": {"shapes": shapes}}
        yield Row(unlike.tensor, CHECK, DIFFERENT, unlike.reason, data, tuple(notes))
    nothing = not (translation.misfits or translation.unread or translation.judged)
    if translation.equations or nothing:
        yield from _with_numbers(derivation, translation, seed)
    yield from map(_by_numbers, translation.judged)
    known = known_names(derivation)
    for one in translation.unread:
        yield (
            refused_row(one.name, [one.reason])
            if one.name in known
            else Row(one.name, CHECK, OPEN, one.reason)
        )


def _with_numbers(derivation: Derivation, translation: Translation, seed: int) -> Iterator[Row]:
    """A row for each formula, where its numbers are right never a wrong one."""
    near, one_hot = translation.near, translation.near_if_one_hot
    left = (near | one_hot) & {w.tensor for w in translation.equations}
    try:
        for row in check_written(derivation, translation.equations, seed):
            left -= {row.name}
            right = row.name in near or row.name in one_hot
            yield _of_numbers(row.name, near) if right and not row.ok else row
    except ChainruleError:
        if not left:
            raise
    yield from (_of_numbers(tensor, near) for tensor in sorted(left))


def _of_numbers(tensor: str, near: Collection[str]) -> Row:
    """A formula that gives the right numbers, to six digits or more."""
    if tensor not in near:
        return _by_numbers(Judged(tensor, 0, data={"assumption": ONE_HOT, "given": True}))
    detail = "its numbers, to six digits or more: a constant may be rounded, or added to avoid a 0"
    return Row(tensor, CHECK, EQUAL_AT_POINTS, detail, dict(_NOTHING))


def _by_numbers(judged: Judged) -> Row:
    """A value that no formula gives."""
    data = {**_NOTHING, **judged.data}
    if judged.detail:
        slips = data["slips"]
        notes = tuple(
            f"likely slip: {s}: {e}"
            for s, e in zip(slips, data.get("explained", slips), strict=False)
        )
        return Row(judged.tensor, CHECK, DIFFERENT, judged.detail, data, notes)
    if data["assumption"]:
        return Row(judged.tensor, CHECK, EQUAL_IF, data["assumption"], data)
    return Row(judged.tensor, CHECK, EQUAL_AT_POINTS, "its numbers, at random points", data)


def check_written(
    derivation: Derivation, written: Sequence[Written], seed: int = 0
) -> Iterator[Row]:
    """A row for each formula that gives a known tensor, and for what is left over.

    Raises `ChainruleError` as `check_formulas` does.
    """
    written = [plain_left(w) for w in written]
    _refuse_twice(written)
    both = settings(derivation, written, seed)
    terms, formulas = of_each_sample(written, both)
    if not formulas:
        raise ChainruleError(
            f"{PLACE}: no equation gives a tensor of the model or a derivative, such as "
            f"{next((a for _, a in derivation.adjoints), 'dW')}"
        )
    rows = {f.name: row_of(f) for f in formulas}
    refused = [row.detail for row in rows.values() if row.data.get("refused")]
    if len(refused) == len(rows):
        raise ChainruleError(*dict.fromkeys(refused))
    if terms:
        rows = {name: worded(row, terms) for name, row in rows.items()}
    rows = with_meanings(formulas, rows)
    yield from rows.values()
    yield from _left_over(written, both, rows)


def _refuse_twice(written: Sequence[Written]) -> None:
    """Raises `ChainruleError` where two equations have one left side."""
    first: dict[str, Written] = {}
    problems = []
    for equation in written:
        before = first.setdefault(equation.tensor, equation)
        if before is not equation:
            problems.append(
                f"{equation.place}: '{equation.tensor}' is defined twice, first at line "
                f"{before.place.line}; give one of them another name"
            )
    if problems:
        raise ChainruleError(*problems)


def _left_over(
    written: Sequence[Written], both: Sequence[Setting], judged: Collection[str]
) -> Iterator[Row]:
    """A row for each name that neither the model has nor another formula reads."""
    read = {name for w in written for name in names_read(w)}
    known = {name for setting in both for name in setting.known}
    for equation in written:
        name = equation.tensor
        if name not in known and name not in read and name not in judged:
            detail = f"the model has no '{name}', and no other formula reads it{meant(name, known)}"
            yield Row(name, CHECK, OPEN, detail)
