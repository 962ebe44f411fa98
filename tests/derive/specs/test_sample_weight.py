"""A weight for each sample: whole weights are samples that are repeated."""

import re
import subprocess
import sys

import numpy as np
import pytest

import codegen
from codegen.verify import verify_module
from derive import catalogue, check, differentiate, load
from derive.errors import ChainruleError
from derive.language.printer import equation_text

COUNTS = np.array([2, 0, 1, 3, 1])
N, CLASSES = len(COUNTS), 3
REPEATED = np.repeat(np.arange(N), COUNTS)
RNG = np.random.default_rng(8)
SEQUENCES = ("ctc", "crf")
TARGETS = {
    "real": RNG.normal(size=(N, CLASSES)),
    "binary": RNG.integers(0, 2, (N, CLASSES)).astype(float),
    "signs": RNG.integers(0, 2, (N, CLASSES)) * 2.0 - 1,
    "one_hot": np.eye(CLASSES)[RNG.integers(0, CLASSES, N)],
    "classes": RNG.integers(0, CLASSES, N),
    "labels": np.array([[1, 2], [1, 0], [2, 1], [2, 2], [1, 1]]),
}
NETS = [
    *((name, {}) for name in catalogue.LOSS),
    ("softmax_cross_entropy", {"targets": "classes", "weight": [1, 2, 5], "ignore_index": 1}),
    ("softmax_cross_entropy", {"label_smoothing": 0.2}),
    ("nll", {"weight": [1, 2, 5]}),
]


def module(spec, **more):
    return codegen.load_module(codegen.emit(differentiate(load(spec)), **more))


def net(name, weighted, **settings):
    """A loss behind a dense layer for each of its inputs, and its target."""
    row = catalogue.LOSS[name]
    many = len(row.usual_inputs) > 1
    activation = {"dice": "sigmoid", "binary_cross_entropy": "sigmoid", "ctc": "log_softmax"}
    layers = [
        {
            "type": "dense",
            "name": x,
            "units": CLASSES,
            "inputs": ["x"],
            "activation": "softplus" if x == "variance" else activation.get(name, "identity"),
        }
        for x in row.usual_inputs
    ]
    loss = {"type": name, "sample_weight": weighted, **settings}
    if many:
        loss["inputs"] = list(row.usual_inputs)
    shape = [5, 2] if name in SEQUENCES else [2]
    return {"inputs": {"x": shape}, "layers": layers, "loss": loss, "output": row.usual_inputs[0]}


def target(name, system):
    """The target of a loss, or none."""
    if not (tensors := [t for t in system.having("target") if t.name == "t"]):
        return []
    if name in SEQUENCES:
        return [TARGETS["labels"] if name == "ctc" else RNG.integers(0, CLASSES, (N, 5))]
    if name == "cosine_embedding":
        return [TARGETS["signs"][:, 0]]
    if tensors[0].integer:
        return [TARGETS["classes"]]
    kind = system.training.target_kind
    return [np.abs(TARGETS[kind]) if name == "kl_divergence" else TARGETS[kind]]


@pytest.mark.parametrize(
    ("name", "settings"), NETS, ids=[" ".join([name, *settings]) for name, settings in NETS]
)
def test_whole_weights_are_repeated_samples(name, settings):
    weighed, plain = (module(net(name, w, **settings)) for w in (True, False))
    system = load(net(name, True, **settings))
    data = [RNG.normal(size=(N, *([5, 2] if name in SEQUENCES else [2]))), *target(name, system)]
    params = weighed.init_params(1)
    ones = np.ones(N)
    wanted, gradient = plain.gradients(params, *data, inputs=True)
    found, weighed_gradient = weighed.gradients(params, *data, ones, inputs=True)
    same(found, wanted, weighed_gradient, gradient)
    if name == "info_nce":
        return  # samples that are repeated are each other's negatives
    wanted, gradient = plain.gradients(params, *(a[REPEATED] for a in data))
    for scale in (1, 0.25):
        found, weighed_gradient = weighed.gradients(params, *data, scale * COUNTS)
        same(found, wanted, weighed_gradient, gradient)


