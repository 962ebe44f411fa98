"""LaTeX read into the equation language: what is understood, what is refused, and that it holds."""

import builtins
import random
import re
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from derive import ChainruleError, differentiate, load, loads, parse
from derive.answers.check_text import check_formulas
from derive.answers.known_names import known_names
from derive.ir.notation import Dim, affine
from derive.language.parser import read_equations
from derive.readers.latex import latex_equations, read_latex, read_latex_of
from derive.readers.latex.to_text import written_text
from derive.readers.model_text import looks_like_latex
from derive.readers.vocabulary import Vocabulary
from derive.semantics.interpreter import Interpreter
from derive.systems.one_sample import one_sample

pytestmark = pytest.mark.sampled

GENERATED = Path(__file__).parents[3] / "generated"


OVER_A_BATCH = """
inputs = ["x"]
targets = ["t"]
objective = "E"
output = "u"
batch = "i"
constants = { epsilon = 0.001 }
"""
MODELS = {
    "line": """
equations = "E = mean(i, (y[i] - (m*x[i] + b))**2)"
parameters = ["m", "b"]
inputs = ["x"]
targets = ["y"]
objective = "E"
batch = "i"
[optimizer]
type = "sgd"
learning_rate = 0.1
""",
    "normalised": """
equations = '''
mu = mean(i, x[i])
v = mean(i, (x[i] - mu)**2)
u[i] = (x[i] - mu)/sqrt(v + epsilon)
E = sum(i, (u[i] - t[i])**2)
'''"""
    + OVER_A_BATCH,
    "spread": """
equations = '''
mu = mean(i, x[i])
sigma2 = mean(i, (x[i] - mu)**2)
u[i] = (x[i] - mu)/sqrt(sigma2 + epsilon)
E = sum(i, (u[i] - t[i])**2)
'''"""
    + OVER_A_BATCH,
    "product": """
equations = "L = (y - w_1*w_2*x)**2"
parameters = ["w_1", "w_2"]
inputs = ["x"]
targets = ["y"]
objective = "L"
[optimizer]
type = "sgd"
learning_rate = 0.1
""",
    "heads": """
equations = '''
s[i,j] = sum(k, Q[i,k]*K[j,k])/sqrt(size(k))
p[i,j] = exp(s[i,j])/sum(m, exp(s[i,m]))
o[i,k] = sum(j, p[i,j]*V[j,k])
E = sum(i,k, (o[i,k] - t[i,k])**2)/2
'''
parameters = ["Q", "K", "V"]
targets = ["t"]
objective = "E"
output = "o"
sizes = { i = 3, j = 4, k = 2 }
""",
}


@cache
def model(name):
    """A derivation: of a committed spec, or of a small net."""
    single = name.endswith(" alone")
    name = name.removesuffix(" alone")
    dense = {"type": "dense", "units": 2}
    nets = {
        "tanh": {"layers": [{**dense, "activation": "tanh"}], "loss": "squared_error"},
        "mixed": {
            "layers": [{**dense, "activation": "tanh"}, {**dense, "activation": "sigmoid"}],
            "loss": "squared_error",
        },
        "gelu": {"layers": [{**dense, "activation": "gelu"}, dense], "loss": "mse"},
        "conv": {
            "inputs": {"x": [1, 4, 4]},
            "layers": [{"type": "conv2d", "channels": 2, "kernel_size": 3}, {"type": "flatten"}],
            "loss": "squared_error",
        },
    }
    if name in nets:
        system = load({"inputs": {"x": [3]}, **nets[name]})
    elif name in MODELS:
        system = loads(MODELS[name])
    else:
        system = load(GENERATED / name / f"{name}.toml")
    return differentiate(one_sample(system) if single else system)


@cache
def words(name):
    """What formulas about a model may name."""
    derivation = model(name)
    system = derivation.system
    shapes = {n: derivation.table[real].shape for n, real in known_names(derivation, ()).items()}
    batch = None if name.endswith(" alone") or not system.batch else affine(Dim(system.batch))
    return Vocabulary(system, shapes, batch)


def told(name, latex, names=None):
    """The formulas as text, and what was guessed."""
    reading = read_latex(latex, words(name), names or {})
    return [written_text(e) for e in reading.equations], dict(reading.names)


