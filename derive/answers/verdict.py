"""One formula's verdict: equal, equal at points, equal if, different."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from derive.answers.batch_or_sample import BATCHES
from derive.answers.compare import Comparison, NoNumber, TooLong, compared
from derive.answers.counterexample import smallest
from derive.answers.first_difference import Difference, first_difference
from derive.answers.formula import Formula
from derive.answers.hidden_assumptions import holding, usual
from derive.answers.known_names import engine_s
from derive.answers.proof.prove import prove
from derive.answers.proof.schwartz_zippel import chance
from derive.answers.shape_check import Misfit, misfit, rank_problems, shape_text
from derive.answers.slip_points import slips_of
from derive.answers.slips import VAGUE, Slip
from derive.checks.points import NoInstance, work
from derive.checks.report import DIFFERENT, EQUAL, EQUAL_AT_POINTS, EQUAL_IF, OPEN, Row
from derive.errors import ChainruleError
from derive.ir.tree import equation_reads, reached
from derive.language.printer import equation_text
from derive.language.syntax import Name

CHECK = "formula"
MOST = 30_000  # bodies evaluated in all where more points are worth it
_GIVEN = ("input", "target", "parameter", "buffer", "constant", "hyperparameter", "random")
_SUMS = ("missing sum", "extra sum")  # where rows sum to 1, any 1 could be such a sum
_POINTS = 8  # where something branches: a formula may be right in one branch only


def judge(formula: Formula) -> Row:
    """The verdict on one formula.

    Raises `ChainruleError` where it can't be read for another reason than its shapes.
    """
    shapes = formula.setting.shapes
    role = formula.setting.derivation.table[formula.real].role
    if role in _GIVEN:
        return _row(formula, OPEN, f"{formula.name} is given, as a {role}; nothing derives it")
    ranks = rank_problems((*formula.own, formula.written), shapes)
    if ranks:
        return _misfit(formula, Misfit(shapes.get(formula.name, ()), None, "; ".join(ranks)))
    unlike = misfit(formula.written, formula.own, shapes)
    try:
        return _judged(formula, unlike)
    except TooLong:
        return _row(formula, OPEN, "it takes too long to evaluate; name a sum inside it")
    except OverflowError:
        return _row(formula, OPEN, "it is beyond all numbers at the numbers drawn")
    except ChainruleError:
        if unlike is None:
            raise
        return _misfit(formula, unlike)
    except NoInstance as none:
        return _row(formula, OPEN, str(none))
    except NoNumber:
        return _row(formula, OPEN, "it is no number at the numbers drawn")


def _judged(formula: Formula, unlike: Misfit | None) -> Row:
    points = 0
    while True:
        comparison = compared(formula, formula.setting.point(points))
        if comparison.difference() is not None:
            if unlike is not None:
                return _misfit(formula, unlike)
            return _different(formula, comparison)
        points += 1
        if points >= len(BATCHES) and not _worth_more(comparison, points):
            return _equal(formula, points)


def _worth_more(comparison: Comparison, points: int) -> bool:
    """Whether there are branches that some points may all have missed, and little to work out."""
    at = comparison.at
    branches = min(at.right.margin, comparison.run.margin) < math.inf
    return branches and points < _POINTS and work(at.numbers.equations, at.extents) * points <= MOST


def _equal(formula: Formula, points: int) -> Row:
    comparison = compared(formula, formula.setting.point(1))
    proof = prove(formula.real, comparison.written, comparison.at)
    if proof is not None:
        return _row(formula, EQUAL, _footnote(formula), normal_form=proof.normal_form)
    result = chance(formula.real, comparison.written, comparison.at, formula.setting.seed)
    if result is not None:
        detail = (
            f"{result.points} random rational points; by Schwartz and Zippel's bound it is wrong "
            f"with a probability below {result.bound:.0e}"
        )
        return _row(formula, EQUAL_AT_POINTS, detail, points=result.points, bound=result.bound)
    return _row(
        formula, EQUAL_AT_POINTS, f"{points} random points, to 50 digits", points=points, bound=None
    )


def _footnote(formula: Formula) -> str:
    """What the derived formula itself assumes of the data."""
    derivation = formula.setting.derivation
    inlined = {e.tensor for e in derivation.inlined}

    def written_in(name: str) -> Iterator[str]:
        steps = derivation.steps_of.get(name, ())
        return (r.tensor for s in steps for r in equation_reads(s.before) if r.tensor in inlined)

    names = reached({formula.real}, written_in)
    steps = (s for s in derivation.steps if s.subject in names)
    under = dict.fromkeys(text for step in steps for text in step.under)
    return f"where {', '.join(under)}" if under else ""


def _different(formula: Formula, comparison: Comparison) -> Row:
    written, at = comparison.written, comparison.at
    example = smallest(comparison)
    assumption = holding(formula, written, at, data=True)
    slips = () if assumption else _slips(formula, comparison)
    if assumption is None and not slips:
        assumption = holding(formula, written, at, data=False)
    verdict = DIFFERENT if assumption is None else EQUAL_IF
    detail = f"{assumption.text}; else {example.sentence}" if assumption else example.sentence
    difference = first_difference(example.comparison, example.place)
    explained = bool(slips) or (assumption is not None and assumption.data)
    return _row(
        formula,
        verdict,
        detail,
        notes=[
            *_slip_notes(slips),
            *(_difference_notes(difference) if difference and not explained else ()),
            f"derived: {derived_text(formula)}",
        ],
        assumption=assumption.text if assumption else None,
        given=assumption.data if assumption else None,
        slips=[s.kind for s in slips],
        explained=[s.detail for s in slips],
        counterexample=example.data,
        difference={"derived": list(difference.derived), "written": list(difference.written)}
        if difference
        else None,
    )


def _slips(formula: Formula, comparison: Comparison) -> Sequence[Slip]:
    """The slips that explain the formula; those for the usual data only where others are vague."""
    plain = slips_of(formula)
    if plain and plain[0].kind not in VAGUE and not plain[0].together:
        return plain
    assumed = usual(formula, comparison.written, comparison.at)
    if assumed is None:
        return plain
    result = [
        s for s in slips_of(formula, assumed=assumed) if not s.together and s.kind not in _SUMS
    ]
    if not result or (plain and not plain[0].together and result[0].kind in VAGUE):
        return plain
    return [replace(s, detail=f"{s.detail} (where {assumed.text})") for s in result]


def _slip_notes(slips: Sequence[Slip]) -> list[str]:
    if not slips:
        return []
    if slips[0].together:
        both = "; and ".join(f"{s.kind}: {s.detail}" for s in slips)
        return [f"likely slips, both together: {both}"]
    return [f"likely slip: {slips[0].kind}: {slips[0].detail}"]  # the others are in the data


def _difference_notes(difference: Difference) -> list[str]:
    """A note for each side, on what stands there only."""
    if not (difference.derived or difference.written):
        return []
    return [
        f"{which} there: {' and '.join(parts) or 'nothing'}"
        for which, parts in (("written", difference.written), ("derived", difference.derived))
    ]


def _misfit(formula: Formula, unlike: Misfit) -> Row:
    slips = slips_of(_padded(formula), alike=True)
    given = f"{formula.name} has shape {shape_text(unlike.derived)}"
    if unlike.reason.startswith(f"{formula.name} has "):
        given = ""
    elif unlike.written is not None and unlike.written != unlike.derived:
        given += f", and the formula gives {shape_text(unlike.written)}"
    shapes = {
        "derived": shape_text(unlike.derived),
        "written": shape_text(unlike.written) if unlike.written is not None else None,
        "reason": unlike.reason,
    }
    return _row(
        formula,
        DIFFERENT,
        f"{given}: {unlike.reason}" if given else unlike.reason,
        notes=[*_slip_notes(slips), f"derived: {derived_text(formula)}"],
        slips=[s.kind for s in slips],
        explained=[s.detail for s in slips],
        counterexample={"shapes": shapes},
    )


def _padded(formula: Formula) -> Formula:
    """A formula that gives too few axes, the same along the others."""
    written, rank = formula.written, len(formula.setting.shapes.get(formula.name, ()))
    missing = range(rank - len(written.letters))
    if not missing:
        return formula
    letters = (*written.letters, *(Name(written.place, f"along_{k}") for k in missing))
    return replace(formula, written=replace(written, letters=letters))


def derived_text(formula: Formula) -> str:
    """The derived equation in the equation language."""
    derivation = formula.setting.derivation
    updates = (*derivation.system.updates, *derivation.updates)
    every = (*derivation.forward, *derivation.backward, *derivation.inlined, *updates)
    given = {e.tensor: e for e in every}
    if formula.real not in given:
        return formula.real
    derived = given[formula.real]
    known = set(formula.setting.known.values()) - engine_s(derivation)
    beside = dict.fromkeys(r.tensor for r in equation_reads(derived) if r.tensor in given)
    unknown = [equation_text(given[n]) for n in beside if n not in known]
    return ", ".join([equation_text(derived), *unknown])


def _row(
    formula: Formula, verdict: str, detail: str = "", notes: Sequence[str] = (), **data: Any
) -> Row:
    data = {"assumption": None, "slips": [], "counterexample": None, **data}
    if formula.setting.sample:
        data["of"] = "one sample"
    return Row(formula.name, CHECK, verdict, detail, data, tuple(notes))


def row_of(formula: Formula) -> Row:
    """The verdict on one formula; of one that can't be read, why."""
    try:
        return judge(formula)
    except ChainruleError as refused:
        return refused_row(formula.name, refused.problems)


def refused_row(name: str, problems: Sequence[str]) -> Row:
    """A row of what the model has, and nobody can say whether it is right."""
    data: dict[str, Any] = {"assumption": None, "slips": [], "counterexample": None}
    first, *more = problems
    return Row(name, CHECK, OPEN, first, {**data, "refused": True}, tuple(more))
