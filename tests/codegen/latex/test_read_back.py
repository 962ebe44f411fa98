"""Formulas read back from LaTeX have the values of the equations they were printed from."""

import pytest

from tests.codegen.latex.printed import (
    Printed,
    every_step,
    index_notation,
    matrix_notation,
    told_for_each_entry,
)
from tests.oracles import MODELS

pytestmark = pytest.mark.sampled

each_model = pytest.mark.parametrize("model", [pytest.param(m, id=m.name) for m in MODELS])


@each_model
def test_printed_formulas_have_the_values_of_their_equations(model):
    printed = Printed(model)
    index_notation(printed)
    matrix_notation(printed)
    told_for_each_entry(printed)
    every_step(printed)
