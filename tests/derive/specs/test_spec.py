"""Specs: what a table says, with equations alone; keys, numbers, examples, overrides."""

import subprocess
import sys
import tomllib
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import derive
from derive.errors import ChainruleError
from derive.ir.notation import Dim, affine
from derive.ir.system import Draw, Initializer
from derive.specs.load import load, load_text
from derive.specs.parse import parse
from tests.oracles import MODELS

SHOWCASE = sorted((Path(__file__).parents[3] / "generated").glob("*/*.toml"))
LINE = {
    "equations": "y[n] = w*x[n] + c\nE = mean(n, (y[n] - t[n])**2)",
    "parameters": ["w", "c"],
    "inputs": ["x"],
    "targets": ["t"],
    "objective": "E",
    "output": "y",
    "batch": "n",
}
NET = {
    "inputs": {"x": [2]},
    "layers": [{"type": "dense", "units": 3, "activation": "tanh"}, {"type": "dense", "units": 1}],
    "loss": {"type": "mse"},
}


def problems(spec, **overrides):
    with pytest.raises(ChainruleError) as caught:
        load(spec, **overrides)
    return list(caught.value.problems)


@pytest.mark.parametrize("path", SHOWCASE, ids=lambda p: p.stem)
def test_every_showcase_loads(path):
    system = load(path)
    assert system.name == path.stem
    assert system.table[system.objective].rank == 0
    assert not system.origin.warnings


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.name)
def test_a_spec_of_equations_is_what_parse_reads(model):
    spec = load(model.spec())
    parsed = parse(
        model.equations,
        name=model.name,
        parameters=list(model.parameters),
        inputs=list(model.inputs),
        targets=list(model.targets),
        integers=list(model.integers),
        constants=model.constants,
        sizes=model.sizes,
        batch=model.batch,
        objective=model.objective,
        output=model.output,
        assume=model.assume,
    )
    assert spec.equations == parsed.equations
    assert spec.tensors == parsed.tensors
    assert spec.assumptions == parsed.assumptions


def test_a_model_by_equations():
    system = load(LINE, name="line")
    assert [t.name for t in system.having("parameter")] == ["w", "c"]
    assert system.batch == "n"
    assert system.table["x"].shape == (affine(Dim("n")),)
    assert system.training.initializers == (
        ("w", Initializer("normal", (("mean", Fraction(0)), ("std", Fraction(1, 10))))),
        ("c", Initializer("normal", (("mean", Fraction(0)), ("std", Fraction(1, 10))))),
    )
    assert system.training.optimizer.hyperparameters == (("learning_rate", Fraction(1, 10)),)


def test_parameters_as_tables():
    rows = {"w": {"init": {"type": "uniform", "low": -1, "high": 0.5}}, "c": {"trainable": False}}
    system = load(LINE, parameters=rows)
    assert system.trainable == ("w",)
    assert dict(system.training.initializers)["w"] == Initializer(
        "uniform", (("high", Fraction(1, 2)), ("low", Fraction(-1)))
    )


@pytest.mark.parametrize(
    ("wish", "name"),
    [("glorot", "glorot_uniform"), ("xavier_normal", "glorot_normal"), ("he", "he_normal")],
)
def test_initialisers_have_other_names_too(wish, name):
    system = load(NET, parameters={"W1": {"init": wish}})
    assert dict(system.training.initializers)["W1"] == Initializer(name)


def test_a_fan_needs_two_axes():
    assert problems(LINE, parameters={"w": {"init": "he"}, "c": {}}) == [
        "parameters.w: he_normal needs a parameter with two axes or more, and 'w' has 0; "
        'write init = "normal"'
    ]


def test_numbers_are_exact():
    system = load_text(
        'equations = "E = a*w**2"\nobjective = "E"\nparameters = ["w"]\n'
        'constants = { a = 0.1 }\noptimizer = { type = "sgd", learning_rate = 1e-3 }'
    )
    assert system.table["a"].value == Fraction(1, 10)
    assert system.training.optimizer.hyperparameters == (("learning_rate", Fraction(1, 1000)),)
    third = load_text('equations = "E = k"\nobjective = "E"\nconstants = { k = "1/3" }')
    assert third.table["k"].value == Fraction(1, 3)