def same(found, wanted, gradient, other):
    assert np.isclose(found, wanted, 1e-11)
    assert gradient.keys() == other.keys()
    for key, value in other.items():
        np.testing.assert_allclose(gradient[key], value, 1e-9, 1e-13)


LINE = {"inputs": {"x": [2]}, "layers": [{"type": "dense", "units": 1}]}
MSE = {"type": "mse", "sample_weight": True}


def test_formulas_and_checks():
    derivation = differentiate(load({**LINE, "loss": MSE}))
    told = {e.tensor: equation_text(e) for e in (*derivation.forward, *derivation.backward)}
    assert told["relative_weight"] == ("relative_weight[n] = sample_weight[n]*size(n)/total_weight")
    assert told["E"] == "E = sum(n,i, relative_weight[n]*(z1[n,i] - t[n,i])**2)/size(n)"
    assert told["dz1"] == "dz1[n,i] = 2*relative_weight[n]*(z1[n,i] - t[n,i])/size(n)"
    rows = (*check(derivation).rows, *verify_module(derivation))
    assert [(row.name, row.detail) for row in rows if not row.ok] == []
    assert derivation.warnings == ()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_weights_that_are_all_nothing(dtype):
    made = module({**LINE, "loss": MSE}, dtype=dtype)
    loss, gradient = made.gradients(
        made.init_params(), np.ones((3, 2)), np.ones((3, 1)), np.zeros(3)
    )
    assert loss == 0
    assert not gradient["W1"].any()
    assert gradient["W1"].dtype == dtype


def test_own_losses_and_several():
    own = "r[n] = sum(i, abs(y[n,i] - t[n,i]))\nE = sum(n, r[n])/size(n) + 0.1*sum(i, b1[i]**2)"
    loss = {"equations": own, "sample_weight": True}
    made = module({**LINE, "loss": loss})
    params = {"W1": np.array([[1.0, 2]]), "b1": np.array([3.0])}
    x, t, w = RNG.normal(size=(4, 2)), RNG.normal(size=(4, 1)), np.array([1.0, 2, 0, 5])
    errors = np.abs(x @ params["W1"].T + 3 - t)[:, 0]
    assert np.isclose(made.loss(params, x, t, w), np.average(errors, weights=w) + 0.9, 1e-12)
    both = [{**MSE, "factor": 0.5}, {"type": "mae", "target": "s"}]
    made = module({**LINE, "loss": both})
    squares = np.average(errors**2, weights=w) / 2
    assert np.isclose(made.loss(params, x, t, t, w), squares + errors.mean(), 1e-12)


def test_what_is_refused():
    def problems(**more):
        with pytest.raises(ChainruleError) as caught:
            load({**LINE, **more})
        return list(caught.value.problems)

    own = {"equations": "E = logsumexp(n,i, (y[n,i] - t[n,i])**2)", "sample_weight": True}
    assert problems(loss=own) == [
        "loss.equations, line 1, column 1: there is no sum or mean over n in which sample_weight "
        "could stand; write E = mean(n, ...)"
    ]
    assert problems(loss=MSE, inputs={"sample_weight": [2]}) == [
        "loss.sample_weight: the name 'sample_weight' is taken by the input 'sample_weight'; give "
        "the layer another name, or rename the other"
    ]
    assert problems(loss={**MSE, "sample_weight": "w"}) == [
        "loss.sample_weight: 'w' is neither; write true or false"
    ]


# ---- the estimator -------------------------------------------------------------------------------

