"""Formulas: read back from LaTeX they have the equation's value; a handful word for word."""

import dataclasses
import warnings
from fractions import Fraction

import numpy as np
import pytest

from codegen.latex.box import PLUS, TIMES, flat
from codegen.latex.formula import Formula
from codegen.latex.index_printer import IndexPrinter
from codegen.latex.line_breaking import split, width
from codegen.latex.matrix_printer import MatrixPrinter
from codegen.latex.spelling import symbol
from codegen.latex.step_printer import StepPrinter
from codegen.latex.symbol import Symbol
from codegen.latex.symbols import Names
from derive import ChainruleError, differentiate, load, parse
from derive.algebra.readable import readable
from derive.ir.notation import (
    Axis,
    Call,
    Dim,
    Equation,
    Number,
    Read,
    Reduction,
    Tensor,
    Term,
    affine,
)
from derive.ir.system import Training
from derive.ir.tree import affine_axes
from derive.language.printer import equation_text
from derive.semantics.interpreter import Interpreter
from tests.oracles import MODELS
from tests.oracles.against_autograd import system_of
from tests.read_back import index_latex, matrix_latex

pytestmark = pytest.mark.sampled

each_model = pytest.mark.parametrize("model", [pytest.param(m, id=m.name) for m in MODELS])
MOST_PLACES = 10
SGD = Training(
    hyperparameters=(("learning_rate", Fraction(1, 2)),),
    update_text=("next(w)[...] = w[...] - learning_rate*g[...]",),
)


class Printed:
    """A model's derivation, its printers, and numbers for all its tensors."""

    def __init__(self, model):
        self.derivation = differentiate(system_of(model))
        self.names = Names(self.derivation)
        self.index = IndexPrinter(self.names, self.derivation.table)
        batch = self.derivation.system.batch
        self.matrix = MatrixPrinter(self.index, frozenset([batch] if batch else ()))
        self.steps = StepPrinter(self.derivation, self.index)
        d = self.derivation
        self.equations = (*d.forward, *d.inlined, *d.backward)
        self.leaves = model.example()
        run = Interpreter(self.equations, d.table, self.leaves)
        self.arrays = {e.tensor: run.array(e.tensor) for e in self.equations}
        for tensor in d.tensors:
            if tensor.name in self.leaves:
                self.arrays[tensor.name] = np.asarray(self.leaves[tensor.name])
            elif tensor.value is not None:
                self.arrays[tensor.name] = np.asarray(float(tensor.value))
        self.runtime = run.extents
        dims = {a.name for t in d.tensors for e in t.shape for a, _ in e.terms}
        self.extents = {self.names.dim(Dim(n)): run.extents[n] for n in sorted(dims)}

    def world(self):
        return index_latex.world_of(
            {str(self.names[n]): a for n, a in self.arrays.items()}, self.extents
        )

    def matrix_world(self):
        batch = self.derivation.system.batch
        arranged = {
            str(self.names[n]): matrix_latex.arranged(
                a, [Dim(batch) in dict(e.terms) for e in self.derivation.table[n].shape]
            )
            for n, a in self.arrays.items()
            if a.ndim <= 2
        }
        return index_latex.world_of(arranged, self.extents)

    def value(self, equation):
        """An equation by itself, all that it reads being given."""
        name = "of_its_own"
        alone = dataclasses.replace(equation, tensor=name)
        shape = tuple(a.extent for a in equation.axes)
        table = {**self.derivation.table, name: Tensor(name, shape, "adjoint")}
        return Interpreter([alone], table, self.arrays, extents=self.runtime).array(name)


def right_side(formula):
    return formula.latex()[len(formula.left) + len(formula.relation) + 2 :]


