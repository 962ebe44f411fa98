"""A text of formulas, each judged on its own.

A known tensor on a left side (`dW2`, an alias such as `y1`, a value such as `z1`, an update
`next(W1)`) is compared; any other name is an intermediate of the writer's own. What a formula reads
of known tensors is the right value, so that one mistake is told once. So it is with an intermediate
that means a known tensor: where taking it for one makes the formulas right that read it, the
mistake is in the intermediate.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from derive.answers.batch_or_sample import World, worlds
from derive.answers.compare import compared
from derive.answers.formula import PLACE, Formula
from derive.answers.known_names import known_names, plain_left
from derive.answers.per_sample_errors import worded
from derive.answers.shape_check import rank_problems
from derive.answers.verdict import CHECK, judge
from derive.checks.points import NoInstance
from derive.checks.report import DIFFERENT, OPEN, Row
from derive.errors import ChainruleError, meant
from derive.ir.derivation import Derivation
from derive.ir.notation import Dim, affine
from derive.language.occurrences import names_read
from derive.language.parser import read_equations
from derive.language.syntax import Written
from derive.readers.own_loss import error_terms, of_the_batch
from derive.readers.vocabulary import Translation


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
    if translation.equations or not (translation.misfits or translation.unread):
        yield from check_written(derivation, translation.equations, seed)
    known = known_names(derivation)
    for one in translation.unread:
        yield (
            _refused(one.name, [one.reason])
            if one.name in known
            else Row(one.name, CHECK, OPEN, one.reason)
        )


def check_written(
    derivation: Derivation, written: Sequence[Written], seed: int = 0
) -> Iterator[Row]:
    """A row for each formula that gives a known tensor, and for what is left over.

    Raises `ChainruleError` as `check_formulas` does.
    """
    written = [plain_left(w) for w in written]
    _refuse_twice(written)
    every = worlds(derivation, written, seed)
    formulas = formulas_of(written, every)
    if not formulas:
        raise ChainruleError(
            f"{PLACE}: no equation gives a tensor of the model or a derivative, such as "
            f"{next((a for _, a in derivation.adjoints), 'dW')}"
        )
    terms, formulas = _of_each_sample(written, formulas, every)
    rows = {f.name: _row(f) for f in formulas}
    refused = [row.detail for row in rows.values() if row.data.get("refused")]
    if len(refused) == len(rows):
        raise ChainruleError(*dict.fromkeys(refused))
    if terms:
        rows = {name: worded(row, terms) for name, row in rows.items()}
    found = _Meanings(formulas, rows)
    yield from found.rows()
    yield from _left_over(written, every, {*rows, *found.meant})


def _row(formula: Formula) -> Row:
    """The verdict on one formula; of one that can't be read, why."""
    try:
        return judge(formula)
    except ChainruleError as refused:
        return _refused(formula.name, refused.problems)


def _refused(name: str, problems: Sequence[str]) -> Row:
    """A row of what the model has, and nobody can say whether it is right."""
    data: dict[str, Any] = {"assumption": None, "slips": [], "counterexample": None}
    first, *more = problems
    return Row(name, CHECK, OPEN, first, {**data, "refused": True}, tuple(more))


def formulas_of(written: Sequence[Written], every: Sequence[World]) -> list[Formula]:
    """The formulas for known tensors, each in the world where its subscripts fit best."""
    return [f for w in written if (f := _formula(w, written, every)) is not None]


def _of_each_sample(
    written: Sequence[Written], formulas: list[Formula], every: Sequence[World]
) -> tuple[Collection[str], list[Formula]]:
    """The error terms that mean each sample's, and all formulas in terms of the derivatives.

    They mean that where more of the text is right so: two formulas at least, one of which is itself
    no error term, and no error term that was right as it stands.
    """
    batch, shapes = every[0].derivation.system.batch, every[0].shapes
    terms = error_terms(shapes, affine(Dim(batch)) if batch else None)
    if not any(f.name in terms for f in formulas) or all(f.name in terms for f in formulas):
        return (), formulas
    scaled = of_the_batch(written, terms, shapes)
    if scaled is None:
        return (), formulas
    wrong = {f.name for f in formulas if not _right(f)}
    again = formulas_of(scaled, every)
    still = {f.name for f in again if not _right(f)}
    mended = wrong - still
    if not terms.keys().isdisjoint(still - wrong):
        return (), formulas
    if len(still) < len(wrong) and len(mended) > 1 and not mended <= terms.keys():
        return terms.keys(), again
    return (), formulas


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