KINDS = {
    "regressor": {**LINE, "loss": MSE},
    "classifier": {
        **LINE,
        "loss": {"type": "binary_cross_entropy_with_logits", "sample_weight": True},
    },
    "several": {
        **LINE,
        "layers": [{"type": "dense", "units": 2}],
        "loss": {"type": "hinge", "sample_weight": True},
    },
}
X = RNG.normal(size=(30, 2))
LABELS = np.where(X @ [1, -2] + RNG.normal(size=30) > 0, "up", "down")
T = {
    "regressor": X @ [1, -2] + RNG.normal(size=30),
    "classifier": LABELS,
    "several": np.stack([LABELS, LABELS[::-1]], axis=1),
}
W = RNG.integers(0, 4, 30)
TIMES = np.repeat(np.arange(30), W)


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_that_is_fitted_with_weights(kind):
    made = module({"name": kind, **KINDS[kind]})
    t = T[kind]
    settings = {"epochs": 20, "batch_size": 100, "learning_rate": 0.3, "standardize": False}
    a = made.Model(**settings).fit(X, t, sample_weight=W)
    b = made.Model(**settings).fit(X[TIMES], t[TIMES])
    for key, value in b.params_.items():
        np.testing.assert_allclose(a.params_[key], value, 1e-9)
    np.testing.assert_allclose(a.history_["loss"], b.history_["loss"], 1e-9)
    for measure in ("score", "mean_loss"):
        found, wanted = getattr(a, measure), getattr(b, measure)(X[TIMES], t[TIMES])
        assert np.isclose(found(X, t, sample_weight=W), wanted, 1e-9)
        assert not np.isclose(found(X, t), wanted, 1e-9)
    a.partial_fit(X, t, sample_weight=W)
    b.partial_fit(X[TIMES], t[TIMES])
    np.testing.assert_allclose(a.params_["W1"], b.params_["W1"], 1e-9)
    parts = made.Model(epochs=1, batch_size=7, learning_rate=0, validation=0.2, standardize=False)
    parts.fit(X, t, sample_weight=W)
    order = np.random.default_rng([0, 1]).permutation(30)
    wanted = parts.mean_loss(X[order[6:]], t[order[6:]], sample_weight=W[order[6:]])
    assert np.isclose(parts.history_["loss"][0], wanted, 1e-9)


def test_weights_that_do_not_fit():
    model = module({"name": "line", **KINDS["regressor"]}).Model()
    for wrong, told in (
        (W[1:], "sample_weight has shape (29,), not (30,)"),
        (W - 1, "sample_weight holds NaN, infinity or a number below 0"),
        (np.full(30, np.nan), "sample_weight holds NaN, infinity or a number below 0"),
        (0 * W, "sample_weight is 0 for every sample"),
    ):
        with pytest.raises(ValueError, match=re.escape(told)):
            model.fit(X, T["regressor"], sample_weight=wrong)
        assert not hasattr(model, "params_")


def test_weights_on_the_command_line(tmp_path):
    source = codegen.emit(differentiate(load({"name": "line", **KINDS["regressor"]})))
    (tmp_path / "line.py").write_text(source)
    t = T["regressor"]
    rows = np.column_stack([X, W, t])
    text = "a,b,w,t\n" + "\n".join(",".join(map(repr, row)) for row in rows.tolist())
    (tmp_path / "data.csv").write_text(text)
    np.savez(tmp_path / "data.npz", x=X, t=t, sample_weight=W)

    def run(*arguments):
        told = [sys.executable, "line.py", *arguments]
        done = subprocess.run(told, check=False, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    column = ["--target", "t", "--sample-weight", "w"]
    how = ["--epochs", "5", "--batch-size", "99", "--no-standardize", "--quiet"]
    run("train", "data.csv", *column, *how)
    run("train", "data.npz", *how, "-o", "other.npz")
    expected = codegen.load_module(source).Model(epochs=5, batch_size=99, standardize=False)
    expected.fit(X, t, sample_weight=W)
    wanted = f"loss {expected.mean_loss(X, t, sample_weight=W):.6g}\n"
    assert run("score", "data.csv", *column).startswith(wanted)
    assert run("score", "data.npz", "--model", "other.npz").startswith(wanted)
    assert run("predict", "data.csv").startswith("t\n")
