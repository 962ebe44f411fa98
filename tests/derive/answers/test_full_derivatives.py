"""Jacobians and Hessians by hand, in all three languages, of a batch and of one sample."""

import pytest

from derive import differentiate, parse
from derive.answers.languages import Answer
from derive.checking import check_answer
from tests.derive.answers.two_layer_net import net

LOGISTIC = """
h[n] = sigmoid(sum(j, w[j]*x[n,j]))
E = -sum(n, t[n]*log(h[n]) + (1 - t[n])*log(1 - h[n]))
"""
SOFTMAX = """
p[i] = exp(o[i])/sum(k, exp(o[k]))
E = -sum(i, t[i]*log(p[i]))
"""


def logistic():
    spec = {"parameters": ["w"], "inputs": ["x"], "targets": ["t"], "output": "h"}
    return differentiate(parse(LOGISTIC, objective="E", batch="n", sizes={"j": 3}, **spec))


def softmax():
    spec = {"inputs": ["o"], "targets": ["t"], "output": "p"}
    return differentiate(parse(SOFTMAX, objective="E", sizes={"i": 3}, **spec))


def verdicts(derivation, text, names=None):
    report = check_answer(derivation, Answer(text, names=names))
    return {r.name: "equal" if r.verdict.startswith("equal") else r.verdict for r in report.rows}


HESSIAN = {
    "H_w_w[i,j] = sum(n, x[n,i]*h[n]*(1 - h[n])*x[n,j])": "equal",
    "H_w_w[i,j] = sum(n, x[n,i]*h[n]*x[n,j])": "different",
    "H_w_w = x.T @ np.diag(h*(1 - h)) @ x": "equal",
    "H_w_w = (x.T * (h*(1 - h))) @ x": "equal",
    "H_w_w = x.T @ np.diag(h) @ x": "different",
    r"\frac{\partial^2 E}{\partial w_i \partial w_j} = \sum_n x_{ni} h_n (1 - h_n) x_{nj}": "equal",
    r"\frac{\partial^2 E}{\partial w_i \partial w_j} = \sum_n x_{ni} h_n x_{nj}": "different",
}


@pytest.mark.slow
@pytest.mark.parametrize("text", HESSIAN)
def test_the_hessian_of_logistic_regression(text):
    assert verdicts(logistic(), text) == {"H_w_w": HESSIAN[text]}


def test_a_hessian_under_a_name_that_is_given():
    text = r"H = X^T \mathrm{diag}(h \odot (1 - h)) X"
    assert verdicts(logistic(), text, {"H": "H_w_w"}) == {"H_w_w": "equal"}


JACOBIAN = {
    "J_p_o[i,j] = p[i]*(delta(i, j) - p[j])": "equal",
    "J_p_o[i,j] = p[i]*(delta(i, j) - p[i])": "different",
    "J_p_o[i,j] = p[i]*(1 - p[j])": "different",
    "J_p_o = np.diag(p) - np.outer(p, p)": "equal",
    "J_p_o = np.diag(p) + np.outer(p, p)": "different",
    r"\frac{\partial p_i}{\partial o_j} = p_i (\delta_{ij} - p_j)": "equal",
    r"\partial p_i/\partial o_j = p_i (\delta_{ij} - p_j)": "equal",
    r"\frac{\partial p_i}{\partial o_j} = -p_i p_j": "different",
}


@pytest.mark.parametrize("text", JACOBIAN)
def test_the_jacobian_of_softmax(text):
    assert verdicts(softmax(), text) == {"J_p_o": JACOBIAN[text]}


OF_A_NET = """
J_y1_z1[i,j] = delta(i, j)*y1[i]*(1 - y1[i])
J_y1_W1[k,i,j] = delta(k, i)*y1[i]*(1 - y1[i])*x[j]
J_y2_y1[i,j] = y2[i]*(1 - y2[i])*W2[i,j]
"""


@pytest.mark.slow
def test_several_of_one_sample_beside_gradients():
    text = f"{OF_A_NET}dW2[i,j] = dz2[i]*y1[j]"
    found = verdicts(net(), text)
    assert found == dict.fromkeys(("J_y1_z1", "J_y1_W1", "J_y2_y1", "dW2"), "equal")
    assert verdicts(net(), text.replace("*W2[i,j]", "*W2[j,i]"))["J_y2_y1"] != "equal"


@pytest.mark.slow
def test_a_jacobian_over_the_batch():
    text = "J_y1_z1[n,i,m,j] = delta(n, m)*delta(i, j)*y1[n,i]*(1 - y1[n,i])"
    assert verdicts(net(), text) == {"J_y1_z1": "equal"}
    assert verdicts(net(), text.replace("delta(n, m)*", "")) == {"J_y1_z1": "different"}


def test_jacobian_and_hessian_in_one_text():
    text = """
J_h_w[n,j] = h[n]*(1 - h[n])*x[n,j]
H_w_w[i,j] = sum(n, x[n,i]*h[n]*(1 - h[n])*x[n,j])
dw[j] = sum(n, (h[n] - t[n])*x[n,j])
"""
    assert verdicts(logistic(), text) == dict.fromkeys(("J_h_w", "H_w_w", "dw"), "equal")