def _formula(written: Written, every: Sequence[Written], both: Sequence[World]) -> Formula | None:
    """The formula in the world where its subscripts fit best: the batch's, or one sample's."""
    found = [f for world in both if (f := _within(written, every, world)) is not None]
    if not found:
        return None

    def problems(formula: Formula) -> int:
        return len(rank_problems((*formula.own, formula.written), formula.world.shapes))

    return min(found, key=problems)


def _within(written: Written, every: Sequence[Written], world: World) -> Formula | None:
    name = written.tensor
    if name not in world.known:
        return None
    own = _own(written, every, world)
    beside = tuple(w for w in every if w is not written and w not in own)
    return Formula(name, world.known[name], written, own, world, beside=beside)


def _own(
    written: Written,
    every: Sequence[Written],
    world: World,
    meant_: Mapping[str, str] | None = None,
) -> tuple[Written, ...]:
    """The writer's own intermediates that an equation needs, in the order of the text."""
    given = {w.tensor: w for w in every if w.tensor not in world.known}
    needed: set[str] = set()
    work = [written]
    while work:
        for name in names_read(work.pop()):
            if name in given and name not in needed and name not in (meant_ or {}):
                needed.add(name)
                work.append(given[name])
    return tuple(w for w in every if w.tensor in needed and w is not written)


class _Meanings:
    """Own intermediates that mean a known tensor, and are wrong."""

    def __init__(self, formulas: Sequence[Formula], rows: Mapping[str, Row]) -> None:
        self.formulas = {f.name: f for f in formulas}
        self.verdicts = dict(rows)
        self.meant: dict[str, Row] = {}
        intermediates = {w.tensor: w for f in formulas for w in f.own}
        for written in sorted(intermediates.values(), key=lambda w: (w.place.line, w.place.column)):
            self._try(written)

    def rows(self) -> Iterator[Row]:
        """In the order of the text."""
        first = {f.name: f.written.place.line for f in self.formulas.values()}
        lines = {**first, **{n: row.data["line"] for n, row in self.meant.items()}}
        both = {**self.verdicts, **self.meant}
        for name in sorted(both, key=lambda n: lines[n]):
            row = both[name]
            data = {k: v for k, v in row.data.items() if k != "line"}
            yield replace(row, data=data)

    def _try(self, own: Written) -> None:
        name = own.tensor
        readers = [f for f in self.formulas.values() if any(w.tensor == name for w in f.own)]
        wrong = [f for f in readers if not self.verdicts[f.name].ok]
        if not wrong:
            return
        world = wrong[0].world
        for tensor, real in world.known.items():
            if not _may_mean(own, tensor, world):
                continue
            again = [_taking(f, name, real) for f in readers]
            if all(_right(f) for f in again):
                mine = wrong[0]
                written = (*mine.own, mine.written)
                needs = _own(own, written, world, mine.meanings)
                itself = Formula(name, real, own, needs, world, mine.meanings)
                row = _row(itself)
                if row.ok or not (row.data["slips"] or len(readers) > 1):
                    continue
                detail = f"taken for {tensor}: {row.detail}"
                data = {**row.data, "meaning": tensor, "line": own.place.line}
                self.meant[name] = replace(row, detail=detail, data=data)
                for formula in again:
                    self.formulas[formula.name] = formula
                    self.verdicts[formula.name] = _row(formula)
                return


def _may_mean(own: Written, tensor: str, world: World) -> bool:
    """Errors and values of the model with as many axes."""
    real = world.known[tensor]
    role = world.derivation.table[real].role
    return len(world.shapes[tensor]) == len(own.letters) and role in ("adjoint", "intermediate")


def _taking(formula: Formula, name: str, real: str) -> Formula:
    """The formula with an own intermediate taken for the right value of a known tensor."""
    meanings = {**formula.meanings, name: real}
    own = _own(formula.written, (*formula.own, formula.written), formula.world, meanings)
    return replace(formula, own=own, meanings=meanings)


def _right(formula: Formula) -> bool:
    try:
        return all(compared(formula, formula.world.point(k)).difference() is None for k in range(2))
    except (ChainruleError, NoInstance, ArithmeticError):
        return False


def _left_over(written: Sequence[Written], every: Sequence[World], told: set[str]) -> Iterator[Row]:
    """A row for each name that neither the model has nor another formula reads."""
    read = {name for w in written for name in names_read(w)}
    known = {name for world in every for name in world.known}
    for equation in written:
        name = equation.tensor
        if name not in known and name not in read and name not in told:
            detail = f"the model has no '{name}', and no other formula reads it{meant(name, known)}"
            yield Row(name, CHECK, OPEN, detail)
