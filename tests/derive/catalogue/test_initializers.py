"""What parameters are before training, as the emitted module draws them."""

import numpy as np
import pytest

from codegen import emit, load_module
from derive import differentiate, load
from derive.errors import ChainruleError

WIDE = 300


def drawn(init, shape=(WIDE, 200), **more):
    """A parameter as one of an equation model begins."""
    letters = "ijkl"[: len(shape)]
    subscripts = ",".join(letters)
    spec = {
        "equations": f"E = sum({subscripts}, w[{subscripts}]**2)",
        "parameters": {"w": {"init": {"type": init, **more}}},
        "objective": "E",
        "sizes": dict(zip(letters, shape, strict=True)),
    }
    module = load_module(emit(differentiate(load(spec)), part="math"))
    values = module.init_params(seed=3)["w"]
    assert np.array_equal(values, module.init_params(seed=3)["w"])
    assert values.shape == shape and values.dtype == np.float64
    return values


def net(**more):
    layers = [
        {"type": "conv1d", "channels": 4, "kernel_size": 3},
        {"type": "batch_norm1d"},
        {"type": "flatten"},
        {"type": "dense", "units": 5},
    ]
    return load({"inputs": {"x": [2, 8]}, "layers": layers, "loss": "mse", **more})


@pytest.mark.parametrize(
    ("init", "std"),
    [
        ("glorot_uniform", np.sqrt(2 / (WIDE + 200))),
        ("glorot_normal", np.sqrt(2 / (WIDE + 200))),
        ("he_uniform", np.sqrt(2 / 200)),
        ("he_normal", np.sqrt(2 / 200)),
        ("lecun_uniform", np.sqrt(1 / 200)),
        ("lecun_normal", np.sqrt(1 / 200)),
        ("fan_in_uniform", np.sqrt(1 / 600)),
        ("normal", 0.1),
    ],
)
def test_the_spread(init, std):
    values = drawn(init)
    assert abs(values.mean()) < 0.02 * std
    assert values.std() == pytest.approx(std, rel=0.01)


def test_a_kernel_s_window_counts_in_its_fan():
    assert drawn("he_normal", (60, 10, 5, 5)).std() == pytest.approx(np.sqrt(2 / 250), rel=0.02)


def test_truncated_normal():
    values = drawn("truncated_normal", std=1, low=-0.5, high=1.5)
    assert values.min() >= -0.5 and values.max() <= 1.5
    assert values.mean() == pytest.approx(0.357, abs=0.01)  # (phi(-.5) - phi(1.5)) over the mass


@pytest.mark.parametrize("shape", [(3, 7), (7, 3), (4, 4), (3, 2, 5)], ids=str)
def test_orthogonal(shape):
    values = drawn("orthogonal", shape, gain=2).reshape(shape[0], -1)
    short = values if values.shape[0] <= values.shape[1] else values.T
    np.testing.assert_allclose(short @ short.T, 4 * np.eye(len(short)), atol=1e-12)


def test_identity_and_constants():
    assert np.array_equal(drawn("eye", (3, 4), gain=0.5), 0.5 * np.eye(3, 4))
    assert np.array_equal(drawn("constant", (3,), value=2), np.full(3, 2.0))
    assert np.array_equal(drawn("values", (3,), values=[1, 2, 4]), [1.0, 2.0, 4.0])


def test_as_pytorch_begins():
    """Dense layers and convolutions with their biases; what else there is stays as it is."""
    module = load_module(emit(differentiate(net(init="pytorch")), part="math"))
    params = module.init_params()
    assert np.abs(params["W1"]).max() <= 1 / np.sqrt(6) and params["W1"].std() > 0
    assert 0 < np.abs(params["b1"]).max() <= 1 / np.sqrt(6)
    assert 0 < np.abs(params["b3"]).max() <= 1 / np.sqrt(24)
    assert np.array_equal(params["g2"], np.ones(4)) and not params["b2"].any()
    own = net(init="pytorch", parameters={"W1": {"init": "zeros"}})
    assert dict(own.training.initializers)["W1"].type == "zeros"


def begun(inputs, *layers):
    """The parameters of a net that begins as PyTorch's does."""
    spec = {"inputs": inputs, "layers": list(layers), "loss": "mse", "init": "pytorch"}
    module = load_module(emit(differentiate(load(spec)), part="math"))
    return module.init_params()


def reaches(values, limit):
    """Uniform within the limit: near to it, never beyond, and spread as such numbers are."""
    values = np.concatenate([np.ravel(v) for v in values])
    assert 0.9 * limit < np.abs(values).max() <= limit
    assert values.std() == pytest.approx(limit / np.sqrt(3), rel=0.2)


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_recurrent_layers_as_pytorch_begins(kind):
    """All within one over the root of the state's length; PyTorch doesn't ask for the fan."""
    layer = {"type": kind, "units": 16, "layers": 2, "bidirectional": True}
    params = begun({"x": [3, 2]}, layer, {"type": "dense", "units": 4})
    assert len(params) > 16
    reaches([v for n, v in params.items() if n.endswith("1")], 1 / 4)
    reaches([params["W2"], params["b2"]], 1 / np.sqrt(32))


def test_attention_as_pytorch_begins():
    """What is stacked there is drawn by the fans of the stack, a projection's bias is 0."""
    layer = {"type": "transformer_decoder_layer", "heads": 2, "dim_feedforward": 36, "name": "a"}
    layer["inputs"] = ["x", "memory"]
    params = begun({"x": [3, 16], "memory": [5, 16]}, layer)
    reaches([params[f"W{p}_{m}a"] for p in "qkv" for m in ("", "m_")], np.sqrt(6 / 64))
    reaches([params["Wo_a"], params["Wo_m_a"], params["Wu_a"], params["bu_a"]], 1 / 4)
    reaches([params["Wd_a"], params["bd_a"]], 1 / 6)
    assert not any(params[f"b{p}_{m}a"].any() for p in "qkvo" for m in ("", "m_"))
    assert np.array_equal(params["g_f_a"], np.ones(16)) and not params["b_f_a"].any()
    other = begun({"x": [3, 16], "memory": [5, 4]}, layer)
    reaches([other["Wk_m_a"], other["Wv_m_a"]], np.sqrt(6 / 20))
    reaches([other["Wq_m_a"]], np.sqrt(6 / 32))


def test_bilinear_as_pytorch_begins():
    layer = {"type": "bilinear", "units": 20, "inputs": ["u", "v"]}
    params = begun({"u": [4], "v": [25]}, layer)
    reaches([params["W1"], params["b1"]], 1 / 2)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: net(init="torch"), "init: unknown word 'torch'; write init = \"pytorch\""),
        (lambda: drawn("orthogonal", (3,)), "orthogonal needs a parameter with two axes or more"),
        (lambda: drawn("eye", (3, 3, 3)), "eye needs a parameter with two axes, and"),
        (lambda: drawn("truncated_normal", low=1, high=0), "low is not below high"),
    ],
)
def test_what_does_not_fit(make, told):
    with pytest.raises(ChainruleError) as caught:
        make()
    assert told in str(caught.value)
