"""The catalogue: forward equations only, each against the literature's formula in NumPy."""

import ast
import inspect
import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from scipy.special import erfc, expit, log_softmax, softmax

from derive import catalogue
from derive.catalogue import describe, entries
from derive.catalogue.rows import KINDS, REQUIRED
from derive.errors import ChainruleError
from derive.language.parser import read_equations, read_value
from derive.semantics.interpreter import evaluate
from derive.specs.attributes import read_attributes
from derive.specs.load import load
from tests.figures import FAMILIES

pytestmark = pytest.mark.sampled

FILES = sorted(Path(inspect.getfile(catalogue)).parent.rglob("*.py"))
ROWS = (
    *catalogue.LAYERS,
    *catalogue.ACTIVATIONS,
    *catalogue.LOSSES,
    *catalogue.OPTIMIZERS,
    *catalogue.INITIALIZERS,
)
INFO = {info.name: info for info in entries()}
SHAPES = [(), (3,), (5, 3), (2, 5, 3)]
# what is compared with PyTorch's figures needs no formula here
FIGURED = {
    entry
    for family in FAMILIES
    for case in import_module(f"tests.figures.{family}").CASES
    for entry in case.entries
}

each_row = pytest.mark.parametrize("row", ROWS, ids=lambda r: r.name)
each_info = pytest.mark.parametrize("info", INFO.values(), ids=list(INFO))


# ---- what an entry is ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_no_file_of_the_catalogue_differentiates(path):
    tree = ast.parse(path.read_text())
    imported = {
        name.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for name in node.names
    } | {
        (node.module or "").split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
    }
    pure = {
        "__future__",
        "collections",
        "dataclasses",
        "derive",
        "fractions",
        "itertools",
        "math",
        "re",
        "typing",
    }
    assert imported <= pure
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    names |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    names |= {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    names |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.keyword) and n.arg}
    names = {re.sub("adagrad|amsgrad|adadelta|natural_gradient", "", n.lower()) for n in names}
    for word in ("diff", "grad", "adjoint", "backward", "jacob", "delta"):
        assert not [n for n in names if word in n]


@each_info
def test_an_entry_names_its_own_tensors_only(info):
    if info.kind == "initializer":
        return
    known = {p.name for p in info.parameters} | {"x", "x1", "x2"}
    known |= {"loss": {"y", "t"}, "optimizer": {"w", "g"}}.get(info.kind, set())
    for _, text in info.equations:
        problems: list[str] = []
        written = read_equations(text, info.name, problems)
        assert not problems
        defined = [e.tensor for e in written if not e.is_next]
        for name in defined:
            assert not (name.startswith("d") and name[1:] in {*known, *defined})
        if info.kind == "optimizer":
            assert (written[-1].tensor, written[-1].is_next) == ("w", True)
        else:
            assert info.output in defined
        assert defined.count(info.output) <= 1


@each_row
def test_an_entry_says_what_it_is(row):
    assert row.name.isidentifier() and row.name.islower()
    assert row.about and row.about[-1] != "."
    assert all(a.kind in KINDS and a.meaning for a in row.attributes)
    if row.name not in ("uniform", "normal", "truncated_normal", "zeros", "constant", "values"):
        assert row.source
    names = [a.name for a in row.attributes]
    assert len(set(names)) == len(names)


def test_every_layer_is_tested():
    assert {row.name for row in catalogue.LAYERS} <= FIGURED | {"dense"}


def test_names_are_unique():
    names = [n for r in ROWS for n in (r.name, *getattr(r, "aliases", ()))]
    assert len(set(names)) == len(names)
    assert [i.name for i in entries()] == list(INFO)
    assert set(INFO) == {*(r.name for r in ROWS), catalogue.OWN}


@each_row
def test_defaults_are_values(row):
    problems: list[str] = []
    given = {a.name: a.usual for a in row.attributes if a.default is REQUIRED}
    values = read_attributes(given, row.attributes, row.name, problems)
    assert not problems
    for a in row.attributes:
        if a.default is not REQUIRED:
            assert values[a.name] == a.default


def test_describe():
    dense = describe("dense")
    assert [said for said, _ in dense.equations] == ["", "bias = false", "merge_bias = true"]
    assert dense.equations[0][1] == "z[n,...,i] = sum(j, W[i,j]*x[n,...,j]) + b[i]"
    assert [p.name for p in dense.parameters] == ["W", "b"]
    assert [a.name for a in dense.attributes] == ["units", "activation", "bias", "merge_bias"]
    assert describe("he").name == describe("kaiming_normal").name == "he_normal"
    assert describe("equation").kind == "layer"
    assert "weight_decay" in dict(describe("sgd").equations)["weight_decay above 0"]
    with pytest.raises(ChainruleError, match="'sofmax' is not in the catalogue; did you mean"):
        describe("sofmax")


