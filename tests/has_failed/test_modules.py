"""Emitted modules that have failed before: a row for each, so that it doesn't come back."""

import ast

import numpy as np
import pytest

from codegen import emit, load_module
from derive import differentiate, load, parse
from derive.semantics.interpreter import Interpreter
from derive.semantics.number_systems import FLOATS
from tests.has_failed.right import right


@pytest.mark.parametrize("task", ["", "classification"])
@pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
def test_a_classifier_by_hinge_aims_at_minus_one_and_one(loss, task):
    """Its targets were 0 and 1, so that the first class asked nothing of the score."""
    layers = [{"type": "dense", "units": 1}]
    derivation = differentiate(
        load({"inputs": {"x": [2]}, "layers": layers, "loss": loss, "task": task})
    )
    module = load_module(emit(derivation))
    x = np.random.default_rng(3).normal(size=(60, 2)) + 4
    labels = np.where(x @ [1, -2] > -4, "up", "down")
    model = module.Model(epochs=100, batch_size=60, learning_rate=0.1).fit(x, labels)
    assert model.score(x, labels) > 0.9
    same = module.Model(epochs=100, batch_size=60, learning_rate=0.1)
    same.fit(x, np.where(labels == "up", 1, -1))
    assert all(np.array_equal(same.params_[k], model.params_[k]) for k in model.params_)
    scaled = (x - x.mean(0)) / x.std(0)
    signs = np.where(labels == "up", 1.0, -1.0)[:, None]
    assert np.isclose(model.mean_loss(x, labels), module.loss(model.params_, scaled, signs), 1e-12)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_number_of_many_digits_is_one_literal(dtype):
    text = "E = sum(i, 1.6732632423543772*1.0507009873554805*w[i]**2 + w[i]**(1.23456789/3))"
    derivation = right(parse(text, parameters=["w"], objective="E", sizes={"i": 3}))
    module = load_module(source := emit(derivation, dtype=dtype))
    assert "1.7580993408473768 * w**2" in source
    numbers = [n.value for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Constant)]
    assert max(n for n in numbers if isinstance(n, int | float)) < 100_000
    w = np.array([0.5, 1.0, 2.0], dtype)
    _, gradients = module.gradients({"w": w})
    assert gradients["w"].dtype == dtype
    wanted = 2 * 1.6732632423543772 * 1.0507009873554805 * w + 0.41152263 * w ** (0.41152263 - 1)
    np.testing.assert_allclose(gradients["w"], wanted, rtol=1e-6)


def emitted(**spec):
    return load_module(emit(differentiate(load({"name": "a", **spec}))))


X = np.arange(12.0).reshape(6, 2) / 7
THREE = [{"type": "dense", "units": 3}]
STEPS = {"inputs": {"x": ["s", 2], "mask": ["s"]}, "output": "q"}
SCORES = [{"type": "dense", "name": "q", "units": 3, "inputs": ["x"]}]
CHAIN = {"type": "crf", "masked": True, "inputs": ["q", "mask"]}
CROSS = {"type": "softmax_cross_entropy", "targets": "classes"}


@pytest.mark.parametrize(
    ("loss", "wrong", "said"),
    [
        (CROSS, 7, "t holds 7, which is none of 0 to 2"),
        (CROSS, -100, "t holds -100, which is none of 0 to 2"),
        (CROSS | {"ignore_index": -100}, -1, "t holds -1, which is none of 0 to 2"),
        (CROSS | {"weight": [1, 2, 3]}, 3, "t holds 3, "),
        ({"type": "nll"}, 3, "t holds 3, "),
        ({"type": "multi_margin"}, -1, "t holds -1, "),
    ],
)
def test_a_class_that_the_model_has_not_is_refused(loss, wrong, said):
    """A class outside the output's counted as one whose score is 0."""
    module = emitted(inputs={"x": [2]}, layers=THREE, loss=loss)
    params = module.init_params()
    assert np.isfinite(module.loss(params, X, [0, 1, 2, 2, 1, 0]))
    for call in (module.loss, module.gradients):
        with pytest.raises(ValueError, match=said):
            call(params, X, [0, 1, 2, wrong, 1, 0])