def same(*texts):
    """Formulas of the equation language as the reader would say them."""
    problems = []
    found = [written_text(e) for t in texts for e in read_equations(t, "", problems)]
    assert not problems
    return found


# ---- what it says --------------------------------------------------------------------------------


def corpus():
    """The model, the LaTeX and the equation language's text of each formula of the corpus."""
    name, found = "", []
    text = Path("tests/corpora/latex.txt").read_text()
    for block in text.split("\n\n")[1:]:
        if block.startswith("[") and block.endswith("]") and "\n" not in block:
            name = block[1:-1]
            continue
        lines = block.strip("\n").split("\n")
        latex = "\n".join(x for x in lines if not x.startswith("→ "))
        found.append((name, latex, [x[2:] for x in lines if x.startswith("→ ")]))
    return found


CORPUS = corpus()
SAID = [c for c in CORPUS if c[0] != "equations"]
EQUATIONS = [c[1:] for c in CORPUS if c[0] == "equations"]


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


# ---- names ---------------------------------------------------------------------------------------


def test_what_is_guessed_is_told():
    latex = r"\delta^{(2)}_{ni} = \frac{1}{N} (\hat{y}_{ni} - t_{ni}) f'(z^{(2)}_{ni})"
    _, names = told("gender", latex)
    assert names == {r"\delta^{(2)}": "dz2", r"\hat{y}": "y2", "f": "sigmoid"}


@pytest.mark.parametrize("key", ["q", "q2", r"q^{(2)}"])
def test_mapping_wins(key):
    latex = r"\frac{\partial E}{\partial b^{(2)}_i} = \sum_n q^{(2)}_{ni}"
    tensor = "dz" if key == "q" else "dz2"
    found, names = told("gender", latex, {key: tensor})
    assert found == same("db2[i] = sum(n, dz2[n,i])")
    assert names == {"q^{(2)}": "dz2"}
    with pytest.raises(ChainruleError, match="no tensor of the model"):
        told("gender", latex)


GIVEN = [
    (r"\delta^{(2)}_i = (\sigma_i - t_i) \sigma_i (1 - \sigma_i)", {"\\sigma": "y2"}),
    (r"\delta^{(2)} = (\sigma - t) \odot \sigma \odot (1 - \sigma)", {"sigma": "y2"}),
    (r"N^{(1)}_i = \sum_j m_{ij} x_j + b^{(1)}_i", {"N^{(1)}": "z1", "m": "W1"}),
    (r"e_i = (y_i - t_i) y_i (1 - y_i)", {"e": "dz2"}),
    (r"E = \frac12 \sum_i (a_i - y_i)^2", {"y": "y2", "a": "t"}),
    (r"I = W^{(1)} x + b^{(1)}", {"I": "z1"}),
    (r"f = W^{(1)} x + b^{(1)}", {"f": "z1"}),
    (r"y^{(1)} = \sigma(f)", {"f": "z1"}),
    (r"h_i = \sigma(f_i)", {"f": "z1", "h": "y1"}),
    (r"\pi_i = \sum_j W^{(2)}_{ij} y^{(1)}_j + b^{(2)}_i", {"pi": "z2"}),
    (r"m = \frac12 \sum_i (y_i - t_i)^2", {"m": "E"}),
]


@pytest.mark.parametrize(("latex", "names"), GIVEN, ids=[g[0][:40] for g in GIVEN])
def test_what_the_writer_says_wins_over_every_guess(latex, names):
    found, _ = told("gender alone", latex, names)
    rows = list(check_formulas(model("gender alone"), "\n".join(found), 0))
    assert rows
    assert {r.verdict for r in rows} <= {"equal", "equal at points"}, rows


def test_y_is_the_target_where_the_output_has_another_name():
    assert told("gender alone", r"E = \frac12 \sum_i (a^{(2)}_i - y_i)^2")[0] == same(
        "E = 1/2*sum(i, (y2[i] - t[i])**2)"
    )
    assert told("gender alone", r"E = \frac12 \sum_i (y_i - t_i)^2")[0] == same(
        "E = 1/2*sum(i, (y2[i] - t[i])**2)"
    )