def test_formulas_of_initialisers_are_values():
    fans = {"fan_in": 3, "fan_out": 5}
    for row in catalogue.INITIALIZERS:
        for _, text in row.formulas:
            read_value(text, row.name)
            names = {n.id for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name)}
            assert names <= {*fans, "sqrt", *(a.name for a in row.attributes)}


# ---- what the equations compute ------------------------------------------------------------------


def forward(shape, *layers, loss="squared_error", task="", values=None, integers=None, **more):
    """The values of a net behind a parameter-free input, leaves drawn with a batch of 7."""
    spec = {"inputs": {"x": list(shape)}, "layers": list(layers), "loss": loss, "task": task}
    system = load({**spec, **more})
    rng = np.random.default_rng(11)
    leaves = {}
    for tensor in system.having("input", "target", "parameter"):
        sizes = [7 if e.number is None else e.number for e in tensor.shape]
        leaves[tensor.name] = rng.standard_normal(sizes)
    leaves.update(values(leaves, rng) if values else {})
    return system, {**leaves, **evaluate(system.equations, system.table, leaves)}


def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


ACTIVATIONS = {
    "sigmoid": ({}, expit),
    "tanh": ({}, np.tanh),
    "relu": ({}, lambda x: np.maximum(x, 0)),
    "leaky_relu": ({}, lambda x: np.where(x > 0, x, 0.01 * x)),
    "leaky_relu 0.3": ({"negative_slope": 0.3}, lambda x: np.where(x > 0, x, 0.3 * x)),
    "softplus": ({}, lambda x: np.log1p(np.exp(x))),
    "gelu": ({}, lambda x: 0.5 * x * erfc(-x / np.sqrt(2))),
    "gelu tanh": ({"approximate": "tanh"}, gelu_tanh),
    "silu": ({}, lambda x: x * expit(x)),
    "softmax": ({}, lambda x: softmax(x, axis=-1)),
}


def test_every_activation_is_tested():
    proved = {n.split()[0] for n in ACTIVATIONS} | FIGURED
    assert set(catalogue.ACTIVATION) - {"identity"} <= proved


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name, shape):
    attributes, wanted = ACTIVATIONS[name]
    type_ = name.split()[0]
    if type_ == "softmax" and not shape:
        return
    system, values = forward(shape, {"type": type_, **attributes})
    np.testing.assert_allclose(values[system.output], wanted(values["x"]), 1e-10)
    if shape:
        after = {"type": type_, **attributes} if attributes else type_
        layer = {"type": "dense", "units": 5, "activation": after}
        _, values = forward(shape, layer)
        np.testing.assert_allclose(values["y1"], wanted(values["z1"]), 1e-10)


def test_identity_is_another_name():
    system, values = forward((3,), {"type": "dense", "units": 2, "activation": "identity"})
    assert system.origin.aliases == (("y1", "z1"),)
    assert system.origin.layers[0].activation == "identity"
    np.testing.assert_allclose(values["z1"], values["x"] @ values["W1"].T + values["b1"])


def test_softmax_does_not_overflow():
    _, values = forward(
        (3,), {"type": "softmax"}, values=lambda leaves, _: {"x": leaves["x"] * 1e3}
    )
    np.testing.assert_allclose(values["softmax1"].sum(1), 1)


@pytest.mark.parametrize("shape", SHAPES[1:], ids=str)
@pytest.mark.parametrize("bias", [True, False])
def test_dense(shape, bias):
    _, values = forward(shape, {"type": "dense", "units": 11, "bias": bias})
    wanted = values["x"] @ values["W1"].T + (values["b1"] if bias else 0)
    np.testing.assert_allclose(values["z1"], wanted)


@pytest.mark.parametrize("shape", SHAPES[1:], ids=str)
def test_dense_with_merged_bias(shape):
    system, values = forward(shape, {"type": "dense", "units": 11, "merge_bias": True})
    ones = np.ones((*values["x"].shape[:-1], 1))
    wanted = np.concatenate([values["x"], ones], axis=-1) @ values["W1"].T
    np.testing.assert_allclose(values["z1"], wanted)
    assert len(system.having("parameter")) == 1


def joined(op, a, b):
    return a + b if op == "add" else a * b


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", ["add", "multiply"])
def test_joining(name, shape):
    halves = [{"type": "tanh", "name": "a", "inputs": ["x"]}, {"type": "relu", "inputs": ["x"]}]
    last = {"type": name, "inputs": ["a", "relu1", "x"]}
    _, values = forward(shape, *halves, last)
    x = values["x"]
    wanted = joined(name, joined(name, np.tanh(x), np.maximum(x, 0)), x)
    np.testing.assert_allclose(values[f"{name}1"], wanted)


def one_hot(leaves, rng):
    t = leaves["t"]
    return {"t": np.eye(t.shape[-1])[rng.integers(0, t.shape[-1], t.shape[:-1])]}