def agrees(text, left, world, wanted, told):
    """Whether the right side has the wanted value at (some of) the places of the left side."""
    letters = index_latex.subscripts_of(left, world)
    assert len(letters) == wanted.ndim, f"{told}: {left}"
    places = list(np.ndindex(*wanted.shape))
    for place in places[:: max(1, len(places) // MOST_PLACES)]:
        found = index_latex.read(text, world, dict(zip(letters, place, strict=True)))
        assert np.isclose(found, wanted[place], rtol=1e-7, atol=1e-9, equal_nan=True), (
            f"{told} at {place}: {found}, not {wanted[place]}: {text}"
        )


# ---- what is printed is what was meant -----------------------------------------------------------


@each_model
def test_a_model_reads_back(model):
    printed = Printed(model)
    index_notation(printed)
    matrix_notation(printed)
    told_for_each_entry(printed)
    every_step(printed)


def index_notation(printed):
    world = printed.world()
    for equation in printed.equations:
        formula = printed.index.formula(equation)
        wanted = printed.arrays[equation.tensor]
        agrees(right_side(formula), formula.left, world, wanted, equation_text(equation))


def matrix_notation(printed):
    world = printed.matrix_world()
    for equation in printed.equations:
        formula = printed.matrix.formula(equation)
        if formula is None:
            continue
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = matrix_latex.read(right_side(formula), world)
        wanted = world.tensors[str(printed.names[equation.tensor])]
        found = matrix_latex.whole(found, np.shape(wanted))
        told = f"{equation_text(equation)}: {formula.latex()}"
        assert np.broadcast_shapes(np.shape(found), np.shape(wanted)) == np.shape(wanted), told
        assert np.ndim(found) == np.ndim(wanted), told
        assert np.allclose(found, wanted, rtol=1e-7, atol=1e-9, equal_nan=True), told


def told_for_each_entry(printed):
    for equation in printed.equations:
        told = readable(equation, printed.derivation.table)
        assert all(t.target == tuple(affine(a) for a in equation.axes) for t in told.terms)
        if any(not t.plain for t in equation.terms):
            wanted, found = printed.value(equation), printed.value(told)
            assert np.allclose(found, wanted, equal_nan=True), equation_text(told)


def every_step(printed):
    world = printed.world()
    for step in printed.derivation.steps:
        formula = printed.steps.formula(step)
        told = f"{step.rule}: {formula.latex()}"
        text = flat(formula.right[-1])
        if step.kind == "equality":
            wanted = printed.value(step.after)
            agrees(text, formula.left, world, wanted, told)
            continue
        equation = written_by_letters(step)
        letters = [printed.names.letter(a) for a in equation.axes]
        wanted = printed.value(equation)
        places = list(np.ndindex(*wanted.shape))
        for place in places[:: max(1, len(places) // 3)]:
            at = dict(zip(letters, place, strict=True))
            found = index_latex.read(text, world, at)
            assert np.isclose(found, wanted[place], rtol=1e-7, equal_nan=True), told


def written_by_letters(step):
    """What a contribution is for each value of the letters that name the place it goes to."""
    term = step.after.terms[0]
    kept = dict.fromkeys(a for s in term.target for a in affine_axes(s))
    axes = tuple(a for a in term.domain if a in kept)
    told = Term(tuple(affine(a) for a in axes), term.domain, term.reduce, term.body)
    return Equation(step.after.tensor, axes, (told,))


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


def printers(derivation):
    index = IndexPrinter(Names(derivation), derivation.table)
    batch = derivation.system.batch
    return index, MatrixPrinter(index, frozenset([batch] if batch else ()))


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


# ---- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("W", "W"),
        ("W1", "W^{(1)}"),
        ("W_hidden", r"W^{(\mathrm{hidden})}"),
        ("W_delta", r"W^{(\delta)}"),
        ("W_Gamma", r"W^{(\Gamma)}"),
        ("s_z_eta", r"s^{(z,\eta)}"),
        ("s_z_y2", "s^{(z,y2)}"),
        ("Wf", "W^{(f)}"),
        ("Wf1", r"W^{(1)}_{\mathrm{f}}"),
        ("bi2_1", r"b^{(2,1)}_{\mathrm{i}}"),
        ("y_hat", r"\hat{y}"),
        ("x_bar2", r"x^{(\mathrm{bar2})}"),
        ("alpha", r"\alpha"),
        ("lambda_", r"\lambda"),
        ("Gamma", r"\Gamma"),
        ("learning_rate", r"\eta"),
        ("mask", r"\mathrm{mask}"),
        ("max_pool2d2", r"\mathrm{max\_pool2d}^{(2)}"),
        ("_x", r"\mathrm{\_x}"),
        ("A1b", r"\mathrm{A1b}"),
    ],
)
def test_a_name_s_symbol(name, wanted):
    assert str(symbol(name)) == wanted


@pytest.mark.parametrize(
    ("name", "words", "wanted"),
    [
        ("W_a_b", {"a_b"}, r"W^{(\mathrm{a\_b})}"),
        ("W_a_b", {"b"}, r"W^{(a,b)}"),
        ("c_max_pool2d1", {"max_pool2d1"}, r"c^{(\mathrm{max\_pool2d1})}"),
        ("W_i_a_b", {"a_b"}, r"W^{(i,\mathrm{a\_b})}"),
    ],
)
def test_a_layer_s_name_stays_in_one_piece(name, words, wanted):
    assert str(symbol(name, words=frozenset(words))) == wanted


def printed_alike(derivation):
    """Symbols that several tensors share; what a step makes of a tensor has the tensor's."""
    names = Names(derivation)
    shown = [str(names[t.name]) for t in derivation.tensors if not t.name.startswith("next(")]
    return {s for s in shown if shown.count(s) > 1}, names


def dense(name=None, **more):
    return {"type": "dense", "units": 2, **({"name": name} if name else {}), **more}


def test_what_an_optimiser_remembers_has_its_parameter_above():
    layers = [dense(activation="tanh"), dense("a_b"), dense("delta")]
    net = {"inputs": {"x": [3]}, "layers": layers, "loss": "mse", "optimizer": {"type": "adam"}}
    alike, names = printed_alike(differentiate(load(net)))
    assert not alike
    assert str(names["m_W1"]) == "m^{(W^{(1)})}"
    assert names["v_b_a_b"].at("i") == r"v^{(b^{(\mathrm{a\_b})})}_{i}"
    merged = differentiate(load({**net, "merge_bias": True}))
    alike, names = printed_alike(merged)
    assert not alike
    assert str(names["m_W1"]) == r"m^{(\tilde{W}^{(1)})}"


def test_a_layer_may_be_called_like_a_function():
    layers = [dense("delta", activation="tanh"), dense("exp", inputs=["delta"]), dense("pi")]
    derivation = differentiate(load({"inputs": {"x": [3]}, "layers": layers, "loss": "mse"}))
    alike, names = printed_alike(derivation)
    assert not alike
    assert str(names["dz_delta"]) == r"\delta^{(\delta)}"
    assert str(names["W_exp"]) == r"W^{(\mathrm{exp})}"
    with pytest.raises(ChainruleError, match="'delta' is a word of the equation language"):
        load({"inputs": {"delta": [3]}, "layers": [dense()], "loss": "mse"})


def test_a_scalar_s_number_is_a_subscript():
    assert symbol("x1", scalar=True) == Symbol("x", below="1")


def test_no_two_tensors_are_printed_alike():
    parameters = [
        "W1",
        "W_1",
        "delta_",
        "delta1",
        "lambda_",
        "lam",
        "mask",
        "mask_",
        "e",
        "N",
        "sigma",
    ]
    text = (
        "z1[n,i] = sum(j, W1[i,j]*x[n,j])*exp(delta_)*sigmoid(sigma)\n"
        + "E = "
        + " + ".join(["sum(n,i, z1[n,i])", *(p for p in parameters if p != "W1")])
    )
    system = parse(
        text,
        parameters=parameters,
        inputs=["x"],
        batch="n",
        sizes={"W1.0": 3, "x.1": 2},
        objective="E",
    )
    derivation = differentiate(system)
    names = Names(derivation)
    # what a tensor will be after a step is told by its own symbol, left of an arrow
    shown = [str(names[t.name]) for t in derivation.tensors if t.role != "next"]
    assert len(set(shown)) == len(shown)
    assert str(names["dz1"]) == r"\delta^{(1)}"
    assert str(names["delta1"]) == r"\mathrm{delta1}"
    assert names.dim(Dim("n")) == r"\lvert n\rvert"
    index, _ = printers(derivation)
    z1 = index.formula(derivation.system.defined["z1"]).latex()
    assert r"\exp(\mathrm{delta\_})" in z1
    assert r"\operatorname{sigmoid}(\sigma)" in z1


# ---- what can't be printed raises ----------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        Call("digamma", (Read("x"),)),
        Reduction("median", (Axis("i", affine(3)),), Read("x")),
        "text",
    ],
)
def test_the_unknown_is_an_error(body):
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
def test_numbers(value, wanted):
    index, _ = printers(differentiate(parse("E = x**2", parameters=["x"], objective="E")))
    assert flat(index.box(Number(value)).text) == wanted


