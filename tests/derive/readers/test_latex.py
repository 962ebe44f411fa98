"""LaTeX read into the equation language: what it says, and that it holds."""

import re
from pathlib import Path

import numpy as np
import pytest

from derive import parse
from derive.answers.check_text import check_formulas
from derive.readers.latex import latex_equations
from derive.readers.latex.to_text import written_text
from derive.semantics.interpreter import Interpreter
from tests.derive.readers.latex_models import EQUATIONS, SAID, model, same, told

pytestmark = pytest.mark.sampled


@pytest.mark.parametrize(("name", "latex", "text"), SAID, ids=[s[1][:60] for s in SAID])
def test_formula_says_what_the_equation_language_says(name, latex, text):
    assert told(name, latex)[0] == same(*text)


@pytest.mark.parametrize(("latex", "text"), EQUATIONS, ids=[e[0][:60] for e in EQUATIONS])
def test_equation_of_a_model(latex, text):
    problems = []
    found = latex_equations(latex, "equations", problems, {"f": "sigmoid"})
    assert not problems
    assert [written_text(e) for e in found] == same(*text)


def test_language_page():
    page = (Path(__file__).parents[3] / "docs" / "language.md").read_text()
    section = page[page.index("## LaTeX") :]
    (shown,) = re.findall(r"```text\n(.*?)```", section, re.DOTALL)
    for block in shown.strip().split("\n\n"):
        latex, said = block.split("\n→ ")
        problems = []
        found = latex_equations(latex, "equations", problems)
        assert not problems
        assert [written_text(e) for e in found] == same(said)


# ---- functions and their derivatives -------------------------------------------------------------

HELD = [
    ("mixed", r"\delta^{(2)}_{ni} = \frac{1}{N}(y_{ni} - t_{ni}) f'(z^{(2)}_{ni})"),
    ("mixed", r"\delta^{(2)}_{ni} = \frac{1}{N}(y_{ni} - t_{ni}) \sigma'(z^{(2)}_{ni})"),
    ("mixed", r"\delta^{(l)}_{ni} = g'(z^{(l)}_{ni}) \sum_k W^{(l+1)}_{ki} \delta^{(l+1)}_{nk}"),
    ("gelu", r"\delta^{(1)}_{ni} = f'(z^{(1)}_{ni}) \sum_k W^{(2)}_{ki} \delta^{(2)}_{nk}"),
    ("tanh alone", r"\delta_i = (y_i - t_i) \phi'\bigl(\sum_j w_{ij} x_j + b_i\bigr)"),
    ("tanh alone", r"\frac{\partial E}{\partial w_{ij}} = (o_i - t_i)(1 - o_i^2) x_j"),
    ("tanh alone", r"y_i = \sigma(z_i)"),  # no sigmoid in this model: sigma is the activation
    (
        "gender",
        r"""\delta^{(2)}_{ni} = q_{ni}\,y_{ni}(1 - y_{ni})/N,
               \quad \text{with } q_{ni} = y_{ni} - t_{ni}""",
    ),
    (
        "gender alone",
        r"""\frac{\partial E}{\partial W^{(1)}_{ij}}
               = \sum_k (y_k - t_k) y_k (1 - y_k) W^{(2)}_{ki} h_i (1 - h_i) x_j""",
    ),
]


@pytest.mark.parametrize(("name", "latex"), HELD, ids=[h[1][:60] for h in HELD])
def test_right_formula_is_right(name, latex):
    """What is read is compared with what is derived: a check of the reader by other means."""
    found, _ = told(name, latex)
    rows = list(check_formulas(model(name), "\n".join(found), 0))
    assert rows
    assert {r.verdict for r in rows} <= {"equal", "equal at points"}, rows


