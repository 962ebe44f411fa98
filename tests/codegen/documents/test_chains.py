"""Chains of equalities: a middle term stands only where it equals what is beside it."""

import pytest

from codegen.documents.builder import DocumentBuilder
from codegen.documents.explain import explain
from codegen.documents.options import DocumentOptions
from codegen.latex.formula import Formula
from derive import differentiate, load, parse
from derive.calculus.total_differential import collected, passages
from tests.oracles.against_autograd import derivation_of
from tests.oracles.random_systems import random_model
from tests.read_back.document import Read
from tests.read_back.facts import Facts
from tests.read_back.formula_check import Differs, FormulaCheck

OPTIONS = (
    DocumentOptions(),
    DocumentOptions(notation="index", detail="full", errors="partial"),
    DocumentOptions(detail="full", calculus="kronecker"),
    DocumentOptions(notation="matrix", samples="rows"),
)
# a tensor that one equation reads twice
TWICE = {
    "quadratic form": "q = sum(i,j, x[i]*A[i,j]*x[j])\nE = log(1 + q**2)",
    "two terms": "y[i] = x[i]**2 + sum(j, A[i,j]*x[j])\nE = sum(i, tanh(y[i]))",
    "one entry and all": "y[i] = x[0]*x[i]\nE = sum(i, sin(y[i]))",
    "a gram matrix": "G[i,j] = sum(k, A[i,k]*A[j,k])\nE = sum(i,j, G[i,j]**2*x[i])",
    "the objective itself": "E = sum(i,j, x[i]*A[i,j]*x[j])",
    "a sum beside it": "y[i] = x[i]/sum(j, exp(x[j]))\nE = sum(i,j, y[i]*A[i,j]*x[j])",
}


def derived(text):
    extents = {"i": 3, "j": 3, "k": 3} if "k" in text else {"i": 3}
    sizes = {"x.0": 3, "A.0": 3, "A.1": 3} if extents else {}
    return differentiate(parse(text, parameters=["x", "A"], sizes=sizes, objective="E"))


@pytest.mark.parametrize("name", TWICE)
def test_a_tensor_that_is_read_twice(name):
    text = TWICE[name] if "A[" in TWICE[name] else f"{TWICE[name]} + 0*A[0,0]"
    read = Read()
    for options in OPTIONS:
        read.check(DocumentBuilder(derived(text), options))


@pytest.mark.parametrize("seed", [1, 5, 7, 11, 30, 37])
def test_random_systems(seed):
    Read().check(DocumentBuilder(derivation_of(random_model(seed)), OPTIONS[0]))


def test_attention_of_one_sequence_to_itself():
    spec = {
        "inputs": {"x": [3, 2]},
        "layers": [
            {"name": "z", "type": "dense", "units": 2},
            {"type": "attention", "inputs": ["z", "z", "z"]},
        ],
        "loss": "squared_error",
    }
    read = Read()
    for options in OPTIONS[:3]:
        read.check(DocumentBuilder(differentiate(load(spec)), options))


def test_what_is_read_twice_has_one_coefficient():
    text = explain(derived(TWICE["quadratic form"]), "x")
    assert "∂E/∂x_i = ∂E/∂q ∂q/∂x_i = ∂E/∂q Σ_j A_ij x_j + ∂E/∂q Σ_j x_j A_ji" in text
    assert "+=" not in text
    derivation = derived(TWICE["quadratic form"])
    through = [p for p in passages(derivation) if p.output == "q"]
    assert len(through) == 3 and len(collected(derivation, through).terms) == 2


def test_a_middle_term_that_is_more_than_what_follows_is_noticed():
    derivation = derived(TWICE["quadratic form"])
    context = DocumentBuilder(derivation, DocumentOptions()).context
    told = FormulaCheck(context, Facts(context.derivation))
    middle = r"\frac{\partial E}{\partial q}\,\frac{\partial q}{\partial x_{i}}"
    part = r"\frac{\partial E}{\partial q} \sum_{j} A_{ij}\,x_{j}"
    both = rf"{part} + \frac{{\partial E}}{{\partial q}} \sum_{{j}} A_{{ji}}\,x_{{j}}"
    left = r"\frac{\partial E}{\partial x_{i}}"
    assert told.check(Formula(left, (middle, both))) == "left" and told.chains
    with pytest.raises(Differs):
        told.check(Formula(left, (middle, part), r"\mathrel{+}="))


def test_a_step_says_what_it_did():
    """`E` is named as the means only before formulas that E stands in."""
    text = explain(derived(TWICE["quadratic form"]), "x")
    assert "in terms of" not in text
    logistic = differentiate(
        parse("y = sigmoid(w*x)\nE = y**2", parameters=["w"], inputs=["x"], objective="E")
    )
    words = " ".join(explain(logistic, "w").split())
    assert "in terms of y, which the forward pass has computed" in words
