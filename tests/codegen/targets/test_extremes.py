"""Activations and losses far out: logits of 10,000, empty classes, batches of one.

The emitted module stays finite where mathematics is finite, in both precisions, and NumPy has
nothing to warn of.
"""

import warnings

import numpy as np
import pytest

import codegen
from derive import catalogue, differentiate, load

pytestmark = pytest.mark.sampled

LARGE = np.array(
    [[1e4, -1e4, 0.0, 1e4], [-1e4, -1e4, -1e4, -1e4], [1e4, 1e4, 1e4, 1e4], [1, -1, 2, 0]]
)
ONE_HOT = np.eye(4)[[1, 1, 0, 3]]  # the class 2 is empty
CLASSES = np.array([1, 1, 0, 3])
ZERO_ONE = np.array([[0.0, 1, 1, 0], [0, 1, 0, 0], [1, 0, 1, 0], [1, 1, 1, 1]])
PROBABILITIES = (LARGE > 0).astype(float)  # each of them certain, some wrongly
WEIGHT = [1, 2, 0, 4]
STEPS = np.stack([LARGE, LARGE[::-1], -LARGE])  # three sequences of four steps with four classes
LENGTHS = np.array([[1.0, 1, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1]])
LABELS = np.array([[1, 0], [0, 0], [3, 3]])  # filled up with the blank 0; the second has none
NO_ROOM = np.array([[1, 1, 1], [1, 2, 3], [3, 3, 3]])  # the first and the last need five steps
TAGS = np.array([[1, 0, 3, 2], [0, 0, 0, 0], [2, 3, 3, 1]])
# what each loss is given: settings, its inputs (the first is y) and its target
LOSSES = [
    ("squared_error", {}, [LARGE], ZERO_ONE),
    ("mse", {}, [LARGE], ZERO_ONE),
    ("mae", {}, [LARGE], ZERO_ONE),
    ("huber", {"delta": 0.5}, [LARGE], ZERO_ONE),
    ("smooth_l1", {"beta": 0.5}, [LARGE], ZERO_ONE),
    ("poisson_nll", {}, [np.minimum(LARGE, 80)], ZERO_ONE),
    ("poisson_nll", {"log_input": False, "full": True}, [np.abs(LARGE)], 5 * ZERO_ONE),
    ("gaussian_nll", {}, [LARGE, np.abs(LARGE)], ZERO_ONE),
    ("binary_cross_entropy", {}, [PROBABILITIES], ZERO_ONE),
    ("binary_cross_entropy_with_logits", {}, [LARGE], ZERO_ONE),
    ("focal", {}, [LARGE], ZERO_ONE),
    ("focal", {"gamma": 0.5}, [LARGE], ZERO_ONE),
    ("focal", {"gamma": 0}, [LARGE], ZERO_ONE),
    ("softmax_cross_entropy", {}, [LARGE], ONE_HOT),
    ("softmax_cross_entropy", {"weight": WEIGHT}, [LARGE], ONE_HOT),
    ("softmax_cross_entropy", {"label_smoothing": 0.1}, [LARGE], ONE_HOT),
    ("softmax_cross_entropy", {"targets": "classes"}, [LARGE], CLASSES),
    ("softmax_cross_entropy", {"targets": "classes", "weight": WEIGHT}, [LARGE], CLASSES),
    ("softmax_cross_entropy", {"targets": "classes", "ignore_index": 1}, [LARGE], CLASSES),
    ("softmax_cross_entropy", {"targets": "classes", "weight": [0] * 4}, [LARGE], CLASSES),
    ("nll", {}, [-np.abs(LARGE)], CLASSES),
    ("nll", {"ignore_index": 1, "weight": WEIGHT}, [-np.abs(LARGE)], CLASSES),
    ("kl_divergence", {}, [-np.abs(LARGE)], ONE_HOT),
    ("kl_divergence", {"log_target": True}, [-np.abs(LARGE)], -np.abs(LARGE)),
    ("hinge", {}, [LARGE], 2 * ZERO_ONE - 1),
    ("squared_hinge", {}, [LARGE], 2 * ZERO_ONE - 1),
    ("multi_margin", {"weight": WEIGHT}, [LARGE], CLASSES),
    ("multi_margin", {"p": 2}, [LARGE], CLASSES),
    ("dice", {}, [PROBABILITIES], ZERO_ONE),
    ("dice", {}, [0 * PROBABILITIES], 0 * ZERO_ONE),
    ("cosine_embedding", {}, [LARGE, -LARGE], np.array([1.0, -1, 1, -1])),
    ("cosine_embedding", {}, [0 * LARGE, LARGE], np.array([1.0, -1, 1, -1])),
    ("triplet_margin", {}, [LARGE, LARGE, LARGE], None),
    ("triplet_margin", {"p": 3}, [LARGE, -LARGE, 0 * LARGE], None),
    ("triplet_margin", {"swap": True}, [LARGE, -LARGE, 0 * LARGE], None),
    ("info_nce", {}, [LARGE, -LARGE], None),
    ("info_nce", {"normalize": False}, [LARGE, LARGE], None),
    ("info_nce", {}, [0 * LARGE, LARGE], None),
    ("ctc", {}, [-np.abs(STEPS)], LABELS),
    ("ctc", {"masked": True}, [-np.abs(STEPS), LENGTHS], LABELS),
    ("ctc", {}, [-np.abs(STEPS[:, :1])], LABELS[:, :1]),
    ("ctc", {}, [-np.abs(STEPS)], NO_ROOM),
    ("ctc", {"zero_infinity": True}, [-np.abs(STEPS)], NO_ROOM),
    ("crf", {}, [STEPS], TAGS),
    ("crf", {"masked": True}, [STEPS, LENGTHS], TAGS),
    ("crf", {}, [STEPS[:, :1]], TAGS[:, :1]),
]


