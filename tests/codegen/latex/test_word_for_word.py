"""Formulas compared with the LaTeX that is wanted, word for word."""

from fractions import Fraction

import pytest

from codegen.latex.box import flat
from codegen.latex.step_printer import StepPrinter
from derive import differentiate, load, parse
from derive.ir.notation import Axis, Call, Number, Read, Reduction, affine
from derive.ir.system import Optimizer, Training
from tests.codegen.latex.printed import printers

pytestmark = pytest.mark.sampled

SGD = Training(
    Optimizer(
        hyperparameters=(("learning_rate", Fraction(1, 2)),),
        update_text=("next(w)[...] = w[...] - learning_rate*g[...]",),
    )
)


# ---- word for word -------------------------------------------------------------------------------


MLP = """
z1[n,i] = sum(j, W1[i,j]*x[n,j]) + b1[i]
y1[n,i] = sigmoid(z1[n,i])
z2[n,i] = sum(j, W2[i,j]*y1[n,j]) + b2[i]
y2[n,i] = sigmoid(z2[n,i])
E = sum(n,i, (y2[n,i] - t[n,i])**2)/(2*size(n))
"""


def mlp():
    return differentiate(
        parse(
            MLP,
            parameters=["W1", "b1", "W2", "b2"],
            inputs=["x"],
            targets=["t"],
            batch="n",
            sizes={"W1.0": 3, "x.1": 2, "W2.0": 1},
            objective="E",
            training=SGD,
        )
    )


INDEX = {
    "z1": r"z^{(1)}_{ni} = \sum_{j} W^{(1)}_{ij}\,x_{nj} + b^{(1)}_{i}",
    "y1": r"y^{(1)}_{ni} = \sigma\bigl(z^{(1)}_{ni}\bigr)",
    "E": r"E = \frac{1}{2N}\sum_{n,i} \bigl(y^{(2)}_{ni} - t_{ni}\bigr)^{2}",
    "dz2": r"\delta^{(2)}_{ni} = \frac{1}{N}\bigl(y^{(2)}_{ni} - t_{ni}\bigr)\,y^{(2)}_{ni}\,"
    r"\bigl(1 - y^{(2)}_{ni}\bigr)",
    "dW2": r"\frac{\partial E}{\partial W^{(2)}_{ij}} = "
    r"\sum_{n} \delta^{(2)}_{ni}\,y^{(1)}_{nj}",
    "dz1": r"\delta^{(1)}_{ni} = \biggl(\sum_{j} \delta^{(2)}_{nj}\,W^{(2)}_{ji}\biggr)\,"
    r"y^{(1)}_{ni}\,\bigl(1 - y^{(1)}_{ni}\bigr)",
    "next(b1)": r"b^{(1)}_{i} \leftarrow b^{(1)}_{i} - "
    r"\eta\,\frac{\partial E}{\partial b^{(1)}_{i}}",
}
MATRIX = {
    "z1": r"z^{(1)} = W^{(1)}\,x + b^{(1)}\,\mathbf{1}^{\top}",
    "y1": r"y^{(1)} = \sigma\bigl(z^{(1)}\bigr)",
    "E": r"E = \frac{\bigl\lVert y^{(2)} - t\bigr\rVert^{2}}{2N}",
    "dz1": r"\delta^{(1)} = \bigl(W^{(2)}\bigr)^{\top}\,\delta^{(2)} \odot y^{(1)} \odot "
    r"\bigl(1 - y^{(1)}\bigr)",
    "dW2": r"\frac{\partial E}{\partial W^{(2)}} = \delta^{(2)}\,\bigl(y^{(1)}\bigr)^{\top}",
    "db2": r"\frac{\partial E}{\partial b^{(2)}} = \delta^{(2)}\,\mathbf{1}",
    "dx": r"\frac{\partial E}{\partial x} = \bigl(W^{(1)}\bigr)^{\top}\,\delta^{(1)}",
    "next(W1)": r"W^{(1)} \leftarrow W^{(1)} - \eta\,\frac{\partial E}{\partial W^{(1)}}",
}


def test_a_network_word_for_word():
    derivation = mlp()
    index, matrix = printers(derivation)
    equations = (*derivation.forward, *derivation.backward, *derivation.updates)
    by_name = {e.tensor: e for e in equations}
    for name, wanted in INDEX.items():
        assert index.formula(by_name[name]).latex() == wanted
    for name, wanted in MATRIX.items():
        assert matrix.formula(by_name[name]).latex() == wanted


def test_an_error_term_with_the_activation_s_derivative():
    derivation = mlp()
    index, matrix = printers(derivation)
    steps = StepPrinter(derivation, index)
    textbook = steps.textbook(derivation.gradient("z1"))
    assert index.formula(textbook).latex() == (
        r"\delta^{(1)}_{ni} = \biggl(\sum_{j} \delta^{(2)}_{nj}\,W^{(2)}_{ji}\biggr)\,"
        r"\sigma'\bigl(z^{(1)}_{ni}\bigr)"
    )
    assert matrix.formula(textbook).latex() == (
        r"\delta^{(1)} = \bigl(W^{(2)}\bigr)^{\top}\,\delta^{(2)} \odot "
        r"\sigma'\bigl(z^{(1)}\bigr)"
    )
    assert steps.textbook(derivation.gradient("W1")) is None