@pytest.mark.parametrize("kind", ["ctc", "crf"])
def test_a_label_of_a_sequence_that_the_model_has_not_is_refused(kind):
    layers = [*SCORES, {"type": "log_softmax", "name": "r", "inputs": ["q"]}]
    loss = CHAIN | {"type": kind, "inputs": ["r", "mask"]}
    module = emitted(**STEPS | {"output": "r"}, layers=layers, loss=loss)
    params, x = module.init_params(), X.reshape(2, 3, 2)
    mask, filled = np.array([[1, 1, 1], [1, 1, 0]]), np.array([[1, 2, 1], [2, 1, -1]])
    if kind == "ctc":
        filled = np.array([[1, 2], [2, -1]])
    assert np.isfinite(module.loss(params, x, mask, filled))
    for wrong in (3, -2):
        with pytest.raises(ValueError, match=f"t holds {wrong}, which is none of 0 to 2"):
            module.loss(params, x, mask, np.where(filled == 1, wrong, filled))


def test_a_symbol_without_a_vector_and_a_place_without_one_are_refused():
    """Both gave zeros."""
    layers = [
        {"type": "embedding", "num_embeddings": 7, "embedding_dim": 2},
        {"type": "positional_encoding", "learned": True, "max_length": 3},
        {"type": "rnn", "units": 2},
    ]
    module = emitted(inputs={"x": ["t"]}, layers=layers, loss="mse")
    params = module.init_params()
    assert module.forward(params, [[0, 6, 1]]).shape == (1, 3, 2)
    for wrong in (7, -1):
        with pytest.raises(ValueError, match=f"x holds {wrong}, which is none of 0 to 6"):
            module.forward(params, [[0, wrong]])
    with pytest.raises(ValueError, match="a sequence has 4 places, and there is room for 3"):
        module.forward(params, [[1, 2, 3, 4]])
    state = module.init_step(params)
    for symbol in (1, 2, 3):
        _, state = module.step(params, state, [symbol])
    with pytest.raises(ValueError, match="a sequence has 3 places"):
        module.step(params, state, [4])


def test_a_table_shorter_than_the_sequences_that_checks_draw():
    layers = [{"type": "positional_encoding", "learned": True, "max_length": 2}]
    right(load({"inputs": {"x": ["t", 3]}, "layers": layers, "loss": "mse"}))


@pytest.mark.parametrize("weight", [False, True])
@pytest.mark.parametrize("names", [[0, 1, 2, -100], ["a", "b", "c", "-100"], [5, 6, 9, -100]])
def test_labels_that_do_not_count_are_no_class(weight, names):
    """`the model tells 3 classes apart, t has 4 labels`."""
    loss = CROSS | {"ignore_index": -100, "sample_weight": weight}
    model = emitted(inputs={"x": [2]}, layers=THREE, loss=loss).Model(epochs=20, seed=1)
    labels = np.array(names)[[0, 1, 3, 2, 0, 3]]
    model.fit(X, labels)
    assert model.classes_.tolist() == names[:3]
    counted = labels != names[3]
    assert model.score(X, labels) == np.mean((model.predict(X) == labels)[counted])
    assert set(model.predict(X)) <= set(names[:3])
    if weight:
        weights = np.arange(6.0)
        wanted = np.average((model.predict(X) == labels)[counted], weights=weights[counted])
        assert model.score(X, labels, sample_weight=weights) == pytest.approx(wanted)
    for call in (model.fit, model.score):
        with pytest.raises(ValueError, match="t holds no label that counts"):
            call(X, np.array([-100] * 6))


def test_tags_of_steps_that_do_not_count_are_no_class():
    module = emitted(**STEPS, layers=SCORES, loss=CHAIN)
    x, mask = X.reshape(2, 3, 2), np.array([[1, 1, 1], [1, 1, 0]])
    tags = np.array([[1, 2, 1], [2, 0, -1]])
    model = module.Model(epochs=3).fit((x, mask), tags)
    assert model.classes_.tolist() == [0, 1, 2]
    hits = model.predict((x, mask)) == tags
    assert model.score((x, mask), tags) == np.mean(hits[tags >= 0])
    other = module.Model(epochs=3).fit((x, mask), np.abs(tags))
    np.testing.assert_array_equal(model.params_["A"], other.params_["A"])


def test_labels_of_a_file_that_do_not_count(tmp_path, monkeypatch, capsys):
    loss = CROSS | {"ignore_index": -100}
    module = emitted(inputs={"x": [2]}, layers=THREE, loss=loss)
    rows = [f"{k},{k % 3},{('x', 'y', 'z', -100)[k % 4]}" for k in range(12)]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_text("\n".join(["a,b,kind", *rows]))
    module.main(["train", "data.csv", "--target", "kind", "-o", "model.npz", "--quiet"])
    module.main(["score", "data.csv", "--model", "model.npz"])
    told = float(capsys.readouterr().out.split("accuracy")[1].split()[0])
    assert told * 9 == pytest.approx(round(told * 9), abs=1e-4)


