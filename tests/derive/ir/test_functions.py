"""A function of the language is one row: every room that meets it knows it from there."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.special

from derive.answers.proof.normal_form import Forms
from derive.answers.proof.number_system import number_system
from derive.arrays.numpy_functions import ENTRYWISE as FROM_NUMPY
from derive.checks.exact import SYMBOLS
from derive.ir.functions import ENTRYWISE, FUNCTIONS, X
from derive.ir.tree import walk
from derive.language.parser import read_value
from derive.readers.latex.functions import known
from derive.semantics.interpreter import Interpreter
from derive.semantics.number_systems import EXACT, FLOATS, evaluate, many_digits

DECIDED = {"abs", "sign", "relu"}  # by comparisons, which are the interpreter's
PLACES = (-30.0, -2.5, -0.75, -1e-3, 0.5, 1.0, 3.25, 20.0)
DIGITS = many_digits()


@pytest.mark.parametrize("name", sorted(set(ENTRYWISE) - DECIDED))
def test_every_number_system_has_every_function(name):
    systems = (FLOATS, DIGITS, EXACT, SYMBOLS, number_system(Forms()))
    assert [s.name for s in systems if name not in s.functions] == []


@pytest.mark.parametrize("name", [n for n, row in ENTRYWISE.items() if row.form and n != "relu"])
@pytest.mark.parametrize("x", PLACES)
def test_a_form_has_the_function_s_value(name, x):
    value = DIGITS.functions[name](DIGITS.number(x))
    formed = evaluate(ENTRYWISE[name].form, DIGITS.number(x), DIGITS)
    assert abs(value - formed) <= 1e-40 * max(1, abs(value)) or value != value


@pytest.mark.parametrize("name", sorted(set(ENTRYWISE) - DECIDED))
@pytest.mark.parametrize("x", PLACES)
def test_an_odd_function_turns_with_its_argument(name, x):
    one, other = (FLOATS.functions[name](v) for v in (x, -x))
    if ENTRYWISE[name].odd:
        assert one == -other
    elif not math.isnan(one + other):
        assert one != -other


@pytest.mark.parametrize("name", sorted(set(ENTRYWISE) - DECIDED))
@pytest.mark.parametrize("x", PLACES)
def test_a_row_says_where_values_are_positive_and_where_they_fail(name, x):
    row, value = ENTRYWISE[name], FLOATS.functions[name](x)
    if row.range == "positive":
        assert value > 0
    if not math.isfinite(value):
        assert row.risk == "positive" or (row.risk == "not negative" and x < 0)


@pytest.mark.parametrize("name", [n for n, r in ENTRYWISE.items() if r.names.numpy])
@pytest.mark.parametrize("x", PLACES)
def test_a_name_in_numpy_is_the_function(name, x):
    with np.errstate(all="ignore"):
        value = getattr(np, FUNCTIONS[name].names.numpy)(x)
    right = Interpreter((), {}, {})._function(name, [x])
    np.testing.assert_allclose(value, right, rtol=1e-14)
    assert FROM_NUMPY[FUNCTIONS[name].names.numpy] == (name, 1)


@pytest.mark.parametrize("name", [n for n, r in ENTRYWISE.items() if r.names.scipy])
@pytest.mark.parametrize("x", PLACES)
def test_a_name_in_scipy_is_the_function(name, x):
    value = getattr(scipy.special, FUNCTIONS[name].names.scipy)(x)
    np.testing.assert_allclose(value, float(DIGITS.functions[name](DIGITS.number(x))), rtol=1e-13)
    assert FROM_NUMPY[FUNCTIONS[name].names.scipy] == (name, 1)


@pytest.mark.parametrize("name", ENTRYWISE)
def test_its_names_are_read(name):
    assert read_value(f"{name}(x)", "here").name == name
    assert [known(word) for word in (name, *ENTRYWISE[name].names.words)] == [
        name for _ in (name, *ENTRYWISE[name].names.words)
    ]


def test_no_word_names_two_functions():
    words = [w for n, row in FUNCTIONS.items() for w in (n, *row.names.words)]
    assert len(words) == len(set(words))
    assert all(row.form is None or X in walk(row.form) for row in FUNCTIONS.values())