READ = {"parameters": ["w"], "inputs": ["x"], "constants": {"c": 2}, "objective": "E"}
TEXT = "E = sum(n, c*w*x[n])"


@pytest.mark.parametrize(
    ("text", "more", "problem"),
    [
        (TEXT, {"parameters": ["w", "q"]}, "parameters: 'q' {}; take it out, or use it"),
        (TEXT, {"inputs": ["x", "mask"]}, "inputs: 'mask' {}; take it out, or use it"),
        (TEXT, {"constants": {"c": 2, "k": 3}}, "constants: 'k' {}; take it out, or use it"),
        (
            "theta[n] = w*x[n]\nE = sum(n, c*theta[n])",
            {"inputs": ["x", "tetha"]},
            "inputs: 'tetha' {}; did you mean 'theta'?",
        ),
    ],
)
def test_what_is_declared_is_read(text, more, problem):
    with pytest.raises(ChainruleError) as caught:
        parse(text, **{**READ, **more})
    assert problem.format("is declared, but no equation reads it") in caught.value.problems


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("E = sum(n, c*w*u[y[n]])", {"inputs": ["u", "y"], "integers": ["y"]}),
        (
            "E = sum(n, c*w*x[n])\nnext(m) = m + sum(n, y[n])",
            {"inputs": ["x", "y"], "buffers": ["m"]},
        ),
        ("E = sum(n, c*w*x[n])", {"targets": ["t"], "buffers": ["m"]}),
    ],
)
def test_subscripts_and_next_values_are_reads_and_targets_need_none(text, more):
    assert parse(text, **{**READ, **more}).objective == "E"