def test_an_output_that_is_an_input_is_given_back():
    """`forward` was the objective, and asked for targets."""
    layers = [{"type": "identity"}]
    module = emitted(inputs={"x": [2]}, layers=layers, loss="mse")
    np.testing.assert_array_equal(module.forward(module.init_params(), X), X)
    model = module.Model(epochs=1, standardize=False).fit(X, X + 1)
    np.testing.assert_array_equal(model.predict(X), X)
    text, spec = "E = sum(n,i, (x[n,i] - w[i]*t[n,i])**2)", {"batch": "n", "sizes": {"i": 2}}
    for output in ("x", "w"):
        spec |= {"parameters": ["w"], "inputs": ["x"], "targets": ["t"], "output": output}
        module = load_module(emit(differentiate(parse(text, objective="E", **spec))))
        params = module.init_params()
        np.testing.assert_array_equal(module.forward(params, X), {"x": X, **params}[output])


def test_an_output_that_no_derivative_reads_is_given():
    """`forward` was the objective where the output is linear and there are no targets."""
    text = "y[n] = sum(i, x[n,i]*w[i])\nE = sum(n, y[n])"
    spec = {"parameters": ["w"], "inputs": ["x"], "batch": "n", "sizes": {"i": 2}}
    module = load_module(emit(differentiate(parse(text, objective="E", output="y", **spec))))
    params = module.init_params()
    np.testing.assert_allclose(module.forward(params, X), X @ params["w"])


def test_weights_below_0_are_refused_by_the_loss_too():
    loss = {"type": "mse", "sample_weight": True}
    module = emitted(inputs={"x": [2]}, layers=THREE, loss=loss)
    params, t = module.init_params(), np.ones((6, 3))
    for wrong in (-1, np.nan):
        with pytest.raises(ValueError, match="sample_weight holds NaN or a number below 0"):
            module.loss(params, X, t, [1, 1, wrong, 1, 1, 1])
    assert module.loss(params, X, t, [0, 1, 0, 2, 0, 1]) > 0


def test_nothing_in_target_and_prediction_costs_nothing_without_smoothing():
    """It was 0/0."""
    layers = [{"type": "identity"}]
    module = emitted(inputs={"x": [3]}, layers=layers, loss={"type": "dice", "smooth": 0})
    y, t = np.array([[0, 0, 0], [0.5, 1, 0]]), np.array([[0.0, 0, 0], [1, 1, 0]])
    loss, gradients = module.gradients({}, y, t, inputs=True)
    assert loss == pytest.approx((0 + 1 - 2 * 1.5 / 3.5) / 2)
    np.testing.assert_allclose(gradients["x"][0], 0)
    bump = 1e-6 * np.eye(3)[0] * [[0], [1]]
    slope = (module.loss({}, y + bump, t) - module.loss({}, y - bump, t)) / 2e-6
    assert gradients["x"][1, 0] == pytest.approx(slope, rel=1e-6)


ONE_CYCLE = {
    1: [4e-07],
    2: [0.0811745653949763, 4e-07],
    3: [0.09944154354509119, 0.046263710266697504, 4e-07],
    4: [0.004, 0.0811745653949763, 0.028306099820869922, 4e-07],
    5: [0.004, 0.09504846320134738, 0.06112620219362893, 0.0188258346050237, 4e-07],
}


