"""Checks of a derivation: exactly, step by step, by differences, and against a person's formulas.

A derivation whose entries are too many to evaluate one by one is checked on the same equations
over short axes, derived anew; the report says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from derive.answers.check_text import check_translation
from derive.answers.languages import Answer, read
from derive.checks.exact import check_exact
from derive.checks.numeric import Numbers, check_curvature, check_gradients, check_steps
from derive.checks.points import NoInstance, draw, run_time_extents
from derive.checks.report import Report, Row
from derive.checks.short_axes import instance
from derive.ir.derivation import Derivation
from derive.readers.vocabulary import Translation
from derive.semantics.interpreter import Undefined
from derive.specs.subject import demand_derivation

MOST_NUMERIC = 30_000  # bodies evaluated in fifty digits: some seconds
MOST_EXACT = 600  # bodies that are written out in symbols


def check(
    derivation: Derivation,
    formulas: str | Answer | None = None,
    seed: int = 0,
    *,
    form: str = "",
    names: Mapping[str, str] | None = None,
    fail_fast: bool = False,
) -> Report:
    """A report on all gradients and all steps, and on each formula of a text if one is given.

    `form` is the language of the formulas: "equations", "numpy" or "latex"; without it the text
    shows it. `names` gives the tensors that the formulas' names mean, as `{"delta2": "dz2"}`. With
    `fail_fast` the report ends with the first row that is wrong. Raises `ChainruleError` for
    formulas that can't be read.
    """
    demand_derivation(derivation)
    translation = Translation(())
    if formulas is not None:
        answer = formulas if isinstance(formulas, Answer) else Answer(formulas, form, names or {})
        translation = read(answer, derivation)
    rows = chain(
        _rows("numeric", derivation, instance(derivation, MOST_NUMERIC), seed),
        _rows("exact", derivation, instance(derivation, MOST_EXACT), seed),
    )
    if formulas is not None:
        rows = chain(rows, check_translation(derivation, translation, seed))
    kept = until_wrong(rows) if fail_fast else rows
    title = f"check of {derivation.system.name}"
    return Report(title, tuple(kept), tuple(translation.names.items()))


def check_answer(derivation: Derivation, answer: Answer, seed: int = 0) -> Report:
    """A report on the formulas alone; the derivation itself isn't checked."""
    translation = read(answer, derivation)
    rows = tuple(check_translation(derivation, translation, seed))
    return Report(f"formulas of {derivation.system.name}", rows, tuple(translation.names.items()))


def until_wrong(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows up to the first that is wrong."""
    for row in rows:
        yield row
        if not row.ok:
            return


def _rows(kind: str, derivation: Derivation, small: Derivation, seed: int) -> Iterator[Row]:
    """The rows of one kind of check, at one instance."""
    extents = run_time_extents(small, most=3 if kind == "exact" else 5)
    try:
        values = draw(small, seed, extents)
        if kind == "exact":
            yield from check_exact(small, values, extents)
        else:
            numbers = Numbers(small, values, extents)
            yield from check_steps(numbers, seed)
            yield from check_gradients(numbers, seed)
            yield from check_curvature(numbers, seed)
    except NoInstance as none:
        yield from (Row(n, kind, "not checked", str(none)) for n in derivation.wrt)
    except Undefined as undefined:
        yield Row(derivation.objective, kind, "wrong", str(undefined))
    if small is not derivation:
        yield Row("sizes", kind, "agrees", "the same equations over short axes, derived anew")