def test_own_intermediate_keeps_clear_of_the_model_s_names():
    found, names = told("gender", r"q_{ni} = y_{ni} - t_{ni} \\ \beta^{(3)}_{ni} = q_{ni}")
    assert found == same("q[n,i] = y2[n,i] - t[n,i]", "beta3[n,i] = q[n,i]")
    assert names == {"y": "y2"}


def test_letters_and_shapes_tell_one_sample_from_a_batch():
    both = words("gender"), words("gender alone")
    for latex, batch in [
        (r"b^{(1)} \leftarrow b^{(1)} - \eta \delta^{(1)}", False),
        (r"\delta^{(2)}_i = y_i - t_i", False),
        (r"\delta^{(2)}_{ni} = (y_{ni} - t_{ni})/N", True),
        (r"\frac{\partial E}{\partial W^{(2)}} = (\delta^{(2)})^\top y^{(1)}", True),
        (r"\frac{\partial E}{\partial W^{(2)}} = \delta^{(2)} (y^{(1)})^\top", False),
        (r"z^{(1)} = x (W^{(1)})^\top + \mathbf{1} (b^{(1)})^\top", True),
    ]:
        _, reading = read_latex_of(latex, both)
        assert reading.sample is not batch, latex
    with pytest.raises(ChainruleError, match="'q' is no tensor"):
        read_latex_of("y_{ni} = q_{ni}", both)


# ---- what is refused -----------------------------------------------------------------------------

REFUSED = [
    (
        r"y_{ni} = q_{ni}",
        "line 1, column 10: 'q' is no tensor of the model and no formula defines it; say which "
        "it is, such as --names",
    ),
    (r"z^{(1)}_{ni} = \sum_j W_{ij} x_{nj}", "column 23: 'W' is no tensor of the model"),
    (r"y_{ni} = \sum_j W^{(1)} x_{nj}", "column 17: 'W1' has axes and stands without subscripts"),
    ("y_{ni} = x_{ni} +", "column 17: the formula ends here"),
    ("y_{ni} = (x_{ni}", "column 10: a bracket is opened and never closed"),
    ("y_{ni} = x_{ni})", "column 16: ')' closes no bracket that is open"),
    (r"y_{ni} = \foo{x}", r"column 10: the command '\foo' is not known"),
    (r"y_{ni}", "column 1: expected 'tensor = value', found no '='"),
    (r"y_{ni} = x_{ni} \odot x_{ni}", r"column 17: '\odot' is for whole arrays"),
    (r"z^{(1)}_{n} = 1", "'z1' has 2 axes and stands with 1 subscript here"),
    (r"y_{nij} = 1", "'y' is taken for 'y2', which has 2 axes and stands with 3 subscripts here"),
    (r"y_{ni} = x_{n2}", "this is beyond the axis 1 of 'x', which has 2 places"),
    (
        r"\frac{\partial E}{\partial W^{(1)}} = x^\top \delta^{(2)}",
        "dW1 is 3 x 2, and the value given to it is 2 x 1",
    ),
    (r"z^{(1)} = W^{(2)} x", "x is n x 2"),
    (r"y = A", "'A' is no tensor of the model"),
    (r"y = \sum_j x", "a sum over letters needs subscripts"),
    (r"y_{ni} = \log x_{ni} x_{ni}", "where does the function's argument end"),
    (r"y_{ni} = x_{ni} / t_{ni} x_{ni}", "where does the denominator end"),
    (r"y_{nn} = x_{nn}", "letter 'n' stands twice on the left"),
    (r"z^{(1)}_{n1} = x_{n1}", "left of '=' stand letters only"),
    (r"y_{ni} = \sum_{j=0}^{J} x_{nj}", "would run beyond the end of its axis"),
    (r"y_{ni} = \sum_{j=1}^{5} x_{nj}", "'j' runs over 5 places and its axis has 2"),
    (r"y_{ni} = x_{ni} \begin{pmatrix} 1 \end{pmatrix}", "a matrix of entries isn't read"),
    (r"\mathrm{d}E = \sum_i y_i", "a differential isn't read"),
    (r"\frac{\partial y_{ni}}{\partial W^{(1)}_{ij}} = 1", "only derivatives of the objective"),
    (r"y_{ni} = \frac{\partial E}{\partial t_{ni}}", "there is no derivative by 't'"),
    (r"y_{ni} = \frac{\partial^2 E}{\partial x_{ni}^2}", "second order"),
    (r"y_{ni} = \operatorname{softmax}(x_{ni})", "'softmax' can't be read in index form"),
    (r"y_{ni} \approx x_{ni}", "is no equation"),
    (r"y_{ni} = x_{n0} + \dots + x_{n1}", "dots"),
    ("y_{ni} = " + "(" * 100 + "1" + ")" * 100, "nested too deeply"),
    ("y_{ni} = " + r"\sum_j " * 100 + "x_{nj}", "nested too deeply"),
    ("y_{ni} = " + "x_{ni} + " * 300 + "1", "too long"),
    ("y_{ni} = é", "can't stand in a formula"),
    ("", "there is no formula"),
]