@pytest.mark.parametrize("steps", ONE_CYCLE)
def test_one_cycle_of_few_steps(steps):
    """Of two or three steps it began with the lowest rate; the figures are PyTorch's OneCycleLR."""
    optimizer = {"type": "sgd", "learning_rate": 0.1, "schedule": "one_cycle", "total_steps": steps}
    spec = {"equations": "E = w", "parameters": ["w"], "objective": "E", "optimizer": optimizer}
    module = load_module(emit(differentiate(load(spec))))
    params = {"w": np.array(0.0)}
    state = module.init_state(params)
    rates = []
    for _ in range(steps):
        before = float(params["w"])
        module.train_step(params, state)
        rates.append(before - float(params["w"]))
    np.testing.assert_allclose(rates, ONE_CYCLE[steps], rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "text",
    [
        "E = sum(n, max(i, exp(x[n,i])**3))",
        "E = sum(n, min(i, exp(x[n,i])/7*x[n,0]))",
        "E = sum(n, max(i, x[n,size(x, 1)-1-i]**3))",
        "E = sum(n,k, max(u, abs(x[n,k+u])**1.5))",
        "E = sum(n, max(i, x[n,i]*x[n,7-i]/3 + sin(x[n,i])))",
        "E = sum(n, max(i, where(i > 0, x[n,i]**2*0.3, -inf)))",
    ],
)
def test_some_entry_attains_its_maximum(text, dtype):
    """A body worked out a second time, in another order, was equal to the maximum nowhere."""
    letters = [a for a in "iku" if f"{a}," in text and f"x[n,{a}]" not in text]
    sizes = {"x.1": 8} | {a: {"i": 8, "k": 6, "u": 3}[a] for a in letters}
    derivation = right(parse(text, inputs=["x"], batch="n", sizes=sizes, objective="E"))
    module = load_module(emit(derivation, dtype=dtype, part="math"))
    x = np.random.default_rng(0).normal(size=(1000, 8))
    _, gradient = module.gradients({}, x, inputs=True)
    assert np.all(np.any(gradient["x"] != 0, axis=1))


BODIES = {  # of x[n,i]; what is made of it; how many of 8 equal that, and how many are below it
    "a maximum": ("x[n,{0}]/3 + x[n,{0}]*x[n,7-{0}]", "m[n] = max(k, {k})", 1, 7),
    "a minimum": ("exp(x[n,{0}])/7*x[n,0]", "m[n] = min(k, {k})", 1, 0),
    "a sum's": ("sum(j, x[n,j]*x[n,{0}]/7 + w[j])*w[{0}]", "m[n] = max(k, {k})", 1, 7),
    "a name's": ("x[n,{0}]*x[n,7-{0}]/3 + x[n,{0}]", "y[n,k] = {k}\nm[n] = max(i, y[n,i])", 1, 7),
    "the larger": ("x[n,{0}]/3 + x[n,{0}]*x[n,7-{0}]", "m[n,k] = maximum({k}, {k} - 1)", 8, 0),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("sign", ["==", "!=", ">=", "<"])
@pytest.mark.parametrize("name", BODIES)
def test_what_is_compared_with_its_maximum_is_one_value(name, sign, dtype):
    """Written twice it was worked out twice: of 1,000 rows 472 had no entry at its maximum."""
    body, made, equal, below = BODIES[name]
    read = "m[n,i]" if name == "the larger" else "m[n]"
    asked = f"E = sum(n,i, where({body.format('i')} {sign} {read}, x[n,i]*w[i], 0))"
    rows = [made.format(i=body.format("i"), k=body.format("k")), asked]
    text = "\n".join(rows if dtype == "float64" else reversed(rows))
    roles = {"parameters": ["w"], "inputs": ["x"], "batch": "n", "objective": "E"}
    sizes = {"x.1": 8, "w.0": 8, "i": 8, "k": 8}
    derivation = differentiate(parse(text, **roles, sizes=sizes))
    module = load_module(emit(derivation, dtype=dtype, part="math"))
    x = np.random.default_rng(0).normal(size=(1000, 8)).astype(dtype)
    given = {"w": np.ones(8, dtype)}
    _, gradient = module.gradients(given, x, inputs=True)
    wanted = {"==": equal, "!=": 8 - equal, ">=": 8 - below, "<": below}[sign]
    assert np.all(np.count_nonzero(gradient["x"], axis=1) == wanted)
    system = derivation.system
    value = Interpreter(system.equations, system.table, {**given, "x": x[:40]}, FLOATS).value("E")
    assert module.loss(given, x[:40]) == pytest.approx(value, rel=1e-4)


@pytest.mark.parametrize("body", ["0", "0*x[n,j]", "where(j == 7, x[n,j], 0)", "x[n,j+9]"])
def test_a_logsumexp_of_zeros_is_the_logarithm_of_their_number(body):
    text = f"l[n] = logsumexp(j, {body})\nE = sum(n, l[n]*x[n,0])"
    sizes = {"x.1": 5, "j": 5}
    system = parse(text, inputs=["x"], batch="n", sizes=sizes, objective="E", output="l")
    module = load_module(emit(right(system), part="math"))
    assert np.allclose(module.forward({}, np.ones((3, 5))), np.log(5))
