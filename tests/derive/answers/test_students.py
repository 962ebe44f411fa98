"""Formulas as students and tutorials write them, in NumPy and LaTeX: what is said of each."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from derive.answers.languages import Answer
from derive.calculus.differentiate import differentiate
from derive.checking import check_answer
from derive.checks.report import Report
from derive.errors import ChainruleError
from derive.ir.derivation import Derivation
from derive.specs.load import load, loads

pytestmark = pytest.mark.sampled

CORPORA = Path("tests/corpora")
DENSE = '{ type = "dense", units = %s }'
RELU = '{ type = "dense", units = %d, activation = "relu" }'
SIGMOID = '{ type = "dense", units = 1, activation = "sigmoid" }'
NETS = {
    "softreg": (4, DENSE % 3, "softmax_cross_entropy", 'assume = ["sum(i, t[n,i]) == 1"]'),
    "logreg": (3, SIGMOID, "binary_cross_entropy", ""),
    "linreg": (3, DENSE % 1, "mse", ""),
    "deep": (4, f"{RELU % 5}, {RELU % 3}, {SIGMOID}", "binary_cross_entropy", ""),
    "bn": (
        4,
        f'{DENSE % 5}, {{ type = "batch_norm1d" }}, {{ type = "relu" }}, {DENSE % 1}',
        "mse",
        "",
    ),
}


@cache
def model(name: str) -> Derivation:
    if name not in NETS:
        return differentiate(load(f"generated/{name}/{name}.toml"))
    inputs, layers, loss, more = NETS[name]
    head = f'name = "{name}"\ninputs = {{ x = [{inputs}] }}\n{more}\n'
    return differentiate(loads(f'{head}layers = [{layers}]\nloss = "{loss}"\n'))


def told(name: str, form: str, text: str, **names: str) -> Report:
    return check_answer(model(name), Answer(text, form, names))


def verdicts(report: Report) -> dict[str, set[str]]:
    """The names by what is said of them."""
    found: dict[str, set[str]] = {}
    for row in report.rows:
        said = {"different": "different", "not checked": "open"}.get(row.verdict, "equal")
        assert row.ok or said in ("different", "open"), (row.name, row.verdict, row.detail)
        found.setdefault(said, set()).add(row.name.replace(" ", ""))
    return found


CORPUS = [
    (*head.split(" "), expected, text)
    for head, expected, text in re.findall(
        r"^\[(\w+ \w+)\] (.*)\n((?:.*\n)*?)(?:\n|\Z)",
        (CORPORA / "students.txt").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
]


def test_the_corpus_is_read() -> None:
    assert len(CORPUS) >= 60


@pytest.mark.parametrize(("name", "form", "expected", "text"), CORPUS)
def test_what_is_said(name: str, form: str, expected: str, text: str) -> None:
    wanted = {
        said: set(tensors.split())
        for said, tensors in (part.split(": ") for part in expected.split("; "))
    }
    assert verdicts(told(name, form, text)) == wanted


def test_two_names_for_one_tensor_are_no_silent_choice() -> None:
    right = "dW2 = dz2.T @ y1"
    # the one that is wrong is told, whichever it is
    for text in (f"W2_grad = 17 * dz2.T @ y1\n\n{right}", f"{right}\nW2_grad = 17 * dz2.T @ y1"):
        assert verdicts(told("gender", "numpy", text)) == {"different": {"dW2"}}
    for steps in ("W2_grad = 2 * dz2.T @ y1\ndW2 = W2_grad / 2", f"{right} * 2\ndW2 /= 2"):
        assert verdicts(told("gender", "numpy", steps)) == {"equal": {"dW2"}}
    zeros = f"dW2 = np.zeros_like(W2)\n{right}"
    assert verdicts(told("gender", "numpy", zeros)) == {"equal": {"dW2"}}


@pytest.mark.parametrize(
    ("text", "name", "reason"),
    [
        ("dsyn1 = 3*y1.T @ dz2", "dsyn1", "did you mean 'dW2.T'?"),
        ("dsyn1 = foo(y1).T @ dz2", "dsyn1", "the function 'foo' isn't known"),
        ("db1 = foo.sum(axis=0)", "db1", "'foo' is no tensor of the model"),
        ("hidden = y1*2\ndb1 = hiden.sum(axis=0)", "db1", "did you mean 'hidden'?"),
        ("dW2 = dW2 + 0.1*W2", "dW2", "'dW2' is made of itself here"),
        ("g = {}\ng['W2'] = dz2.T @ y1 + 0.1*W2", "g['W2']", "call the dictionary grads"),
    ],
)
def test_what_cannot_be_judged_is_told(text: str, name: str, reason: str) -> None:
    report = told("gender", "numpy", f"db2 = dz2.sum(axis=0)\n{text}")
    rows = {r.name: r for r in report.rows}
    assert rows["db2"].verdict == "equal"
    assert rows[name].verdict == "not checked"
    assert reason in rows[name].detail


def test_a_dictionary_of_any_name() -> None:
    text = "out = {}\nout['W2'] = dz2.T @ y1\nout['b2'] = 3*dz2.sum(axis=0)"
    assert verdicts(told("gender", "numpy", text)) == {"equal": {"dW2"}, "different": {"db2"}}
    steps = "params['W2'] = W2 - 0.1*dW2\nm['W2'] = 0.9*m['W2'] + 0.1*dW2"
    assert verdicts(told("gender", "numpy", f"dW2 = dz2.T @ y1\n{steps}")) == {"equal": {"dW2"}}


def test_arrays_that_do_not_go_together_are_different() -> None:
    report = told("gender", "numpy", "dW2 = dz2 @ y1\ndb2 = dz2.sum(axis=0)")
    (row,) = [r for r in report.rows if r.name == "dW2"]
    assert row.verdict == "different"
    assert "dz2 is n x 1 and y1 is n x 3" in row.detail
    assert row.data["counterexample"]["shapes"]["derived"] == "1 x 3"
    own = "wrong = dz2 @ y1\ndW2 = wrong\ndb2 = dz2.sum(axis=0)\ndx = wrong * 2"
    found = {r.name: r.verdict for r in told("gender", "numpy", own).rows}
    assert found == {"dW2": "different", "dx": "not checked", "db2": "equal"}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        # values in one tuple, which is taken apart later
        ("cache = (x, y1)\nx_, h = cache\ndW2 = dz2.T @ h", {"equal": {"dW2"}}),
        ("dW2, db2 = None, None\ndW2 = dz2.T @ y1", {"equal": {"dW2"}, "open": {"db2"}}),
        ("dW2 = (dz2.T @ y1).reshape(W2.shape)", {"equal": {"dW2"}}),
        # what is changed in place is known
        (
            "db1 = dz1.sum(axis=0)\ndW2 = np.zeros_like(W2)\nnp.add.at(dW2, [0]*len(y1), y1)",
            {"equal": {"db1"}, "different": {"dW2"}},
        ),
        # a value is what it equals, whatever it is called
        ("dsyn1 = y1.T @ dz2", {"equal": {"dW2"}}),
        # one mean is a slip, no convention
        (
            "dz1 = dz2 @ W2 * y1*(1 - y1)\ndb1 = dz1.mean(axis=0)",
            {"equal": {"dz1"}, "different": {"db1"}},
        ),
    ],
)
def test_habits_of_courses(text: str, wanted: dict[str, set[str]]) -> None:
    assert verdicts(told("gender", "numpy", text)) == wanted


def test_weights_that_lie_otherwise_take_a_second_witness() -> None:
    """`W @ delta` was right for weights of inputs by outputs, and nothing else said so."""
    slip = r"\delta^{(1)} = (W^{(2)} \delta^{(2)}) \odot \sigma'(z^{(1)})"
    with pytest.raises(ChainruleError, match="W2 is 1 x 3 and dz2 is a column of 1"):
        told("gender", "latex", slip)
    report = told("gender", "numpy", "dz1 = np.dot(W2, dz2)*y1*(1 - y1)")
    assert verdicts(report) == {"different": {"dz1"}}
    other = r"z^{(2)} = (W^{(2)})^\top y^{(1)} + b^{(2)} \\ "
    assert verdicts(told("gender", "latex", other + slip)) == {"equal": {"z2", "dz1"}}
    for right in ("np.dot(W2.T, dz2)*y1*(1 - y1)", "dz2 @ W2.T * y1*(1 - y1)"):
        assert verdicts(told("gender", "numpy", f"dz1 = {right}")) == {"equal": {"dz1"}}


def test_errors_with_the_sign_turned_are_not_judged() -> None:
    text = (
        "d_out = (y - out) * out * (1 - out)\nd_hidden = d_out @ W2.T * hidden * (1 - hidden)\n"
        "{} hidden.T @ d_out\nW1 += X.T @ d_hidden\nz1 = X @ W1 + b1"
    )
    report = told("gender", "numpy", text.format("W2 +="))
    assert {r.name: r.verdict for r in report.rows}["dz2"] == "not checked"
    down = text.format("W2 -=").replace("W1 +=", "W1 -=")
    assert "dz2" in verdicts(told("gender", "numpy", down))["different"]


def test_an_output_is_what_follows_the_softmax() -> None:
    for form, text in (("numpy", "dZ2 = (A2 - Y) / m"), ("latex", r"\delta_2 = \frac1N (A_2 - Y)")):
        report = told("softmax", form, text)
        assert verdicts(report) == {"equal": {"dz2"}}
        assert "p.T" in dict(report.names).values() or "p" in dict(report.names).values()


BATCH_NORM = """
def batchnorm_backward(dout, cache):
    x, gamma, mu, var, eps = cache
    xhat = (x - mu) / np.sqrt(var + eps)
    N, D = dout.shape
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * xhat, axis=0)
    dxhat = dout * gamma
    dvar = np.sum(dxhat * (x - mu) * -0.5 * (var + eps) ** -1.5, axis=0)
    dmu = np.sum(dxhat * -1 / np.sqrt(var + eps), axis=0) + dvar * np.mean(-2 * (x - mu), axis=0)
    dx = dxhat / np.sqrt(var + eps) + dvar * 2 * (x - mu) / N + dmu / N
    return dx, dgamma, dbeta
