"""Gaussian elimination in every number system, against NumPy."""

from fractions import Fraction

import numpy as np
import pytest
from numpy.linalg import det, inv

from derive.checks.exact import SYMBOLS
from derive.semantics.gaussian import determinant, inverse, log_determinant
from derive.semantics.number_systems import EXACT, FLOATS, Inexact, many_digits

pytestmark = pytest.mark.sampled

HILBERT = [[Fraction(1, i + j + 1) for j in range(5)] for i in range(5)]


@pytest.mark.parametrize(
    "arithmetic", [FLOATS, many_digits(), EXACT, SYMBOLS], ids=lambda a: a.name
)
@pytest.mark.parametrize("seed", range(3))
def test_elimination_against_numpy(arithmetic, seed):
    x = np.random.default_rng(seed).integers(-9, 10, (3, 3))
    rows = [[arithmetic.number(int(v)) for v in row] for row in x]

    def plain(value):
        return float(getattr(value, "value", value))

    assert np.isclose(plain(determinant(rows, arithmetic)), det(x))
    found = np.vectorize(plain)(np.array(inverse(rows, arithmetic), dtype=object))
    assert np.allclose(found, inv(x))
    if arithmetic is not EXACT:
        assert np.isclose(plain(log_determinant(rows, arithmetic)), np.linalg.slogdet(x)[1])


def test_rationals_are_exact():
    assert determinant(HILBERT, EXACT) == Fraction(1, 266716800000)
    assert inverse(HILBERT, EXACT)[4][4] == 44100
    digits = many_digits()
    rows = [[digits.number(v) for v in row] for row in HILBERT]
    assert abs(determinant(rows, digits) * 266716800000 - 1) < 1e-40
    assert log_determinant([[Fraction(2), Fraction(1)], [Fraction(1), Fraction(1)]], EXACT) == 0


@pytest.mark.parametrize("arithmetic", [FLOATS, many_digits(), SYMBOLS], ids=lambda a: a.name)
def test_a_singular_matrix_is_no_error(arithmetic):
    rows = [[arithmetic.number(v) for v in row] for row in ([1, 2], [2, 4])]

    def plain(value):
        return float(getattr(value, "value", value))

    assert plain(determinant(rows, arithmetic)) == 0
    assert plain(log_determinant(rows, arithmetic)) == -np.inf
    assert not any(np.isfinite(plain(v)) for row in inverse(rows, arithmetic) for v in row)


def test_a_singular_matrix_has_no_rational_inverse():
    with pytest.raises(Inexact):
        inverse([[Fraction(1), Fraction(2)], [Fraction(2), Fraction(4)]], EXACT)