WRONG = [
    ("mixed", r"\delta^{(2)}_{ni} = \frac{1}{N}(y_{ni} - t_{ni}) \tanh'(z^{(2)}_{ni})"),
    ("tanh alone", r"\frac{\partial E}{\partial w_{ij}} = (o_i - t_i)(1 - o_i)^2 x_j"),
    ("gender", r"\frac{\partial E}{\partial b^{(1)}_i} = \frac{1}{N} \sum_n \delta^{(1)}_{ni}"),
    ("gender alone", r"\delta^{(1)} = W^{(2)\top} (\delta^{(2)} \odot \sigma'(z^{(2)}))"),
    (
        "line",
        r"\frac{\partial E}{\partial m} = \frac{1}{N} \sum_{i=1}^{N} 2 x_i (y_i - (m x_i + b))",
    ),
    (
        "line",
        r"\frac{\partial E}{\partial m} = \frac{1}{N} \sum_{i=1}^{N} -x_i (y_i - (m x_i + b))",
    ),
    ("line", r"\frac{\partial E}{\partial b} = \frac{2}{N} \sum_{i} +(y_i - m x_i - b)"),
    ("line", r"\frac{\partial loss}{\partial b} = \frac{1}{N} \sum_i (m x_i + b - y_i)"),
    ("line", r"m \leftarrow m + \eta \frac{\partial E}{\partial m}"),
    ("line", r"∂E/∂m = (2/N) Σ_i (m x_i + b − y_i)"),
    (
        "normalised",
        r"\frac{\partial E}{\partial v} = \frac12 \sum_i \frac{\partial E}{\partial u_i} "
        r"(x_i - \mu_{\mathcal{B}}) (v + \epsilon)^{-3/2}",
    ),
    ("normalised", r"\mu_{\mathcal{B}} = \sum_{i=1}^{m} x_i"),
    ("normalised", r"u_i = \frac{x_i - \mu_B}{v_B + \epsilon}"),
    (
        "spread",
        r"\frac{\partial E}{\partial \sigma^2} = -\frac12 \sum_i \frac{\partial "
        r"E}{\partial u_i} (x_i - \mu) (\sigma^2 + \epsilon)^{-1/2}",
    ),
    ("spread", r"u_i = \frac{x_i - \mu}{\sigma^2 + \epsilon}"),
    ("product", r"\frac{\partial L}{\partial w_1} = -2 w_1 x (y - w_1 w_2 x)"),
    ("product", r"\frac{dL}{dw_2} = 2 w_1 w_2 x^2 - 2 w_1 x y"),
    ("heads", r"s_{ij} = \frac{1}{d_k} \sum_k Q_{ik} K_{jk}"),
    (
        "heads",
        r"\frac{\partial E}{\partial Q_{ik}} = \frac{1}{\sqrt{d_j}} \sum_j \frac{\partial "
        r"E}{\partial s_{ij}} K_{jk}",
    ),
    ("heads", r"p_i^j = \frac{\exp(s_i^j)}{\sum_m \exp(s_m^j)}"),
    ("gender alone", r"\delta^L = \nabla_a C \odot \sigma(z^L)"),
    (
        "gender alone",
        r"\delta_j^{(1)}(n) = \varphi_j(v_j^{(1)}(n)) \sum_k \delta_k^{(2)}(n) w_{kj}^{(2)}(n)",
    ),
    ("gender alone", r"w_{ji}^{(1)}(n+1) = w_{ji}^{(1)}(n) + \eta \delta_j^{(1)}(n) x_i(n)"),
    (
        "gender alone",
        r"z_i^{(1)} = W^{(1)}_{i1} x_1 + W^{(1)}_{i2} x_2 + \cdots + W^{(1)}_{in} x_n",
    ),
    ("gender alone", r"δ⁽²⁾ = (t − y) ⊙ σ′(z⁽²⁾)"),
    ("gender alone", r"y^{(1)} = \frac{1}{1 + e^{z^{(1)}}}"),
]


@pytest.mark.parametrize(("name", "latex"), WRONG, ids=[w[1][:60] for w in WRONG])
def test_wrong_formula_is_wrong(name, latex):
    found, _ = told(name, latex)
    assert [r.verdict for r in check_formulas(model(name), "\n".join(found), 0)] == ["different"]


@pytest.mark.parametrize(
    "function", ["sigmoid", "tanh", "relu", "gelu", "softplus", "leaky_relu", "swish"]
)
def test_prime_is_the_slope(function):
    system = parse(
        r"y_i = f(x_i) \\ d_i = f'(x_i)",
        inputs=["x"],
        functions={"f": function},
        sizes={"i": 7},
    )
    at = np.array([-2.1, -1.3, -0.4, 0.3, 0.9, 1.7, 2.6])

    def run(name, x):
        reader = Interpreter(system.equations, system.table, {"x": x})
        return np.array([reader.value(name, (k,)) for k in range(7)], float)

    step = 1e-6
    slope = (run("y", at + step) - run("y", at - step)) / (2 * step)
    np.testing.assert_allclose(run("d", at), slope, atol=1e-7)
