"""Specs with LaTeX in them, and the project's own documents read back."""

import re

import pytest

from derive import ChainruleError, differentiate, loads, parse
from derive.answers.check_text import check_formulas
from derive.readers.model_text import looks_like_latex
from tests.derive.readers.latex_models import GENERATED, model, told

pytestmark = pytest.mark.sampled


# ---- specs ---------------------------------------------------------------------------------------

PASTED = r"""
inputs = { x = [4] }
[define.neuron]
equations = 'y_{ni} = f\left(\sum_j W_{ij} x_{nj} + b_i\right)'
functions = { f = "tanh" }
parameters = ["W", "b"]
[[layers]]
type = "neuron"
i = 3
[loss]
equations = 'E = \frac{1}{2N} \sum_{n=1}^{N} \sum_i (y_{ni} - t_{ni})^2'
"""
TYPED = """
inputs = { x = [4] }
[[layers]]
type = "dense"
units = 3
activation = "tanh"
[loss]
type = "squared_error"
"""


def test_pasted_layer_is_the_catalogue_s():
    pasted, typed = (differentiate(loads(t)) for t in (PASTED, TYPED))
    text = "dW1[i,j] = sum(n, (y1[n,i] - t[n,i])*(1 - y1[n,i]**2)*x[n,j])/size(n)"
    for derivation in (pasted, typed):
        (row,) = check_formulas(derivation, text, 0)
        assert row.verdict != "different"


def test_pasted_model():
    shared = {
        "parameters": ["U", "V"],
        "inputs": ["m"],
        "targets": ["r"],
        "constants": {"lam": 0.1},
        "objective": "E",
        "sizes": {"a": 3, "b": 4, "k": 2},
    }
    latex = r"""\begin{align}
        p_{ab} &= \sum_k U_{ak} V_{bk} \\
        E &= \sum_{a,b} m_{ab} (p_{ab} - r_{ab})^2 + \lambda \sum_{a,k} U_{ak}^2
    \end{align}"""
    text = """
p[a,b] = sum(k, U[a,k]*V[b,k])
E = sum(a,b, m[a,b]*(p[a,b] - r[a,b])**2) + lam*sum(a,k, U[a,k]**2)
"""
    assert parse(latex, **shared).equations == parse(text, **shared).equations


def test_accents_and_bare_letters_are_two_tensors():
    latex = r"""
\hat{y}_n = \sigma(\sum_j w_j x_{nj} + b) \\
E = \frac1N \sum_n (\hat{y}_n - y_n)^2
"""
    text = """
y_hat[n] = sigmoid(sum(j, w[j]*x[n,j]) + b)
E = 1/size(n)*sum(n, (y_hat[n] - y[n])**2)
"""
    shared = {
        "parameters": ["w", "b"],
        "inputs": ["x"],
        "targets": ["y"],
        "objective": "E",
        "batch": "n",
        "sizes": {"j": 2},
    }
    assert parse(latex, **shared).equations == parse(text, **shared).equations


def test_a_bias_that_no_sum_reaches_is_no_silent_zero():
    latex = r"""
h_n = \sigma(\theta_0 + \sum_{j=1}^{d} \theta_j x_{nj}) \\
E = \sum_n (h_n - t_n)^2
"""
    roles = {"parameters": ["theta"], "inputs": ["x"], "targets": ["t"], "objective": "E"}
    with pytest.raises(ChainruleError, match="before the first place of 'theta'"):
        parse(latex, **roles)


SPEC_ERRORS = [
    (
        r"y_i = f\left(x_i\right)",
        {},
        "equations, line 1, column 7: which function is 'f'? say so beside the equations, such "
        'as functions = { f = "sigmoid" }',
    ),
    ("y_i = f(x_i)", {"f": "sigmoit"}, "functions.f: unknown function 'sigmoit'; did you mean"),
    (r"y_i = f(x_i)", {"f": "softmax"}, "functions.f: softmax isn't entry-wise"),
    ("y[i] = x[i]", {"f": "sigmoid"}, "functions tell what the letters of LaTeX are"),
    (r"y_i = \sum_{j=1}^{3} x_j", {}, r"write \sum_{j} and sizes = { j = 3 }"),
    (r"\frac{\partial E}{\partial x_i} = 1", {}, "a derivative is no equation of a model"),
    (r"y^{(l)}_i = x_i", {}, "write one for each layer"),
    (r"y_i = W_{ij} x_j", {}, "letter 'j' of W is bound nowhere"),
]


@pytest.mark.parametrize(("latex", "functions", "message"), SPEC_ERRORS)
def test_spec_s_errors(latex, functions, message):
    with pytest.raises(ChainruleError) as error:
        parse(latex, inputs=["x"], parameters=["W"], functions=functions, sizes={"i": 3})
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("text", "is_latex"),
    [
        (r"y_{ni} = \sum_j W_{ij} x_{nj}", True),
        ("y_i = x_i^2", True),
        ("$y = x$", True),
        ("y[n,i] = sum(j, W[i,j]*x[n,j])", False),
        ("y[i] = x[i]^2", False),
        ("E = w^2", False),
        ("y_0 = w_0*x_1", False),
        ("y[n,i] = x[n,i] + \\\n  b[i]", False),
        ("E = sum(n, y[n]**2)  # \\frac{1}{2}", False),
    ],
)
def test_looks_like_latex(text, is_latex):
    assert looks_like_latex(text) is is_latex


# ---- the project's own documents -----------------------------------------------------------------


@pytest.mark.parametrize("name", ["gender", "rbf"])
def test_own_documents_are_read_and_right(name):
    """Every formula in index form that a document prints for one sample is read and holds."""
    tex = (GENERATED / name / f"{name}.tex").read_text()
    tex = tex[tex.index(r"\section{The network}") :]
    tex = tex[: tex.index(r"\section{The whole batch}")] if "The whole batch" in tex else tex
    derivation, seen = model(f"{name} alone"), 0
    for shown in re.findall(r"\\begin\{align\}(.*?)\\end\{align\}", tex, re.DOTALL):
        for row in shown.split("\\\\\n"):
            if "_{n" in row or not re.match(
                r"\s*(\\delta|\\frac\{\\partial E).*?_\{[a-m]+\}\}? &= ", row
            ):
                continue
            found, _ = told(f"{name} alone", row.replace("&=", "="))
            rows = list(check_formulas(derivation, "\n".join(found), 0))
            assert rows
            assert all(r.verdict != "different" for r in rows), (row, rows)
            seen += 1
    assert seen > 8
