"""`check`: is a derivation right? Exactly, step by step, by differences, and against a person's.

A derivation whose entries are too many to be worked out one by one is checked on the same equations
over short axes, derived anew; the report says so.
"""

from __future__ import annotations

from collections.abc import Iterator

from derive.exact import check_exact
from derive.formulas import check_formulas
from derive.instances import NoInstance, draw, instance, run_time_extents
from derive.interpret import Undefined
from derive.notation import Derivation
from derive.numeric import Numbers, check_curvature, check_gradients, check_steps
from derive.report import Report, Row

MOST_NUMERIC = 30_000  # bodies that are worked out in fifty digits: some seconds
MOST_EXACT = 600  # bodies that are written out in symbols


def check(derivation: Derivation, formulas: str | None = None, seed: int = 0) -> Report:
    """A report on all gradients and all steps, and on each formula of a text if one is given.

    Raises `ChainruleError` for formulas that can't be read.
    """
    told = tuple(check_formulas(derivation, formulas, seed)) if formulas is not None else ()
    rows = (
        *_rows("numeric", derivation, instance(derivation, MOST_NUMERIC), seed),
        *_rows("exact", derivation, instance(derivation, MOST_EXACT), seed),
    )
    return Report(f"check of {derivation.system.name}", (*rows, *told))


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
