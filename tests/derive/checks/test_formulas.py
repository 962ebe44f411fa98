"""`check` with formulas: right ones are equal, wrong ones get a counterexample."""

import json

import pytest

from codegen.report_text import WIDTH, as_text
from derive import ChainruleError, check
from tests.derive.checks.systems import derivation_of

pytestmark = pytest.mark.sampled


# ---- formulas ------------------------------------------------------------------------------------

RIGHT = """
dz2[n,k] = (y2[n,k] - t[n,k])*(1 - y2[n,k]**2)/size(n)
dW2[k,i] = sum(n, dz2[n,k]*y1[n,i])
back[n,i] = sum(k, dz2[n,k]*W2[k,i])     # a name of one's own
dz1[n,i] = back[n,i]*y1[n,i]*(1 - y1[n,i])
dW1[i,j] = sum(n, dz1[n,i]*x[n,j])
db2[k] = sum(n, dz2[n,k])
y1[n,i] = 1/(1 + exp(-z1[n,i]))
"""


def verdicts(formulas, name="net"):
    report = check(derivation_of(name), formulas)
    return {f["tensor"]: f["verdict"] for f in report.to_json()["formulas"]}


def test_right_formulas_are_equal():
    found = verdicts(RIGHT)
    assert list(found) == ["dz2", "dW2", "dz1", "dW1", "db2", "y1"]
    assert set(found.values()) == {"equal"}
    assert verdicts("dz1[n,i] = dy1[n,i]*exp(-z1[n,i])*y1[n,i]**2") == {"dz1": "equal"}


def test_one_mistake_makes_one_formula_different():
    found = verdicts(RIGHT.replace("(y2[n,k] - t[n,k])", "(t[n,k] - y2[n,k])"))
    assert found == {**dict.fromkeys(found, "equal"), "dz2": "different"}


@pytest.mark.parametrize(
    "formula",
    [
        "dW1[i,j] = sum(n, dz1[n,i]*x[n,j])/size(n)",
        "dW1[i,j] = dz1[0,i]*x[0,j]",
        "dz2[n,k] = (y2[n,k] - t[n,k])/size(n)",
        "db1[i] = sum(n, -dz1[n,i])",
        "dz1[n,i] = sum(k, dz2[n,k]*W2[k,i])",
        "y2[n,k] = z2[n,k]",
        "E = sum(n,k, (y2[n,k] - t[n,k])**2)",
    ],
)
def test_a_wrong_formula_gets_a_counterexample(formula):
    report = check(derivation_of("net"), formula)
    (row,) = [r for r in report.rows if r.check == "formula"]
    assert row.verdict == "different"
    assert not report.ok
    example = row.data["counterexample"]
    assert example["written"] != example["derived"]
    assert set(example["values"]) == {"W1", "b1", "W2", "b2", "x", "t"}
    json.dumps(report.to_json())


def test_the_smallest_counterexample_is_shown():
    formula = "dW1[i,j] = dz1[0,i]*x[0,j]"  # right for a batch of one
    (row,) = [r for r in check(derivation_of("net"), formula).rows if r.check == "formula"]
    assert len(row.data["counterexample"]["values"]["x"]) == 2


def test_an_assumption_makes_a_formula_equal():
    formula = "dz[n,i] = (y[n,i] - t[n,i])/size(n)"
    assert verdicts(formula, "softmax") == {"dz": "equal"}
    report = check(derivation_of("softmax", assume=()), formula)
    (row,) = [r for r in report.rows if r.check == "formula"]
    assert (row.verdict, row.data["assumption"]) == ("equal if", "the rows of t sum to 1")
    assert row.data["counterexample"]["values"]["t"]


def test_formulas_of_a_recurrence_are_equal():
    formula = """
dh[t,k] = 2*(h[t,k] - s[k]) + sum(j, dh[t+1,j]*(1 - h[t+1,j]**2)*U[j,k])
dU[k,j] = sum(t, dh[t,k]*(1 - h[t,k]**2)*h[t-1,j])
"""
    assert set(verdicts(formula, "recurrence").values()) == {"equal"}


@pytest.mark.parametrize(
    ("formulas", "message"),
    [
        ("q[n] = 1", "no equation gives a tensor of the model"),
        ("dz2[n,k] = y3[n,k]", "unknown tensor 'y3'"),
        ("dz2[n,k] = dz4[n,k]", "unknown tensor 'dz4'"),
        ("dz2[n,k] = y2[n,k", "bracket"),
        ("dz2[n,k] = 1\ndz2[n,k] = 1", "'dz2' is defined twice"),
        ("dz2[n,k] = __import__('os')", "line 1"),
    ],
)
def test_formulas_that_cannot_be_read(formulas, message):
    with pytest.raises(ChainruleError, match=r".") as caught:
        check(derivation_of("net"), formulas)
    assert message in str(caught.value)
    assert "_derivative_" not in str(caught.value)


@pytest.mark.parametrize(
    ("formula", "derived", "written", "reason"),
    [
        ("dz2[n,k,i] = 1", "(n, 2)", None, "dz2 has 2 axes, (n, 2); here it has 3 subscripts"),
        (
            "dz2[n,k] = sum(i, y2[n,i]*y1[n,i])",
            "(n, 2)",
            None,
            "'i' walks axis 1 of y2 (2) and axis 1 of y1 (3)",
        ),
        (
            "dW2[k,i] = sum(n, dz2[n,i]*y1[n,k])",
            "(2, 3)",
            "(3, 2)",
            "'i' walks axis 1 of dW2 (3) and axis 1 of dz2 (2)",
        ),
    ],
)
def test_shapes_that_do_not_fit_are_reported(formula, derived, written, reason):
    (row,) = [r for r in check(derivation_of("net"), formula).rows if r.check == "formula"]
    assert row.verdict == "different"
    shapes = row.data["counterexample"]["shapes"]
    assert (shapes["derived"], shapes["written"], shapes["reason"]) == (derived, written, reason)


# ---- the report ----------------------------------------------------------------------------------


def test_the_report_fits_a_terminal():
    report = check(derivation_of("net"), RIGHT.replace("size(n)", "2"))
    lines = as_text(report).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert lines[0] == "check of model"
    assert any(line.startswith("formula  dz2  different") for line in lines)
    assert lines[-1] == f"1 of {len(report.formulas)} formulas wrong"
    assert lines[-3].startswith(f"the derivation itself: {len(report.own)} checks pass")