def test_lines_keep_what_they_say():
    long = PLUS.join([r"\alpha_{i}", *([rf" + \beta_{{i}}{TIMES}\,(x{PLUS} - y)"] * 12)])
    lines = split(long, 20, 18)
    assert len(lines) > 3
    assert "".join(lines).replace(" ", "") == flat(long).replace(" ", "")
    assert width(lines[0]) <= 20 and all(width(x) <= 18 for x in lines[1:])


def test_each_summand_begins_a_line_where_all_are_long():
    inside = TIMES.join(["(a_{i}", *[r"\,b_{j}"] * 9, rf"{PLUS} - c)"])
    text = PLUS.join(rf"{sign}\sum_{{i}} {inside}{TIMES}\,d" for sign in ("", " + ", " + "))
    for room in (12, 14):
        lines = split(text, room, room - 1)
        assert len(lines) >= 6 and all(width(x) <= room for x in lines)
        assert [x.startswith(r"+ \sum") for x in lines].count(True) == 2
        assert not any(r"+ \sum" in x[1:] for x in lines)


def test_a_line_is_broken_before_a_long_factor():
    text = "a" + TIMES + r"\,(" + PLUS.join(["b", *[" + c"] * 20]) + ")" + TIMES + r"\,d"
    lines = split(text, 15, 12)
    assert lines[0].startswith(r"a\,(b + c")
    assert all("\\," not in x[:2] for x in lines)
    assert Formula("x", (text,)).latex() == f"x = {flat(text)}"
