"""What a text means where it isn't right as it stands: each sample's error terms, its own names.

Each is a `Reading`, scored by the formulas that are wrong under it, and taken where a second
formula speaks for it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from derive.answers.batch_or_sample import Setting
from derive.answers.formula import Formula
from derive.answers.text_formulas import formulas_of, is_right, own_of, taking
from derive.answers.verdict import row_of
from derive.checks.report import Row
from derive.ir.notation import Dim, affine
from derive.language.syntax import Written
from derive.readers.own_loss import error_terms, of_the_batch
from derive.readers.reading import Reading, Scored, choose


def of_each_sample(
    written: Sequence[Written], settings: Sequence[Setting]
) -> tuple[Collection[str], list[Formula]]:
    """The error terms that mean each sample's, and all formulas in terms of the derivatives.

    They mean that where more of the text is right so: two formulas at least, one of which is itself
    no error term, and no error term that was right as it stands.
    """
    formulas = formulas_of(written, settings)
    batch, shapes = settings[0].derivation.system.batch, settings[0].shapes
    terms = error_terms(shapes, affine(Dim(batch)) if batch else None)
    gives_terms = {f.name in terms for f in formulas}
    scaled = of_the_batch(written, terms, shapes) if len(gives_terms) > 1 else None
    if scaled is None:
        return (), formulas
    wrong = {f.name for f in formulas if not is_right(f)}

    def judged(reading: Reading) -> Scored[list[Formula]]:
        if not reading.own_loss:
            return Scored(formulas, wrong=len(wrong))
        result = formulas_of(scaled, settings)
        still = {f.name for f in result if not is_right(f)}
        mended = wrong - still
        is_fair = terms.keys().isdisjoint(still - wrong) and not mended <= terms.keys()
        return Scored(result, wrong=len(still), witnesses=len(mended) if is_fair else 0)

    reading, result = choose((Reading(), Reading(own_loss=True)), judged)
    return terms.keys() if reading.own_loss else (), result


def with_meanings(formulas: Sequence[Formula], rows: Mapping[str, Row]) -> dict[str, Row]:
    """The rows in the order of the text.

    An own intermediate that means a known tensor, and is wrong, has a row, and what reads it is
    judged as if it were right.
    """
    readers = {f.name: f for f in formulas}
    lines = {f.name: f.written.place.line for f in formulas}
    result = dict(rows)
    intermediates = {w.tensor: w for f in formulas for w in f.own}
    for own in sorted(intermediates.values(), key=lambda w: (w.place.line, w.place.column)):
        reading = [f for f in readers.values() if own in f.own]
        wrong = [f for f in reading if not result[f.name].ok]
        meaning = _meaning(own, reading, wrong[0]) if wrong else None
        if meaning is not None:
            result[own.tensor], again = meaning
            lines[own.tensor] = own.place.line
            readers |= {f.name: f for f in again}
            result |= {f.name: row_of(f) for f in again}
    return {name: result[name] for name in sorted(result, key=lambda n: lines[n])}


def _meaning(
    own: Written, readers: Sequence[Formula], mine: Formula
) -> tuple[Row, list[Formula]] | None:
    """What an own intermediate is judged as, and its readers with the right value in its place."""
    setting, name = mine.setting, own.tensor

    def judged(reading: Reading) -> Scored[tuple[Row, list[Formula]] | None]:
        if not reading.names:
            return Scored(None, wrong=len(readers))
        tensor = reading.names[name]
        again = [taking(f, name, setting.known[tensor]) for f in readers]
        if not all(map(is_right, again)):
            return Scored(None, wrong=len(readers), witnesses=0)
        needs = own_of(own, (*mine.own, mine.written), setting, mine.meanings)
        row = row_of(Formula(name, setting.known[tensor], own, needs, setting, mine.meanings))
        # those that read it speak for it, and so does a slip that is found in it
        witnesses = 0 if row.ok else len(readers) + bool(row.data["slips"])
        data = {**row.data, "meaning": tensor}
        row = replace(row, detail=f"taken for {tensor}: {row.detail}", data=data)
        return Scored((row, again), witnesses=witnesses)

    meant = (Reading(names={name: t}) for t in setting.known if _may_mean(own, t, setting))
    return choose(chain((Reading(),), meant), judged)[1]


def _may_mean(own: Written, tensor: str, setting: Setting) -> bool:
    """Errors and values of the model with as many axes."""
    real = setting.known[tensor]
    role = setting.derivation.table[real].role
    return len(setting.shapes[tensor]) == len(own.letters) and role in ("adjoint", "intermediate")
