"""Formulas of people that have failed before: a row for each, so that it doesn't come back."""

import pytest

from derive import check, differentiate, load, parse
from derive.answers.languages import Answer
from derive.checking import check_answer
from derive.errors import ChainruleError


def test_a_formula_that_has_no_place_is_told():
    text = "E = sum(i, w[i]**2)"
    derivation = differentiate(parse(text, parameters=["w"], objective="E", sizes={"i": 3}))
    rows = check(derivation, "dw[i] = 2*w[i]\ndW[i] = 0").rows
    told = {row.name: (row.verdict, row.detail) for row in rows if row.check == "formula"}
    assert told["dw"][0] == "equal"
    assert told["dW"] == (
        "not checked",
        "the model has no 'dW', and no other formula reads it; did you mean 'dw'?",
    )


def test_a_formula_for_what_will_be_is_compared():
    """`next(w)[i] = ...` was passed over in silence."""
    text = "E = sum(i, w[i]**2)"
    derivation = differentiate(parse(text, parameters=["w"], objective="E", sizes={"i": 3}))
    rows = check(derivation, "next(w)[i] = w[i] + learning_rate*dw[i]").rows
    assert [row.verdict for row in rows if row.check == "formula"] == ["different"]


def told(text, formulas, seed=0, **spec):
    derivation = differentiate(parse(text, objective="E", **spec))
    rows = check(derivation, formulas, seed).rows
    return {row.name: row.verdict for row in rows if row.check == "formula"}


def test_a_formula_that_is_right_in_one_branch_is_not_right():
    """`dw = v` was called identical where all numbers drawn for w were positive."""
    for seed in range(8):
        text, spec = "E = relu(w)*v", {"parameters": ["w", "v"]}
        assert told(text, "dw = v\ndv = w", seed, **spec) == {"dw": "different", "dv": "different"}
    right = "dw = where(w > 0, v, 0)\ndv = relu(w)"
    assert told(text, right, **spec) == {"dw": "equal at points", "dv": "equal at points"}


def test_a_text_may_name_what_looks_like_derivatives_of_its_own():
    """CS231n's `dot` and `ddot` were refused, and so was any text about a second derivative."""
    text, spec = "E = sigmoid(w*x)", {"parameters": ["w"], "inputs": ["x"]}
    formulas = "dot = w*x\nout = sigmoid(dot)\nddot = out*(1 - out)\ndw = ddot*x"
    assert told(text, formulas, **spec) == {"dw": "equal"}
    again = differentiate(differentiate(parse(text, objective="E", **spec)), of="dw", wrt=["w"])
    rows = check(again, f"{again.adjoint['w']} = E*(1 - E)*(1 - 2*E)*x**2").rows
    assert [row.verdict for row in rows if row.check == "formula"] == ["equal"]
    with pytest.raises(ChainruleError, match="column 6: 'dwx' is bound nowhere"):
        check(again, "dw = dwx")


def test_a_text_s_own_names_are_none_of_the_engine_s():
    """`s` and `c` stand for parts that nobody named; they took the place of the text's own."""
    text = "y[i] = exp(z[i])/sum(k, exp(z[k]))\nE = -sum(i, t[i]*log(y[i]))"
    spec = {"parameters": ["z"], "targets": ["t"], "sizes": {"i": 3}}
    for name in ("s", "c", "total"):
        formulas = f"{name} = sum(k, t[k])\ndz[i] = y[i]*{name} - t[i]"
        assert told(text, formulas, **spec) == {"dz": "equal"}
    formulas = "s[i] = y[i]*dy[i]\ndy[i] = -t[i]/y[i]\ndz[i] = s[i] - y[i]*sum(k, s[k])"
    assert told(text, formulas, **spec) == {"dy": "equal", "dz": "equal"}
    # read and not given, they are what the engine means, as its documents print them
    assert told(text, "y[i] = exp(z[i])/s", **spec) == {"y": "equal"}


@pytest.mark.parametrize("depth", [30, 40, 80])
def test_sums_in_sums_of_latex(depth):
    """Written one behind the other they nest, and their names were too long from 28 on."""
    sums = r"\sum_{n,k} W^{(2)}_{ki} " * depth
    text = rf"\frac{{\partial E}}{{\partial b^{{(1)}}_i}} = {sums} \delta^{{(2)}}_{{nk}}"
    derivation = differentiate(load("generated/gender/gender.toml"))
    if depth > 60:
        with pytest.raises(ChainruleError, match="nested too deeply"):
            check_answer(derivation, Answer(text, "latex"))
    else:
        (row,) = check_answer(derivation, Answer(text, "latex")).rows
        assert row.verdict == "different"
