"""Verdicts on formulas by hand: equal, different, equal if, not checked, and what they rest on."""

import numpy as np
import pytest

from derive import ChainruleError, differentiate, load, parse
from derive.answers.batch_or_sample import settings
from derive.answers.check_text import check_formulas
from derive.answers.formula import at_sizes
from derive.answers.known_names import plain_left
from derive.answers.languages import Answer
from derive.answers.proof.schwartz_zippel import SET, chance
from derive.answers.text_formulas import formulas_of
from derive.checking import check_answer
from derive.language.parser import read_equations
from tests.derive.answers.two_layer_net import net, rows


def softmax():
    text = """
z[n,i] = sum(j, W[i,j]*x[n,j])
y[n,i] = exp(z[n,i])/sum(k, exp(z[n,k]))
E = -mean(n, sum(i, t[n,i]*log(y[n,i])))
"""
    sizes = {"i": 3, "j": 2}
    roles = {"parameters": ["W"], "inputs": ["x"], "targets": ["t"]}
    return differentiate(parse(text, objective="E", batch="n", sizes=sizes, **roles))


def quadratic(symmetric=""):
    text = "E = sum(i,j, x[i]*A[i,j]*x[j])"
    roles = {"parameters": ["x"], "inputs": ["A"]}
    return differentiate(parse(text, objective="E", sizes={"i": 3, "j": 3}, **roles))


def test_a_formula_of_one_sample():
    """Without the batch's letter there is no 1/N; with it there is one."""
    text = "dz2[n,i] = (y2[n,i] - t[n,i])*y2[n,i]*(1 - y2[n,i]){}\ndW2[i,j] = {}"
    batch = text.format("/size(n)", "sum(n, dz2[n,i]*y1[n,j])")
    assert {r.verdict for r in rows(net(), batch).values()} == {"equal"}
    single = text.format("", "dz2[i]*y1[j]").replace("n,", "")
    found = rows(net(), single)
    assert {r.verdict for r in found.values()} == {"equal"}
    assert {r.data["of"] for r in found.values()} == {"one sample"}
    wrong = rows(net(), single.replace("t[i])", "t[i])/2"))["dz2"]
    assert (wrong.verdict, wrong.data["slips"]) == ("different", ["factor"])
    # each is judged by itself: a text may have both
    both = "dz2[i] = (y2[i] - t[i])*y2[i]*(1 - y2[i])\ndW2[i,j] = sum(n, dz2[n,i]*y1[n,j])"
    assert {r.verdict for r in rows(net(), both).values()} == {"equal"}


@pytest.mark.parametrize(
    ("formula", "assumption"),
    [
        ("dz[n,i] = (y[n,i] - t[n,i])/size(n)", "the rows of t sum to 1"),
        ("dz[n,i] = (y[n,i] - t[n,i]**2)/size(n)", "t is one-hot"),
    ],
)
def test_an_assumption_about_targets_is_a_condition(formula, assumption):
    (row,) = rows(softmax(), formula).values()
    assert (row.verdict, row.data["assumption"], row.ok) == ("equal if", assumption, True)
    assert row.data["counterexample"]["written"] != row.data["counterexample"]["derived"]


def test_targets_of_two_values_are_a_condition():
    """A derivative by cases, as for labels that are 0 or 1."""
    spec = {
        "inputs": {"x": [2]},
        "layers": [{"type": "dense", "units": 1, "activation": "sigmoid"}],
        "loss": "binary_cross_entropy",
    }
    cases = "dz1[n,i] = where(t[n,i] == 1, y1[n,i] - 1, y1[n,i])/size(n)"
    (row,) = rows(differentiate(load(spec)), cases).values()
    assert (row.verdict, row.data["assumption"]) == ("equal if", "each entry of t is 0 or 1")
    (wrong,) = rows(differentiate(load(spec)), cases.replace("- 1,", "+ 1,")).values()
    assert wrong.verdict == "different"


def test_a_matrix_of_data_may_be_symmetric():
    (row,) = rows(quadratic(), "dx[i] = 2*sum(j, A[i,j]*x[j])").values()
    assert (row.verdict, row.data["assumption"], row.ok) == ("equal if", "A is symmetric", True)


def test_an_equality_by_coincidence_is_different():
    """Where no slip explains it: it is told, and it is wrong."""
    text = "dW[i,j] = (y[0,i] - t[0,i])*x[0,j]*sum(k, t[0,k])"
    spec = {"assume": ["sum(i, t[n,i]) == 1"]}
    derivation = differentiate(
        parse(
            "z[n,i] = sum(j, W[i,j]*x[n,j])\ny[n,i] = exp(z[n,i])/sum(k, exp(z[n,k]))\n"
            "E = -mean(n, sum(i, t[n,i]*log(y[n,i])))",
            parameters=["W"],
            inputs=["x"],
            targets=["t"],
            objective="E",
            batch="n",
            sizes={"i": 3, "j": 2},
            **spec,
        )
    )
    (row,) = rows(derivation, text).values()
    assert not row.ok
    assert row.data["assumption"] in ("the batch has one sample", None)