def test_the_chain_rule_is_written_out():
    derivation = mlp()
    steps = StepPrinter(derivation, printers(derivation)[0])
    step = next(s for s in derivation.steps if s.wrt == "W2")
    assert steps.formula(step).latex() == (
        r"\frac{\partial E}{\partial W^{(2)}_{ij}} = \sum_{n} \delta^{(2)}_{ni}\,"
        r"\frac{\partial z^{(2)}_{ni}}{\partial W^{(2)}_{ij}} = "
        r"\sum_{n} \delta^{(2)}_{ni}\,y^{(1)}_{nj}"
    )


ONE = {  # an equation, the derivative of E = sum(y) by x in index notation
    "y[n,i] = sum(u, w[u]*x[n,i+u-1])": (
        {"w.0": 3, "x.1": 7, "y.1": 7},
        r"\sum_{u} \frac{\partial E}{\partial y_{n,j-u+1}}\,w_{u}",
    ),
    "y[n,i] = sum(u, w[u]*x[n,2*i+u-1])": (
        {"w.0": 3, "x.1": 9, "y.1": 5},
        r"\sum_{i} \frac{\partial E}{\partial y_{ni}}\,w_{j-2i+1}",
    ),
    "y[n,i] = w[i]*x[n,i//2]": (
        {"w.0": 6, "x.1": 3},
        r"\sum_{\substack{i \\ \lfloor i/2\rfloor = j}} "
        r"\frac{\partial E}{\partial y_{ni}}\,w_{i}",
    ),
    "y[n,i] = w[i]*x[n,0]": (
        {"w.0": 3, "x.1": 2},
        r"[j = 0]\,\sum_{i} \frac{\partial E}{\partial y_{ni}}\,w_{i}",
    ),
    "y[n,i] = sum(j, where(j <= i, w[i]*x[n,j], 0))": (
        {"w.0": 3, "x.1": 3},
        r"\sum_{\substack{i \\ j \le i}} \frac{\partial E}{\partial y_{ni}}\,w_{i}",
    ),
    "y[n,i] = w[i]*relu(x[n,i])": (
        {"w.0": 3},
        r"\frac{\partial E}{\partial y_{ni}}\,w_{i}\,[x_{ni} > 0]",
    ),
    "y[n,i] = w[i]*sqrt(x[n,i])": (
        {"w.0": 3},
        r"\frac{w_{i}}{2\sqrt{x_{ni}}}\,\frac{\partial E}{\partial y_{ni}}",
    ),
}


@pytest.mark.parametrize("text", ONE)
def test_one_derivative_word_for_word(text):
    sizes, wanted = ONE[text]
    system = parse(
        f"{text}\nE = sum(n,i, y[n,i]**2)",
        parameters=["w"],
        inputs=["x"],
        batch="n",
        sizes=sizes,
        objective="E",
    )
    derivation = differentiate(system)
    formula = printers(derivation)[0].formula(derivation.gradient("x"))
    assert formula.right and flat(formula.right[0]) == wanted


def test_merged_biases_have_tildes():
    derivation = differentiate(load("generated/gender_merged/gender_merged.toml"))
    index, matrix = printers(derivation)
    joined, z1 = derivation.forward[:2]
    assert index.formula(z1).latex() == (
        r"z^{(1)}_{ni} = \sum_{j} \tilde{W}^{(1)}_{ij}\,\tilde{x}_{nj}"
    )
    assert matrix.formula(joined).latex() == (
        r"\tilde{x} = \begin{pmatrix} x \\ \mathbf{1}^{\top} \end{pmatrix}"
    )


# ---- what can't be printed raises ----------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        Call("digamma", (Read("x"),)),
        Reduction("median", (Axis("i", affine(3)),), Read("x")),
        "text",
    ],
)
def test_an_unknown_node_is_an_error(body):
    system = parse("E = x**2", parameters=["x"], objective="E")
    index, _ = printers(differentiate(system))
    with pytest.raises(TypeError):
        index.box(body)


# ---- numbers and lines ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (Fraction(1, 2), r"\frac{1}{2}"),
        (Fraction(-2, 3), r"-\frac{2}{3}"),
        (Fraction("0.044715"), "0.044715"),
        (Fraction("1e-30"), "10^{-30}"),
        (Fraction("2.5e-7"), r"2.5 \cdot 10^{-7}"),
        (Fraction(3 * 10**9), r"3 \cdot 10^{9}"),
        (Fraction(1, 7), r"\frac{1}{7}"),
    ],
)
def test_how_numbers_are_printed(value, wanted):
    index, _ = printers(differentiate(parse("E = x**2", parameters=["x"], objective="E")))
    assert flat(index.box(Number(value)).text) == wanted
