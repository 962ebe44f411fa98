"""Formulas as they go wrong in the wild: each is told from the right one, with numbers to show it.

What the report gives as an example is worked out once more here, in NumPy: the right value from the
right formula, the wrong one from the slip. `test_by_hand` has more slips, layer by layer.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from derive import differentiate, load
from derive.against.formulas import check_formulas
from derive.modes import in_mode

MAZUR = Path(__file__).parents[1] / "generated" / "mazur" / "mazur.toml"


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


@cache
def wild(name):
    dense = {"type": "dense", "units": 2, "activation": "sigmoid"}
    match name:
        case "mazur":
            return differentiate(load(MAZUR))
        case "net":
            spec = {"layers": [{**dense, "units": 3}, dense], "loss": "squared_error"}
        case "softmax":
            layers = [{"type": "dense", "units": 2}]
            assume = ["sum(i, t[n,i]) == 1"]
            spec = {"layers": layers, "loss": "softmax_cross_entropy", "assume": assume}
        case "rms_norm":
            spec = {"layers": [{"type": "rms_norm", "eps": 0.001}], "loss": "squared_error"}
        case "batch_norm":
            spec = {"layers": [{"type": "batch_norm1d"}], "loss": "squared_error"}
    return differentiate(in_mode(load({"inputs": {"x": [2]}, **spec}), training=True))


def by_hand(v):
    """Activations and right error terms of a net of two sigmoid layers, squared error."""
    y1 = sigmoid(v["x"] @ v["W1"].T + v["b1"])
    y2 = sigmoid(y1 @ v["W2"].T + v["b2"])
    dz2 = (y2 - v["t"]) * y2 * (1 - y2) / len(y2)
    return y1, y2, dz2, dz2 @ v["W2"] * y1 * (1 - y1)


def label(v):
    _, y2, dz2, _ = by_hand(v)
    return dz2, (y2 - v["t"]) / len(y2)


def all_neurons(v):
    _, _, dz2, _ = by_hand(v)
    return dz2.sum(0), np.full(2, dz2.sum())


def no_slope(v):
    _, _, dz2, dz1 = by_hand(v)
    return dz1, dz2 @ v["W2"]


def too_early(v):
    y1, _, dz2, dz1 = by_hand(v)
    moved = v["W2"] - 0.5 * dz2.T @ y1
    return dz1, dz2 @ moved * y1 * (1 - y1)


def probabilities(v):
    e = np.exp(v["x"] @ v["W1"].T + v["b1"])
    return e / e.sum(1, keepdims=True)


def doubled(v):
    y, t = probabilities(v), v["t"]
    right = -(t * np.log(y)).sum(1).mean()
    return right, right - ((1 - t) * np.log(1 - y)).sum(1).mean()


def doubled_error(v):
    right = (probabilities(v) - v["t"]) / len(v["t"])
    return right, 2 * right


def gain_outside(v):
    x, g = v["x"], v["g1"]
    root = np.sqrt((x**2).mean(1, keepdims=True) + 0.001)
    dy = (g * x / root - v["t"]) / len(x)
    right = (dy * g - x / root**2 * (dy * g * x).mean(1, keepdims=True)) / root
    return right, dy * g / root - g * x / root**3 * (dy * x).mean(1, keepdims=True)


def biased(v):
    before, x = 0.9 * v["running_var1"], v["x"]
    return before + 0.1 * x.var(0, ddof=int(len(x) > 1)), before + 0.1 * x.var(0)


SOFTMAX_OF_TWO = "y[n,i] = exp(z1[n,i])/sum(k, exp(z1[n,k]))"
WRONG = {
    "a net of one's own: output minus label, though the loss is squared and the output sigmoid": (
        *("net", "dz2", label),
        "dz2[n,i] = (y2[n,i] - t[n,i])/size(n)",
    ),
    "np.sum(delta) without an axis: one number, added to every bias": (
        *("net", "db2", all_neurons),
        "db2[i] = sum(n,k, dz2[n,k])",
    ),
    "weights times errors, and the hidden layer's slope forgotten": (
        *("net", "dz1", no_slope),
        "dz1[n,j] = sum(i, W2[i,j]*dz2[n,i])",
    ),
    "Mazur 2015: the hidden layer's errors by weights that have already been moved": (
        *("mazur", "dz1", too_early),
        "moved[i,j] = W2[i,j] - learning_rate*dW2[i,j]\n"
        "dz1[n,j] = sum(i, moved[i,j]*dz2[n,i])*y1[n,j]*(1 - y1[n,j])",
    ),
    "t log y + (1 - t) log(1 - y) over both outputs of a softmax: twice the cross-entropy": (
        *("softmax", "E", doubled),
        f"{SOFTMAX_OF_TWO}\n"
        "E = -mean(n, sum(i, t[n,i]*log(y[n,i]) + (1 - t[n,i])*log(1 - y[n,i])))",
    ),
    "and the error terms that follow from it": (
        *("softmax", "dz1", doubled_error),
        f"{SOFTMAX_OF_TWO}\ndz1[n,i] = 2*(y[n,i] - t[n,i])/size(n)",
    ),
    "a notebook on RMS norm: the gain before the sum, which shows only where gains differ": (
        *("rms_norm", "dx", gain_outside),
        "root[n] = sqrt(mean(i, x[n,i]**2) + 0.001)\n"
        "along[n] = sum(i, dy1[n,i]*x[n,i])\n"
        "dx[n,i] = dy1[n,i]*g1[i]/root[n] - g1[i]*x[n,i]*along[n]/(size(i)*root[n]**3)",
    ),
    "np.var in batch norm's running variance, where PyTorch has n/(n - 1)": (
        *("batch_norm", "next(running_var1)", biased),
        "mu[c] = mean(n, x[n,c])\n"
        "next(running_var1)[c] = 0.9*running_var1[c] + 0.1*mean(n, (x[n,c] - mu[c])**2)",
    ),
}


@pytest.mark.parametrize(
    ("model", "tensor", "numbers", "text"), [pytest.param(*w, id=k) for k, w in WRONG.items()]
)
def test_wrong_in_the_wild(model, tensor, numbers, text):
    (row,) = [row for row in check_formulas(wild(model), text, 0) if not row.ok]
    assert (row.name, row.verdict) == (tensor, "different")
    example = json.loads(json.dumps(row.data["counterexample"]))
    values = {name: np.array(value) for name, value in example["values"].items()}
    right, wrong = numbers(values)
    at = tuple(example["at"])
    assert example["derived"] == pytest.approx(right[at], rel=1e-12)
    assert example["written"] == pytest.approx(wrong[at], rel=1e-12)
