"""Symbols: how a name is spelt, and that no two tensors are printed alike."""

import pytest

from codegen.latex.spelling import symbol
from codegen.latex.symbol import Symbol
from codegen.latex.symbols import Names
from derive import ChainruleError, differentiate, load, parse
from derive.ir.notation import Dim
from tests.codegen.latex.printed import printers

pytestmark = pytest.mark.sampled


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


def test_an_optimiser_s_state_has_its_parameter_as_a_superscript():
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