def test_equations_in_the_language_need_no_reader_of_latex():
    code = (
        "import sys, derive; derive.parse('E = w**2', parameters=['w'], objective='E');"
        "far = ('derive.readers.latex', 'derive.calculus');"
        "sys.exit(any(m.startswith(far) for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_weight_decay_changes_the_update():
    plain = load(NET, optimizer={"type": "sgd", "learning_rate": 0.5})
    decay = load(NET, optimizer={"type": "sgd", "learning_rate": 0.5, "weight_decay": 0.01})
    assert plain.training.optimizer.update_text == ("next(w)[...] = w[...] - learning_rate*g[...]",)
    assert [n for n, _ in decay.training.optimizer.hyperparameters] == [
        "learning_rate",
        "weight_decay",
    ]
    assert "weight_decay*w[...]" in decay.training.optimizer.update_text[0]
    assert load(NET, optimizer="sgd").training.optimizer.hyperparameters[0][1] == Fraction(1, 10)


def test_buffers_random_tensors_and_integers():
    system = load(
        {
            "equations": """
            h[n,i] = mask[n,i]*(W[x[n],i] - m[i])
            E = sum(n, i, h[n,i]**2)
            next(m)[i] = 0.9*m[i] + 0.1*mean(n, W[x[n],i])
            """,
            "parameters": ["W"],
            "inputs": ["x"],
            "integers": ["x"],
            "buffers": {"m": {"init": {"type": "constant", "value": 1}}},
            "random": {"mask": {"distribution": "bernoulli", "p": 0.9}},
            "objective": "E",
            "batch": "n",
            "sizes": {"i": 3, "W.0": 7},
        }
    )
    assert system.table["x"].integer
    assert system.training.draws == (("mask", Draw("bernoulli", (("p", 0.9),))),)
    assert dict(system.training.initializers)["m"].type == "constant"
    assert [e.tensor for e in system.updates] == ["next(m)"]


def test_the_kind_of_target():
    def kind(**more):
        return load({**LINE, **more}).training.target_kind

    assert kind() == "real"
    assert kind(task="classification") == "binary"
    softmax = {
        "equations": """
        y[n,i] = exp(w[i]*x[n])/sum(k, exp(w[k]*x[n]))
        E = -mean(n, log(y[n,t[n]]))
        """,
        "parameters": ["w"],
        "sizes": {"i": 3},
        "task": "classification",
    }
    assert kind(**softmax, integers=["t"]) == "classes"
    one_hot = softmax["equations"].replace("log(y[n,t[n]])", "sum(i, t[n,i]*log(y[n,i]))")
    assert kind(**{**softmax, "equations": one_hot}) == "one_hot"
    assert problems(LINE, task="classify") == [
        "task: unknown task 'classify'; did you mean 'classification'?"
    ]


def test_a_table_is_merged_and_other_keys_are_replaced():
    spec = {**NET, "optimizer": {"type": "sgd", "learning_rate": 0.5, "weight_decay": 0.1}}
    system = load(spec, optimizer={"learning_rate": 0.25}, name="other")
    assert system.name == "other"
    assert dict(system.training.optimizer.hyperparameters) == {
        "learning_rate": Fraction(1, 4),
        "weight_decay": Fraction(1, 10),
    }
    assert spec["optimizer"]["learning_rate"] == 0.5


def test_equations_may_be_a_list_of_lines():
    assert load(LINE, equations=LINE["equations"].splitlines()).equations == load(LINE).equations


# ---- [example] -----------------------------------------------------------------------------------


def test_an_example_is_kept_as_nested_tuples():
    example = {"x": [[1, 0.1], [2, 3]], "t": np.array([[0.0], [1.0]]), "b2": [0.5]}
    system = load(NET, example=example)
    assert dict(system.training.example) == {
        "x": ((1.0, 0.1), (2.0, 3.0)),
        "t": ((0.0,), (1.0,)),
        "b2": (0.5,),
    }
    assert load(LINE, example={"w": 2}).training.example == (("w", 2.0),)


@pytest.mark.parametrize(
    ("example", "wanted"),
    [
        ({"x": [[1, 2], [3]]}, "example.x: the list has rows of different lengths"),
        ({"x": [[1, 2], 3]}, "example.x: the list has rows of different lengths"),
        ({"x": []}, "example.x: the list is empty"),
        ({"x": [1, 2]}, "example.x: the numbers have 1 axes and 'x' has 2; count the batch axis"),
        ({"x": [[1, 2, 3]]}, "example.x: axis 1 has 3 entries; write 2"),
        (
            {"x": [[1, 2]], "t": [[1], [0]]},
            "example.t: axis 0 has 2 entries; write 1 as in 'x'",
        ),
        ({"W1": [[1, float("nan")]] * 3}, "example.W1: 'nan' is no finite number"),
        ({"W1": [["1", "two"]] * 3}, "example.W1: 'two' is no finite number"),
        ({"W": [1]}, "example.W: there is no such tensor; did you mean 'W1'?"),
        ({"z1": [1]}, "example.z1: it is computed; take it out"),
        ({"x": {"a": 1}}, "example.x: '{'a': 1}' is no finite number"),
    ],
)
def test_an_example_that_does_not_fit(example, wanted):
    assert problems(NET, example=example)[0].startswith(wanted)


def test_an_example_of_integers():
    spec = {**NET, "loss": {"type": "softmax_cross_entropy", "targets": "classes"}}
    assert load(spec, example={"t": [0, 0]}).training.example == (("t", (0, 0)),)
    assert problems(spec, example={"t": [0.5]}) == [
        "example.t: '0.5' is no integer; this tensor has integers"
    ]


# ---- keys ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"equation": "E = 1"}, "spec: unknown key 'equation'; did you mean 'equations'?"),
        ({"parameters": "w"}, "parameters: 'w' is no list; write [\"w\"]"),
        ({"parameters": ["w", "w"]}, "parameters: 'w' stands twice; take one out"),
        ({"parameters": {"w": {"inti": "he"}}}, "parameters.w: unknown key 'inti'; did you mean"),
        ({"parameters": {"w": 3}}, "parameters.w: '3' is no table; write it as { key = value }"),
        ({"inputs": {"x": 2}}, "inputs: the extents of 'x' are no list; write x = [2]"),
        ({"inputs": {"x": [2.5]}}, "inputs: '2.5' in 'x' is no extent; give an integer, or a"),
        ({"targets": [3]}, "targets: '3' is no name; write it in quotes"),
        ({"equations": 3}, "equations: '3' is no text; write equations = \"y[n,i] = ...\""),
        ({"merge_bias": "yes"}, "merge_bias: 'yes' is neither; write true or false"),
        ({"name": 3}, "name: '3' is no text; write it in quotes"),
        ({"layers": {"type": "dense"}}, "layers: "),
        ({"layers": [{"units": 2}]}, "layers[1]: 'type' is missing; add type = \"...\""),
        ({"layers": [{"type": "dense", "name": 1}]}, "layers[1] (dense).name: '1' is no text"),
        ({"define": {"f": {"equation": "y"}}}, "define.f: 'equations' is missing; add equations"),
        ({"random": {"m": {"p": 1}}}, "random.m: 'distribution' is missing; add distribution"),
        ({"optimizer": 3}, "optimizer: '3' is no type; write a name in quotes, or { type ="),
        ({"loss": 3}, "loss: '3' is no type; write a name in quotes, or { type ="),
    ],
)
def test_keys_and_kinds(change, wanted):
    spec = {"equations": "E = x", "inputs": ["x"], "objective": "E", **change}
    assert problems(spec)[0].startswith(wanted)