def test_points_state_their_bound():
    """A long rational formula: exact arithmetic at random integers."""
    text = "z[i] = sum(j, W[i,j]*x[j])\nE = sum(i, z[i]**3/(1 + x[i]**2))"
    sizes = {"i": 4, "j": 4}
    derivation = differentiate(
        parse(text, parameters=["W"], inputs=["x"], sizes=sizes, objective="E")
    )
    written = [plain_left(w) for w in read_equations("dz[i] = 3*z[i]*z[i]/(x[i]*x[i] + 1)", "", [])]
    (formula,) = formulas_of(written, settings(derivation, written, 0))
    at = formula.setting.point(0)
    found = chance(formula.real, at_sizes(formula, at), at, 0)
    # three over two, and two over two: a difference of degree four at most
    assert (found.points, found.bound) == (3, (4 / SET) ** 3)
    wrong = [plain_left(w) for w in read_equations("dz[i] = 3*z[i]/(x[i]*x[i] + 1)", "", [])]
    (formula,) = formulas_of(wrong, settings(derivation, wrong, 0))
    assert chance(formula.real, at_sizes(formula, at), at, 0) is None


def test_branches_claim_no_bound():
    derivation = differentiate(parse("E = relu(w)*v", parameters=["w", "v"], objective="E"))
    row = rows(derivation, "dw = where(w > 0, v, 0)")["dw"]
    assert (row.verdict, row.data["bound"]) == ("equal at points", None)
    assert "8 random points, to 50 digits" in row.detail


def test_an_own_intermediate_that_means_a_known_tensor():
    """The mistake is in `error`; what follows from it is right."""
    text = """
error[n,i] = (t[n,i] - y2[n,i])*y2[n,i]*(1 - y2[n,i])/size(n)
dW2[i,j] = sum(n, error[n,i]*y1[n,j])
db2[i] = sum(n, error[n,i])
"""
    found = rows(net(), text)
    assert {n: r.verdict for n, r in found.items()} == {
        "error": "different",
        "dW2": "equal",
        "db2": "equal",
    }
    assert found["error"].data["meaning"] == "dz2"
    assert found["error"].data["slips"] == ["sign"]
    assert list(found) == ["error", "dW2", "db2"]


def test_two_mistakes_in_one_formula_are_both_reported():
    """Mean squared error with sigmoid and delta = o - l, a page's: (2/B) o (1 - o) is missing."""
    derivation = net(loss="mse")
    row = rows(derivation, "dz2[n,i] = y2[n,i] - t[n,i]")["dz2"]
    assert row.verdict == "different"
    assert "missing derivative" in row.data["slips"]


def test_a_formula_for_a_given_tensor_is_not_checked():
    row = rows(net(), "W1[i,j] = 3")["W1"]
    assert (row.verdict, row.detail) == (
        "not checked",
        "W1 is given, as a parameter; nothing derives it",
    )


def test_numbers_of_a_counterexample_are_short():
    row = rows(net(), "dW2[i,j] = sum(n, dz2[n,i]*y1[n,j])/2")["dW2"]
    example = row.data["counterexample"]
    assert len(example["values"]["x"]) == 1  # one sample shows it
    assert all(round(10 * v) == 10 * v for v in np.ravel(example["values"]["W1"]))
    assert set(example["reads"]) == {"dz2", "y1"}


@pytest.mark.parametrize(
    ("more", "detail"),
    [("1e-30", "the formula gives 1e-30 more"), ("-1e-9", "the formula gives 1e-09 less")],
)
def test_a_wrong_term_is_found_however_small(more, detail):
    (row,) = check_formulas(net(), f"db2[i] = sum(n, dz2[n,i]) + {more}")
    assert row.verdict == "different"
    assert row.detail.endswith(detail)


def test_a_formula_that_cannot_be_read_does_not_stop_the_others():
    text = "dW2[i,j] = sum(n, dz2[n,i]*yy1[n,j])\ndb2[i] = sum(n, dz2[n,i])"
    found = rows(net(), text)
    assert {n: r.verdict for n, r in found.items()} == {"dW2": "not checked", "db2": "equal"}
    assert "unknown tensor 'yy1'; did you mean 'y1'?" in found["dW2"].detail
    report = check_answer(net(), Answer(text))
    assert not report.ok
    assert str(report).splitlines()[-1] == "1 not checked"
    with pytest.raises(ChainruleError, match="give an equation for it"):
        rows(net(), "dW2[i,j] = sum(n, dz2[n,i]*foo[n,j])")
