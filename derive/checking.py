"""`check`: is a derivation right? Exactly, step by step, by differences, and against a person's.

A derivation whose entries are too many to be worked out one by one is checked on the same equations
over short axes, derived anew; the report says so.
"""

from __future__ import annotations

from derive.exact import check_exact
from derive.formulas import check_formulas
from derive.instances import NoInstance, draw, instance, run_time_extents
from derive.notation import Derivation
from derive.numeric import Numbers, check_gradients, check_steps
from derive.report import Report, Row

MOST_NUMERIC = 30_000  # bodies that are worked out in fifty digits: some seconds
MOST_EXACT = 600  # bodies that are written out in symbols


def check(derivation: Derivation, formulas: str | None = None, seed: int = 0) -> Report:
    """A report on all gradients and all steps, and on each formula of a text if one is given.

    Raises `ChainruleError` for formulas that can't be read.
    """
    told = tuple(check_formulas(derivation, formulas, seed)) if formulas is not None else ()
    rows = (*_numeric(derivation, seed), *_exact(derivation, seed))
    return Report(f"check of {derivation.system.name}", (*rows, *told))


def _exact(derivation: Derivation, seed: int) -> tuple[Row, ...]:
    small = instance(derivation, MOST_EXACT)
    extents = run_time_extents(small, most=3)
    try:
        values = draw(small, seed, extents)
    except NoInstance as none:
        return tuple(Row(n, "exact", "not checked", str(none)) for n in derivation.wrt)
    return (*check_exact(small, values, extents), *_resized("exact", derivation, small))


def _numeric(derivation: Derivation, seed: int) -> tuple[Row, ...]:
    small = instance(derivation, MOST_NUMERIC)
    extents = run_time_extents(small)
    try:
        values = draw(small, seed, extents)
    except NoInstance as none:
        return tuple(Row(n, "numeric", "not checked", str(none)) for n in derivation.wrt)
    numbers = Numbers(small, values, extents)
    return (
        *check_steps(numbers, seed),
        *check_gradients(numbers, seed),
        *_resized("numeric", derivation, small),
    )


def _resized(check: str, derivation: Derivation, small: Derivation) -> tuple[Row, ...]:
    if small is derivation:
        return ()
    return (Row("sizes", check, "agrees", "the same equations over short axes, derived anew"),)