def test_a_misspelt_key_counts_as_what_was_meant():
    spec = {"equation": "E = w*", "objectiv": "E", "parameters": ["w"]}
    assert [p.split(";")[0] for p in problems(spec)] == [
        "spec: unknown key 'equation'",
        "spec: unknown key 'objectiv'",
        "equations, line 1, column 7: invalid syntax at the end",
    ]


def test_a_model_is_a_network_or_equations():
    both = {**NET, "equations": "E = 1"}
    assert problems(both) == ["spec: layers and equations stand side by side; keep one of them"]
    assert problems({"name": "x"}) == [
        "spec: there is no model; add [[layers]], or equations = ..."
    ]
    assert problems(NET, batch="n", sizes={"i": 3}) == [
        "sizes: a network's sizes follow from its inputs and its layers' attributes; take this out",
        "batch: in a network the batch is always n; take this out",
    ]
    assert problems(LINE, loss="mse") == [
        'loss: a model by equations names its loss; write objective = "E"'
    ]
    assert problems(LINE, inputs={"x": [2]}) == [
        'inputs.x: extents stand in sizes here; write inputs = ["x"] and sizes = { "x.1" = 2 }'
    ]


def test_a_file_gives_its_name(tmp_path):
    path = tmp_path / "two moons.toml"
    path.write_text('equations = "E = w**2"\nparameters = ["w"]\nobjective = "E"')
    assert load(path).name == "two moons"
    assert load(path, name="other").name == "other"
    assert load_text(path.read_text()).name == "model"
    assert load(path.rename(tmp_path / "-net(1).toml")).name == "_net_1_"


def test_a_file_and_its_text_say_the_same():
    for path in SHOWCASE:
        data = tomllib.loads(path.read_text())
        assert load(path) == load_text(path.read_text()) == load(data)


def test_the_package_s_names():
    """What a caller writes down is there by one import."""
    text = '[[layers]]\ntype = "dense"\nunits = 1\n[loss]\ntype = "mse"\n[inputs]\nx = [2]\n'
    system = derive.loads(text, name="short")
    assert isinstance(system, derive.System) and system.name == "short"
    derivation = derive.differentiate(system)
    assert isinstance(derivation, derive.Derivation)
    assert isinstance(derive.check(derivation), derive.Report)
    with pytest.raises(derive.ChainruleError, match=r"^spec: line 1, column 1"):
        derive.loads("= 3")
    assert all(hasattr(derive, name) for name in derive.__all__)