@pytest.mark.parametrize(("latex", "message"), REFUSED, ids=[r[0][:40] for r in REFUSED])
def test_refused_with_place_and_cure(latex, message):
    with pytest.raises(ChainruleError) as error:
        told("gender", latex)
    assert all(re.match(r"formulas, line \d+, column \d+: ", p) for p in error.value.problems)
    assert message in str(error.value)


def test_all_problems_are_told_at_once():
    with pytest.raises(ChainruleError) as error:
        told("gender", "y_{ni} = q_{ni}\ny_{ni} = (x_{ni} \\\\ z^{(1)}_{ni} = r_{ni}")
    assert len(error.value.problems) >= 2
    assert "line 1, column 10" in error.value.problems[-1]


def test_a_mapping_to_nothing_is_refused():
    with pytest.raises(ChainruleError, match="names: unknown tensor 'y7' for 'a'"):
        told("gender", "y_{ni} = x_{ni}", {"a": "y7"})


def test_without_lark_the_cure_is_told(monkeypatch):
    from derive.readers.latex.syntax import parser

    real = builtins.__import__

    def missing(name, *rest):
        if name.partition(".")[0] == "lark":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    parser._parser.cache_clear()
    with pytest.raises(ChainruleError, match=r'pip install "chainrule\[latex\]"'):
        told("gender", "y_{ni} = x_{ni}")
    monkeypatch.undo()
    parser._parser.cache_clear()


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


# ---- nothing but our errors ----------------------------------------------------------------------

_PIECES = [
    *"{}()[]_^&|,.=+-/' \n012ijnWx",
    *(r"\frac", r"\sum", r"\left", r"\begin{cases}", r"\end{cases}", "\\\\", r"\partial"),
    *(r"\text{where }", r"\hat", r"\sqrt[", r"\sigma", r"\max", r"\delta"),
]


@pytest.mark.parametrize("seed", range(2))
def test_broken_formulas_end_in_our_errors(seed):
    rng = random.Random(seed)
    good = [s[1] for s in SAID if s[0] == "gender"] + [e[0] for e in EQUATIONS]
    for _ in range(120):
        text = rng.choice(good)
        if rng.random() < 0.3:
            text = text[: rng.randrange(len(text) + 1)]
        for _ in range(rng.randrange(4)):
            at = rng.randrange(len(text) + 1)
            text = text[:at] + rng.choice([*_PIECES, ""]) + text[at + rng.randrange(2) :]
        began = time.monotonic()
        with suppress(ChainruleError):
            told("gender", text)
        latex_equations(text, "equations", [], {"f": "sigmoid"})
        assert time.monotonic() - began < 5


RUNS = [*("(", "x^", "-", "{", "x_", "x' ", "1"), r"\sqrt", r"\hat", r"\sum_i ", r"\frac"]
RUNS += [r"\left(", r"\exp ", r"\begin{cases}", r"\max("]


@pytest.mark.parametrize("piece", RUNS)
def test_long_runs_of_one_thing(piece):
    began = time.monotonic()
    for text in (f"y = {piece * 2000}x", piece * 20000):
        with suppress(ChainruleError):
            told("gender", text)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("latex", "message"),
    [
        (r"E = \log\det(X)", "write the equations without LaTeX, with det(X) or logdet(X)"),
        (r"z_{ij} = \sum_k X^{-1}_{ik} A_{kj}", "an entry of the inverse, or one over an entry"),
    ],
)
def test_an_inverse_is_never_taken_for_a_power(latex, message):
    with pytest.raises(ChainruleError, match=re.escape(message)):
        parse(latex, inputs=["X", "A"])
