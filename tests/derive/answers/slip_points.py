"""From a person's text and a derivation to the points at which slips are searched."""

from derive.answers.batch_or_sample import settings
from derive.answers.known_names import plain_left
from derive.answers.slip_points import points_of as points_of_formula
from derive.answers.slips import Budget, find_slips
from derive.answers.text_formulas import formulas_of
from derive.language.parser import read_equations


def points_of(derivation, text, tensor, seed=0):
    """The real name of a tensor, the derivation over short axes, and its points."""
    problems = []
    written = [plain_left(w) for w in read_equations(text, "formulas", problems)]
    assert not problems, problems
    formulas = formulas_of(written, settings(derivation, written, seed))
    (formula,) = [f for f in formulas if f.name == tensor]
    return formula.real, *points_of_formula(formula)


def slips_of(derivation, text, tensor, seed=0):
    """The slips of one formula of a text."""
    return find_slips(*points_of(derivation, text, tensor, seed), Budget(seconds=3600))
