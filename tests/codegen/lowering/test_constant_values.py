"""A derivative that is one number everywhere leaves no array behind."""

import pytest

from codegen import emit
from codegen.lowering.common_values import shared
from codegen.verify import verify_module
from derive.calculus.differentiate import differentiate
from derive.language.printer import equation_text
from derive.specs.parse import parse

GIVEN = {"inputs": ["x"], "parameters": ["w"], "objective": "E", "batch": "n", "sizes": {"i": 3}}


def derived(text):
    return differentiate(parse(text, **GIVEN))


def backward(derivation):
    return [equation_text(e) for e in shared(derivation).derivation.backward]


ROWS = """
l[n] = logsumexp(i, w[i]*x[n,i])
E = sum(n, l[n])/size(n)
"""

LAGGED = """
y[n,i] = w[i]*x[n,i]**2
z[n,i] = y[n,i] + tanh(y[n,i-1])
E = sum(n,i, z[n,i])
"""


def test_a_number_is_written_in():
    derivation = derived(ROWS)
    assert any(e.tensor == "dl" for e in derivation.backward), "nothing is shown"
    assert not any(text.startswith("dl[") for text in backward(derivation))
    assert "np.full" not in emit(derivation, part="math")


def test_what_is_read_outside_stays():
    """Outside a derivative is 0, whatever it is inside."""
    assert "dz[n,i] = 1" in backward(derived(LAGGED))


def test_what_is_asked_for_stays():
    derivation = derived("E = sum(n,i, x[n,i]) + sum(i, w[i])")
    assert {"dx[n,i] = 1", "dw[i] = 1"} <= set(backward(derivation))


@pytest.mark.parametrize("text", [ROWS, LAGGED, "E = sum(n,i, x[n,i]) + sum(i, w[i])"])
def test_the_numbers_stay(text):
    rows = verify_module(derived(text))
    assert {row.verdict for row in rows} <= {"agrees", "not checked"}
