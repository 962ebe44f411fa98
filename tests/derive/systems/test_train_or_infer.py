"""Training and inference: layers that are one thing in one and another in the other."""

import numpy as np

from codegen import document, emit, load_module
from codegen.verify import verify_module
from derive import differentiate, load, parse
from derive.systems.train_or_infer import in_mode


def network(*layers):
    return load({"inputs": {"x": [3]}, "layers": list(layers), "loss": "squared_error"})


def module_of(system):
    return load_module(emit(differentiate(system)))


def test_running_statistics_move_as_pytorch_s_do():
    module = module_of(network({"type": "batch_norm1d", "momentum": 0.2}))
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    params = module.init_params()
    assert module.PARAMETERS.keys() == {"g1", "b1"}
    assert module.BUFFERS.keys() == {"running_mean1", "running_var1"}
    module.train_step(params, module.init_state(params), x, t)
    np.testing.assert_allclose(params["running_mean1"], 0.2 * x.mean(axis=0))
    np.testing.assert_allclose(params["running_var1"], 0.8 + 0.2 * x.var(axis=0, ddof=1))


def test_a_batch_of_one_and_a_variance_of_zero_are_finite():
    module = module_of(network({"type": "batch_norm1d"}))
    params, state = module.init_params(), None
    state = module.init_state(params)
    module.train_step(params, state, np.ones((1, 3)), np.zeros((1, 3)))
    module.train_step(params, state, np.ones((4, 3)), np.zeros((4, 3)))
    assert all(np.isfinite(value).all() for value in params.values())


def test_dropout_draws_in_training_only():
    module = module_of(network({"type": "dropout", "p": 0.25}))
    x = np.arange(1.0, 3001).reshape(1000, 3)
    assert np.array_equal(module.forward({}, x), x)
    y = module.forward({}, x, training=True, rng=np.random.default_rng(0))
    kept = y != 0
    assert 0.7 < kept.mean() < 0.8
    np.testing.assert_allclose(y[kept], x[kept] / 0.75)
    again = module.forward({}, x, training=True, rng=np.random.default_rng(0))
    assert np.array_equal(y, again)
    assert module.init_params() == {}


def test_rrelu_draws_a_slope_for_each_entry_in_training_only():
    module = module_of(network({"type": "rrelu", "lower": 0.2, "upper": 0.6}))
    x = np.concatenate((np.linspace(-3, -1, 3000), np.linspace(1, 3, 3000))).reshape(2000, 3)
    y = module.forward({}, x)
    np.testing.assert_allclose(y, np.where(x > 0, x, 0.4 * x))
    y = module.forward({}, x, training=True, rng=np.random.default_rng(0))
    slopes = y / x
    assert np.array_equal(y[x > 0], x[x > 0])
    drawn = slopes[x < 0]
    assert 0.2 <= drawn.min() < 0.201 and 0.599 < drawn.max() <= 0.6
    assert len({*drawn}) > 2990 and abs(drawn.mean() - 0.4) < 0.005
    t, rng = np.zeros_like(x), np.random.default_rng(0)
    _, gradients = module.gradients({}, x, t, inputs=True, training=True, rng=rng)
    np.testing.assert_allclose(gradients["x"], y * slopes / len(x))


def test_the_estimator_trains_in_training_and_predicts_in_inference():
    dense = {"type": "dense", "units": 3, "activation": "relu"}
    module = module_of(network(dense, {"type": "batch_norm1d"}, {"type": "dropout", "p": 0.1}))
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 3))
    model = module.Model(epochs=30, learning_rate=0.05).fit(x, x)
    assert model.history_["loss"][-1] < model.history_["loss"][0]
    assert np.array_equal(model.predict(x), model.predict(x))
    assert np.abs(model.params_["running_mean2"]).sum() > 0


def test_both_modes_are_checked():
    rows = verify_module(
        differentiate(network({"type": "batch_norm1d"}, {"type": "dropout", "p": 0.5}))
    )
    assert [row.name for row in rows] == ["E", "g1", "b1", "x"] * 2
    assert all(row.verdict == "agrees" for row in rows)
    assert [row.detail.startswith("in training") for row in rows] == [False] * 4 + [True] * 4


def test_a_document_tells_of_training():
    derivation = differentiate(network({"type": "batch_norm1d"}))
    text = document(derivation, format="md")
    assert "cases" not in text
    assert "running\\_var" in text.split("## Updates")[1]
    assert "running\\_var" not in text.split("## Updates")[0].split("## Forward")[1]


def test_a_system_in_one_mode():
    system = network({"type": "batch_norm1d"})
    training, inference = in_mode(system, True), in_mode(system, False)
    assert not training.having("mode") and not inference.having("mode")
    assert {"mu1", "s1"} <= {e.tensor for e in training.equations}
    plain = network({"type": "dense", "units": 2})
    assert in_mode(plain, True) is plain


def test_a_tensor_of_the_user_may_be_called_training():
    text = "y[n,i] = where(training[n] > 0, x[n,i], 2*x[n,i])*on\nE = sum(n,i, y[n,i]**2)"
    spec = {"inputs": ["x", "training"], "parameters": ["on"], "batch": "n"}
    system = parse(text, objective="E", sizes={"i": 2}, **spec)
    module = module_of(system)
    x, on = np.ones((2, 2)), {"on": np.float64(3)}
    assert module.loss(on, x, np.array([1.0, -1.0])) == 9 * (2 + 8)
