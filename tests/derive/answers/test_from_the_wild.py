"""Formulas as they went wrong in the wild: each is told from the right one, with numbers.

Each has its source. What the report gives as an example is worked out once more here, in NumPy: the
right value from the right formula, the wrong one from the slip. `test_by_hand` has more slips,
layer by layer, and `test_corpus` many more.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from derive import differentiate, load
from derive.answers.check_text import check_formulas
from derive.systems.train_or_infer import in_mode

pytestmark = pytest.mark.sampled

MAZUR = Path(__file__).parents[3] / "generated" / "mazur" / "mazur.toml"


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
        case "net of squares":
            loss = {"equations": "E = mean(n, sum(i, (y[n,i] - t[n,i])**2))"}
            spec = {"layers": [{**dense, "units": 3}, dense], "loss": loss}
        case "convolution":
            layers = [{"type": "conv1d", "channels": 3, "kernel_size": 2}]
            spec = {"inputs": {"x": [2, 4]}, "layers": layers, "loss": "squared_error"}
        case "image":
            layers = [{"type": "conv2d", "channels": 2, "kernel_size": [2, 3]}]
            spec = {"inputs": {"x": [1, 3, 4]}, "layers": layers, "loss": "squared_error"}
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
    return 2 * dz2, y2 - v["t"]


def all_neurons(v):
    _, _, dz2, _ = by_hand(v)
    return dz2.sum(0), np.full(2, dz2.sum())


def no_slope(v):
    _, _, dz2, dz1 = by_hand(v)
    return dz1, dz2 @ v["W2"]


def slope_above(v):
    y1, y2, _, dz1 = by_hand(v)
    return dz1, (y2 - v["t"]) / len(y2) @ v["W2"] * y1 * (1 - y1)


def slope_of_input(v):
    y1, y2, dz2, dz1 = by_hand(v)
    z1 = v["x"] @ v["W1"].T + v["b1"]
    return dz1, dz2 @ v["W2"] * z1 * (1 - z1)


def too_early(rate):
    def numbers(v):
        y1, _, dz2, dz1 = by_hand(v)
        moved = v["W2"] - rate * dz2.T @ y1
        return dz1, dz2 @ moved * y1 * (1 - y1)

    return numbers


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


def all_classes(v):
    e = (probabilities(v) - v["t"]) / len(v["t"])
    return e.sum(0), np.full(len(v["b1"]), e.sum())


def late_kernel(v):
    w, b = v["W1"], v["b1"][:, None]
    x = np.pad(v["x"], ((0, 0), (0, 0), (0, 1)))
    windows = [np.stack([x[:, :, s + u : s + u + 3] for u in range(2)]) for s in range(2)]
    right, wrong = (np.einsum("ocu,unci->noi", w, window) + b for window in windows)
    return right, wrong


def stuck_column(v):
    w, x, b = v["W1"], v["x"], v["b1"][:, None, None]
    right, wrong = b, b
    for p, q in np.ndindex(2, 3):
        part = w[:, :, p, q]
        right = right + np.einsum("oc,ncij->noij", part, x[:, :, p : p + 2, q : q + 2])
        wrong = wrong + np.einsum("oc,ncij->noij", part, x[:, :, p : p + 2, 1:3])
    return right, wrong


def gain_outside(v):
    x, g = v["x"], v["g1"]
    root = np.sqrt((x**2).mean(1, keepdims=True) + 0.001)
    dy = (g * x / root - v["t"]) / len(x)
    right = (dy * g - x / root**2 * (dy * g * x).mean(1, keepdims=True)) / root
    return right, dy * g / root - g * x / root**3 * (dy * x).mean(1, keepdims=True)


def biased(v):
    before, x = 0.9 * v["running_var1"], v["x"]
    return before + 0.1 * x.var(0, ddof=int(len(x) > 1)), before + 0.1 * x.var(0)


@dataclass(frozen=True)
class Wild:
    """A formula found somewhere; `numbers` gives the right array and the wrong one from the leaves.

    `slips` are the mistakes that made it.
    """

    source: str
    model: str
    tensor: str
    slips: tuple[str, ...]
    numbers: Callable
    text: str


SOFTMAX_OF_TWO = "y[n,i] = exp(z1[n,i])/sum(k, exp(z1[n,k]))"
WILD = {
    "output minus label, where (2/B) o (1 - o) is missing": Wild(
        "github.com/Bot-Academy/NeuralNetworkFromScratch, nn.py: squared error and a sigmoid",
        "net of squares",
        "dz2",
        ("missing derivative", "factor"),
        label,
        "dz2[n,i] = y2[n,i] - t[n,i]",
    ),
    "np.sum(delta) without an axis: one number, added to every bias": Wild(
        "github.com/Bot-Academy/NeuralNetworkFromScratch, nn.py; asked about in "
        "ai.stackexchange.com/questions/43296",
        "net",
        "db2",
        ("extra sum",),
        all_neurons,
        "db2[i] = sum(n,k, dz2[n,k])",
    ),
    "torch.sum without a dimension: all classes have one bias": Wild(
        "github.com/rasbt/stat453-deep-learning-ss21, issue 5: softmax regression from scratch",
        "softmax",
        "db1",
        ("extra sum",),
        all_classes,
        f"{SOFTMAX_OF_TWO}\ndb1[i] = sum(n,k, y[n,k] - t[n,k])/size(n)",
    ),
    "weights times errors, and the hidden layer's slope forgotten": Wild(
        "github.com/SciML/SciMLBook, issue 164: equation 47 of the notes on reverse mode",
        "net",
        "dz1",
        ("missing derivative",),
        no_slope,
        "dz1[n,j] = sum(i, W2[i,j]*dz2[n,i])",
    ),
    "errors passed on from before the slope of the layer above": Wild(
        "stackoverflow.com/questions/53287032: a course's code, which trains better so",
        "net",
        "dz1",
        ("missing derivative",),
        slope_above,
        "dz1[n,j] = sum(i, W2[i,j]*dy2[n,i])*y1[n,j]*(1 - y1[n,j])",
    ),
    "x (1 - x) of what goes into the sigmoid": Wild(
        "github.com/BoltzmannEntropy/interviews.ai, issue 15: solution 120 of the book",
        "net",
        "dz1",
        ("wrong argument",),
        slope_of_input,
        "dz1[n,j] = sum(i, W2[i,j]*dz2[n,i])*z1[n,j]*(1 - z1[n,j])",
    ),
    "the output's weights moved before the hidden layer's errors are worked out": Wild(
        "github.com/Bot-Academy/NeuralNetworkFromScratch, pull request 3",
        "net",
        "dz1",
        ("wrong value",),
        too_early(0.1),
        "dz1[n,j] = sum(i, next(W2)[i,j]*dz2[n,i])*y1[n,j]*(1 - y1[n,j])",
    ),
    "Mazur's example by weights that have already been moved, which it warns of": Wild(
        "mattmazur.com/2015/03/17/a-step-by-step-backpropagation-example",
        "mazur",
        "dz1",
        ("wrong value",),
        too_early(0.5),
        "moved[i,j] = W2[i,j] - learning_rate*dW2[i,j]\n"
        "dz1[n,j] = sum(i, moved[i,j]*dz2[n,i])*y1[n,j]*(1 - y1[n,j])",
    ),
    "t log y + (1 - t) log(1 - y) over both outputs of a softmax: twice the cross-entropy": Wild(
        "github.com/FluxML/Flux.jl, issue 139, and github.com/RubixML/ML, pull request 424",
        "softmax",
        "E",
        ("extra term",),
        doubled,
        f"{SOFTMAX_OF_TWO}\n"
        "E = -mean(n, sum(i, t[n,i]*log(y[n,i]) + (1 - t[n,i])*log(1 - y[n,i])))",
    ),
    "and the error terms that follow from it": Wild(
        "the same",
        "softmax",
        "dz1",
        ("factor",),
        doubled_error,
        f"{SOFTMAX_OF_TWO}\ndz1[n,i] = 2*(y[n,i] - t[n,i])/size(n)",
    ),
    "RMS norm's gain before the sum, which shows only where gains differ": Wild(
        "a notebook on RMS norm",
        "rms_norm",
        "dx",
        ("index",),
        gain_outside,
        "root[n] = sqrt(mean(i, x[n,i]**2) + 0.001)\n"
        "along[n] = sum(i, dy1[n,i]*x[n,i])\n"
        "dx[n,i] = dy1[n,i]*g1[i]/root[n] - g1[i]*x[n,i]*along[n]/(size(i)*root[n]**3)",
    ),
    "batch norm's running variance without n/(n - 1)": Wild(
        "github.com/tenstorrent/tt-metal, issue 55438, and "
        "github.com/callummcdougall/ARENA_3.0, issue 415",
        "batch_norm",
        "next(running_var1)",
        ("factor",),
        biased,
        "mu[c] = mean(n, x[n,c])\n"
        "next(running_var1)[c] = 0.9*running_var1[c] + 0.1*mean(n, (x[n,c] - mu[c])**2)",
    ),
    "a convolution's letter from 1, in an input whose places count from 0": Wild(
        "github.com/srush/Autodiff-Puzzles, issue 1 and pull request 7: the 1-D convolution",
        "convolution",
        "z1",
        ("index",),
        late_kernel,
        "z1[n,o,i] = sum(c,u, W1[o,c,u]*x[n,c,i+u+1]) + b1[o]",
    ),
    "a 1 where a convolution's second letter belongs": Wild(
        "github.com/RisingEntropy/LPFInISR, issue 2: section 4.1 of the paper",
        "image",
        "z1",
        ("index",),
        stuck_column,
        "z1[n,o,i,j] = sum(c,u,v, W1[o,c,u,v]*x[n,c,i+u,j+1]) + b1[o]",
    ),
}


# over two classes the other class' sum is the same again; n/(n - 1) has lost its -1
NAMED_OTHERWISE = (
    "t log y + (1 - t) log(1 - y) over both outputs of a softmax: twice the cross-entropy",
    "batch norm's running variance without n/(n - 1)",
)


@pytest.mark.parametrize("name", WILD)
def test_wrong_in_the_wild(name):
    found = WILD[name]
    (row,) = [row for row in check_formulas(wild(found.model), found.text, 0) if not row.ok]
    assert (row.name, row.verdict) == (found.tensor, "different")
    example = json.loads(json.dumps(row.data["counterexample"]))
    values = {name: np.array(value) for name, value in example["values"].items()}
    right, wrong = found.numbers(values)
    at = tuple(example["at"])
    assert example["derived"] == pytest.approx(right[at], rel=1e-12)
    assert example["written"] == pytest.approx(wrong[at], rel=1e-12)
    assert set(row.data["slips"]) >= set(found.slips)
    if len(found.slips) == 1 and name not in NAMED_OTHERWISE:
        assert row.data["slips"][0] == found.slips[0]