def check(spec, inputs, targets, dtype):
    """Value, loss and gradients of the emitted module: finite, with nothing to warn of."""
    derivation = differentiate(load(spec))
    source = codegen.emit(derivation, dtype=np.dtype(dtype).name, part="math")
    module = codegen.load_module(source)
    params = module.init_params()
    for count in (len(inputs[0]), 1):
        given = [np.asarray(a[:count]) for a in (*inputs, *targets)]
        given = [a if a.dtype.kind == "i" else a.astype(dtype) for a in given]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            loss, gradients = module.gradients(params, *given, inputs=True)
        assert np.isfinite(loss)
        for name, gradient in gradients.items():
            assert np.isfinite(gradient).all(), name
            assert gradient.dtype == dtype


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", list(catalogue.ACTIVATION))
def test_activations_far_out(name, dtype):
    row = catalogue.ACTIVATION[name]
    needed = {a.name: a.usual for a in row.attributes if a.default is catalogue.REQUIRED}
    spec = {
        "inputs": {"x": [4]},
        "layers": [{"type": name, **needed}],
        "loss": {"equations": "E = sum(n,i, t[n,i]*y[n,i])"},
    }
    width = 2 if name.endswith("glu") else 4
    check(spec, [LARGE], [np.ones((4, width))], dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    ("name", "settings", "inputs", "target"),
    LOSSES,
    ids=[" ".join([name, *settings]) for name, settings, *_ in LOSSES],
)
def test_losses_far_out(name, settings, inputs, target, dtype):
    names = [f"x{k}" for k, _ in enumerate(inputs)]
    spec = {
        "inputs": {x: list(a.shape[1:]) for x, a in zip(names, inputs, strict=True)},
        "layers": [{"type": "identity", "inputs": names[:1]}],
        "loss": {"type": name, "inputs": names, **settings},
    }
    check(spec, inputs, [] if target is None else [target], dtype)


MASK = np.array([[0.0, 0, 0], [0, 1, 1]])  # of the first sequence nothing counts
SEQUENCES = np.random.default_rng(0).normal(size=(2, 3, 4))
HEADS = {"heads": 2, "masked": True}
SMALL = {**HEADS, "dim_feedforward": 5}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("scale", [1, 1e4])
@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("rnn", {"units": 4, "masked": True}),
        ("lstm", {"units": 4, "masked": True}),
        ("gru", {"units": 4, "masked": True}),
        ("multi_head_attention", HEADS),
        ("multi_head_attention", {**HEADS, "causal": True}),
        ("transformer_encoder_layer", SMALL),
        ("transformer_encoder_layer", {**SMALL, "causal": True, "norm_first": True}),
    ],
)
def test_sequences_far_out(name, settings, scale, dtype):
    spec = {
        "inputs": {"x": ["s", 4], "mask": ["s"]},
        "layers": [{"type": name, **settings}],
        "loss": "squared_error",
    }
    check(spec, [scale * SEQUENCES, MASK], [SEQUENCES], dtype)


def test_every_loss_is_taken_far_out():
    assert {name for name, *_ in LOSSES} == set(catalogue.LOSS)


@pytest.mark.parametrize("targets", ["classes", "one_hot"])
def test_a_small_loss_of_large_logits_keeps_its_digits(targets):
    """`log(s) + m - z` was 0.31323 in float32: 1000 takes the digits of log(s) with it."""
    loss = {"type": "softmax_cross_entropy", "targets": targets}
    layers = [{"type": "dense", "units": 3, "bias": False}]
    derivation = differentiate(load({"inputs": {"x": [3]}, "layers": layers, "loss": loss}))
    module = codegen.load_module(codegen.emit(derivation, dtype="float32", part="math"))
    x = np.array([[1000, 999, 0]], np.float32)
    target = np.array([0]) if targets == "classes" else np.eye(3, dtype=np.float32)[:1]
    found = np.float32(module.loss({"W1": np.eye(3, dtype=np.float32)}, x, target))
    assert abs(found - np.float32(np.log1p(np.exp(-1)))) <= 2 * np.spacing(found)
