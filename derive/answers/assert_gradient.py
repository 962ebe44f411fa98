"""For tests: a gradient that was derived by hand, asserted."""

from __future__ import annotations

from collections.abc import Mapping

from derive.answers.check_text import check_translation
from derive.answers.languages import LATEX, NUMPY, Answer, form_of, read
from derive.checks.report import Report
from derive.errors import ChainruleError, shorten
from derive.ir.derivation import Derivation
from derive.ir.names import adjoint_of
from derive.specs.subject import Subject, derivation_of


def assert_gradient(
    spec: Subject,
    name: str,
    formula: str,
    *,
    names: Mapping[str, str] | None = None,
    seed: int = 0,
) -> None:
    """Assert that a formula is the objective's derivative by a tensor.

    `spec` is a file, a dict as in one, a system or a derivation. The formula is the right side,
    whose letters are those of the derived gradient (`sum(n, dz1[n,i]*x[n,j])` for `W1`), or whole
    equations, the writer's own intermediates first: all that they give must be right. NumPy source
    is understood, too, and LaTeX with its left side.

    Raises `AssertionError` with the counterexample and the likely slip; `ChainruleError` where the
    spec or the formula can't be read.
    """
    derivation = derivation_of(spec)
    if not isinstance(formula, str):
        raise ChainruleError(f"the formula is a text, not '{shorten(type(formula).__name__)}'")
    known = derivation.system.unaliased(name)
    if known not in derivation.adjoint:
        raise ChainruleError(f"there is no derivative by '{name}' in {derivation.system.name}")
    translation = read(Answer(_whole(derivation, name, formula), "", names or {}), derivation)
    rows = tuple(check_translation(derivation, translation, seed))
    title = f"gradient of {derivation.objective} by {name}"
    report = Report(title, rows, tuple(translation.names.items()))
    given = {row.name for row in rows}
    wanted = {adjoint_of(name), derivation.adjoint[known]}
    if not given & wanted:
        raise AssertionError(f"no equation gives {adjoint_of(name)}\n\n{report}")
    if not all(row.ok and row.verdict.startswith("equal") for row in rows):
        raise AssertionError(f"\n{report}")


def _whole(derivation: Derivation, name: str, formula: str) -> str:
    """The formula with its left side, where it has none."""
    form = form_of(formula)
    if "\n" in formula.strip() or form == LATEX or _has_left_side(formula):
        return formula
    if form == NUMPY:
        return f"{adjoint_of(name)} = {formula}"
    letters = ",".join(a.letter for a in derivation.gradient(name).axes)
    left = f"{adjoint_of(name)}[{letters}]" if letters else adjoint_of(name)
    return f"{left} = {formula}"


def _has_left_side(formula: str) -> bool:
    head = formula.partition("=")
    return bool(head[1]) and not head[2].startswith("=") and "(" not in head[0]