def zero_one(leaves, rng):
    return {"t": rng.integers(0, 2, leaves["t"].shape).astype(float)}


def probabilities(leaves, rng):
    return {**zero_one(leaves, rng), "x": rng.uniform(0.05, 0.95, leaves["x"].shape)}


def per_sample(cost):
    return cost.reshape(len(cost), -1).sum(axis=1).mean()


def cross_entropy(y, t):
    return -t * np.log(y) - (1 - t) * np.log(1 - y)


LOSSES = {
    "squared_error": (None, lambda y, t: per_sample((y - t) ** 2) / 2, "real"),
    "mse": (None, lambda y, t: ((y - t) ** 2).mean(), "real"),
    "binary_cross_entropy": (
        probabilities,
        lambda y, t: cross_entropy(y, t).mean(),
        "binary",
    ),
    "binary_cross_entropy_with_logits": (
        zero_one,
        lambda y, t: cross_entropy(expit(y), t).mean(),
        "binary",
    ),
    "softmax_cross_entropy": (
        one_hot,
        lambda y, t: (-t * log_softmax(y, axis=-1)).sum(axis=-1).mean(),
        "one_hot",
    ),
}


def test_every_loss_is_tested():
    assert set(catalogue.LOSS) <= set(LOSSES) | FIGURED


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", LOSSES)
def test_losses(name, shape):
    draw, wanted, kind = LOSSES[name]
    if name == "softmax_cross_entropy" and not shape:
        return
    system, values = forward(shape, {"type": "identity"}, loss=name, values=draw)
    np.testing.assert_allclose(values["E"], wanted(values["x"], values["t"]), rtol=1e-12)
    assert system.training.target_kind == kind
    assert system.origin.loss_type == name
    assert values["t"].shape == values["x"].shape


@pytest.mark.parametrize("shape", SHAPES[1:], ids=str)
def test_softmax_cross_entropy_of_classes(shape):
    loss = {"type": "softmax_cross_entropy", "targets": "classes"}

    def classes(leaves, rng):
        return {"t": rng.integers(0, shape[-1], leaves["t"].shape)}

    system, values = forward(shape, {"type": "identity"}, loss=loss, values=classes)
    picked = np.take_along_axis(log_softmax(values["x"], axis=-1), values["t"][..., None], axis=-1)
    np.testing.assert_allclose(values["E"], -picked.mean())
    np.testing.assert_allclose(values[system.probabilities], softmax(values["x"], axis=-1))
    assert system.table["t"].integer
    assert system.training.target_kind == "classes"
    assert system.training.task == "classification"


def test_losses_stay_finite():
    def saturated(leaves, _):
        return {"x": np.array([[0.0], [1.0], [0.0], [1.0]]), "t": np.array([[0.0], [1], [1], [0]])}

    _, values = forward((1,), {"type": "identity"}, loss="binary_cross_entropy", values=saturated)
    np.testing.assert_allclose(values["E"], -np.log(1e-30) / 2)
    for name in ("binary_cross_entropy_with_logits", "softmax_cross_entropy"):

        def large(leaves, rng, name=name):
            return {
                **(one_hot if "soft" in name else zero_one)(leaves, rng),
                "x": leaves["x"] * 1e4,
            }

        _, values = forward((3,), {"type": "identity"}, loss=name, values=large)
        assert np.isfinite(values["E"])


def test_probabilities():
    def of(loss, **more):
        return forward((3,), {"type": "dense", "units": 1}, loss=loss, **more)[0].probabilities

    assert of("mse") is None
    assert of("mse", task="classification") == "z1"
    assert of("binary_cross_entropy") == "z1"
    assert of("binary_cross_entropy_with_logits") == "p"
    assert of("softmax_cross_entropy") == "p"


def test_the_target_of_a_classification_by_squared_error():
    def kind(units):
        layer = {"type": "dense", "units": units, "activation": "sigmoid"}
        return forward((2,), layer, task="classification")[0].training.target_kind

    assert [kind(1), kind(4)] == ["binary", "one_hot"]


def test_a_regression_by_cross_entropy():
    def training(**loss):
        layer = {"type": "dense", "units": 2}
        system, _ = forward((3,), layer, loss=loss, task="regression")
        return system.training

    assert training(type="binary_cross_entropy_with_logits").target_kind == "real"
    with pytest.raises(ChainruleError, match="the model is a classifier; take it out"):
        training(type="softmax_cross_entropy", targets="classes")


def test_sgd():
    forms = dict(describe("sgd").equations)
    assert forms[""] == "next(w)[...] = w[...] - learning_rate*g[...]"
    assert forms["weight_decay above 0"] == (
        "next(w)[...] = w[...] - learning_rate*(g[...] + weight_decay*w[...])"
    )
    assert "schedule" in {a.name for a in describe("sgd").attributes}
    assert "schedule" not in {a.name for a in describe("adam").attributes}