"""


def test_what_another_function_kept_has_its_names() -> None:
    layers = '[{ type = "batch_norm1d" }, { type = "dense", units = 2 }]'
    text = f'name = "bn"\ninputs = {{ x = [3] }}\nlayers = {layers}\nloss = "squared_error"'
    derivation = differentiate(loads(text))
    given = {"dout": "dy1"}
    report = check_answer(derivation, Answer(BATCH_NORM, "numpy", given))
    assert verdicts(report) == {"equal": {"db1", "dg1", "ds1", "dmu1", "dx"}}
    wrong = BATCH_NORM.replace("dvar * 2 *", "dvar *")
    report = check_answer(derivation, Answer(wrong, "numpy", given))
    (row,) = [r for r in report.rows if not r.ok]
    assert (row.name, row.data["explained"]) == ("dx", ["2 is left out"])


def test_where_an_upstream_error_comes_from_is_not_guessed() -> None:
    with pytest.raises(ChainruleError, match="'dout' is no tensor of the model"):
        told("bn", "numpy", "dbeta = np.sum(dout, axis=0)")
    assert verdicts(told("bn", "numpy", "dbeta = np.sum(dout, axis=0)", dout="dy2")) == {
        "equal": {"db2"}
    }


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        (
            "gender",
            r"\frac{\partial E}{\partial \gamma} = \sum_n \delta_n",
            r"derivative by '\\gamma'",
        ),
        ("gender", r"\delta_2 = q", r'--names "q=\.\.\."'),
        ("gender", r"\frac{\partial E}{\partial W_2} = \delta_2 q^\top", "'q' is no tensor"),
    ],
)
def test_refusals_say_what_is_so(name: str, text: str, reason: str) -> None:
    with pytest.raises(ChainruleError, match=reason):
        told(name, "latex", text)
