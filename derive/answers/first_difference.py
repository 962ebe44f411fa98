"""The first difference of a formula from the derivation: terms, else factors of the only one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from derive.answers.compare import TOLERANCE, Comparison
from derive.checks.exact import near
from derive.ir.names import without_marks
from derive.ir.notation import Equation, Expr, Term
from derive.ir.tree import addends, factors
from derive.language.printer import expr_text, term_text
from derive.semantics.interpreter import Interpreter

_PART = "part"


@dataclass(frozen=True)
class Difference:
    """The parts that stand on one side only, in the equation language."""

    derived: tuple[str, ...]
    written: tuple[str, ...]


def first_difference(comparison: Comparison, place: tuple[int, ...]) -> Difference | None:
    """None where the two can't be compared part by part."""
    try:
        return _difference(comparison, place)
    except OverflowError:  # a part beyond all numbers
        return None


def _difference(comparison: Comparison, place: tuple[int, ...]) -> Difference | None:
    derived = comparison.at.derived.get(comparison.formula.real)
    if derived is None:
        return None
    written = comparison.written.equation
    ours, theirs = _terms(derived), _terms(written)
    if len(ours) == len(theirs) == 1:
        return _factors(comparison, ours[0], theirs[0], place)
    left = [(t, _value(comparison, derived, t, place)) for t in ours]
    right = [(t, _value(comparison, written, t, place)) for t in theirs]
    kept, other = _unlike(left, right)
    return Difference(tuple(map(term_text, kept)), tuple(_plain(term_text(t)) for t in other))


def _plain(text: str) -> str:
    return without_marks(text)


def _terms(equation: Equation) -> list[Term]:
    """Every addend as a term of its own."""
    return [
        replace(term, body=part)
        for term in equation.terms
        for part in (addends(term.body) if term.reduce == "sum" else (term.body,))
    ]


def _value(comparison: Comparison, equation: Equation, term: Term, place: tuple[int, ...]) -> Any:
    alone = replace(equation, tensor=_PART, terms=(term,))
    table = comparison.run.table
    tensor = replace(table[equation.tensor], name=_PART)
    return comparison.run.beside((alone,), (tensor,), {}).value(_PART, place)


def _unlike(
    left: Sequence[tuple[Any, Any]], right: Sequence[tuple[Any, Any]]
) -> tuple[list[Any], list[Any]]:
    """The parts that have no partner of the same value on the other side."""
    rest = list(right)
    kept = []
    for one, value in left:
        for k, (_, other) in enumerate(rest):
            if near(value, other, TOLERANCE):
                del rest[k]
                break
        else:
            kept.append(one)
    return kept, [one for one, _ in rest]


def _factors(
    comparison: Comparison,
    ours: Term,
    theirs: Term,
    place: tuple[int, ...],
) -> Difference | None:
    """Factors of products, each at the first value of the letters that are summed over."""
    left = _factor_values(comparison.run, ours, place)
    right = _factor_values(comparison.run, theirs, place)
    if left is None or right is None:
        return None
    kept, other = _unlike(left, right)
    theirs_only = tuple(_plain(expr_text(f)) for f in other)
    return Difference(tuple(expr_text(f) for f in kept), theirs_only)


def _factor_values(
    run: Interpreter, term: Term, place: tuple[int, ...]
) -> list[tuple[Expr, Any]] | None:
    if not term.plain or term.reduce != "sum":
        return None
    at = {a.letter: 0 for a in term.domain}
    for subscript, coordinate in zip(term.target, place, strict=True):
        assert subscript.axis is not None
        at[subscript.axis.letter] = coordinate
    return [(f, run.at(f, at)) for f in factors(term.body)]
