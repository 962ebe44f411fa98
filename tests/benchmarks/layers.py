"""Loss and gradients of single layers, emitted, beside NumPy by hand, the same algorithm."""

import os
import statistics
from dataclasses import dataclass
from time import process_time

import numpy as np

from codegen.pipeline import emit
from codegen.targets.numpy.load_module import load_module
from derive.calculus.differentiate import differentiate
from derive.specs.load import load
from tests.benchmarks.rows import Measured

ROUNDS, STEPS = 11, 3


@dataclass(frozen=True)
class Pair:
    """A layer, its input's shape with the batch, and the same by hand: loss and gradients."""

    what: str
    layers: tuple[dict, ...]
    shape: tuple[int, ...]
    by_hand: object
    loss: object = "squared_error"
    labels: int = 0


def half_squares(y, t):
    """The loss and its derivative."""
    d = y - t
    loss = np.sum(d * d) / (2 * len(y))
    d /= len(y)
    return loss, d


def pooled_by_hand(size, stride, padding):
    def by_hand(params, x, t):
        height = x.shape[2]
        around = ((0, 0), (0, 0), (padding, padding), (padding, padding))
        wide = np.pad(x, around, constant_values=-np.inf) if padding else x
        reach = stride * (t.shape[2] - 1) + 1
        places = [
            (..., slice(u, u + reach, stride), slice(v, v + reach, stride))
            for u in range(size)
            for v in range(size)
        ]
        y = wide[places[0]].copy()
        for place in places[1:]:
            np.maximum(y, wide[place], out=y)
        loss, d = half_squares(y, t)
        masks = [wide[place] == y for place in places]
        count = masks[0].astype(x.dtype)
        for mask in masks[1:]:
            count += mask
        d /= count
        out = np.zeros_like(wide)
        for place, mask in zip(places, masks, strict=True):
            out[place] += mask * d
        inner = slice(padding, padding + height)
        return loss, {"x": out[..., inner, inner]}

    return by_hand


def convolved_by_hand(stride):
    """Kernel 3, padding 1: patches as a matrix, one product each way."""

    def by_hand(params, x, t):
        W, b = params["W1"], params["b1"]
        n, c, height, _ = x.shape
        o, _, k, _ = W.shape
        h = t.shape[2]
        wide = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        views = np.lib.stride_tricks.sliding_window_view(wide, (k, k), (2, 3))
        views = views[:, :, ::stride, ::stride].transpose(0, 2, 3, 1, 4, 5)
        patches = views.reshape(n * h * h, c * k * k)
        kernel = W.reshape(o, -1)
        y = (patches @ kernel.T + b).reshape(n, h, h, o).transpose(0, 3, 1, 2)
        loss, d = half_squares(y, t)
        rows = d.transpose(0, 2, 3, 1).reshape(-1, o)
        found = {"W1": (rows.T @ patches).reshape(W.shape), "b1": rows.sum(axis=0)}
        back = (kernel.T @ rows.T).reshape(c, k, k, n, h, h)
        out = np.zeros((c, n, *wide.shape[2:]), x.dtype)
        reach = stride * (h - 1) + 1
        for u in range(k):
            for v in range(k):
                out[:, :, u : u + reach : stride, v : v + reach : stride] += back[:, u, v]
        found["x"] = out[:, :, 1 : 1 + height, 1 : 1 + height].transpose(1, 0, 2, 3)
        return loss, found

    return by_hand


def lstm_by_hand(params, x, t):
    """Gates stacked, time first."""
    gates = "ifgo"
    W = np.concatenate([params[f"W{k}1"] for k in gates])
    U = np.concatenate([params[f"U{k}1"] for k in gates])
    b = np.concatenate([params[f"b{k}1"] + params[f"v{k}1"] for k in gates])
    n, steps, _ = x.shape
    units = U.shape[1]
    z = (x @ W.T + b).transpose(1, 0, 2).copy()
    h = np.zeros((steps + 1, n, units), x.dtype)
    c = np.zeros_like(h)
    curved = np.zeros((steps, n, units), x.dtype)
    cut = [slice(k * units, (k + 1) * units) for k in range(4)]
    for s in range(steps):
        step = z[s]
        step += h[s] @ U.T
        for k in (0, 1, 3):
            step[:, cut[k]] = 1 / (1 + np.exp(-step[:, cut[k]]))
        step[:, cut[2]] = np.tanh(step[:, cut[2]])
        i, f, g, o = (step[:, k] for k in cut)
        c[s + 1] = f * c[s] + i * g
        curved[s] = np.tanh(c[s + 1])
        h[s + 1] = o * curved[s]
    loss, d = half_squares(h[1:].transpose(1, 0, 2), t)
    d = d.transpose(1, 0, 2)
    dz = np.empty_like(z)
    dc = np.zeros((n, units), x.dtype)
    for s in reversed(range(steps)):
        i, f, g, o = (z[s][:, k] for k in cut)
        dh = d[s] if s == steps - 1 else d[s] + dz[s + 1] @ U
        dc = dc + dh * o * (1 - curved[s] * curved[s])
        dz[s][:, cut[0]] = dc * g * i * (1 - i)
        dz[s][:, cut[1]] = dc * c[s] * f * (1 - f)
        dz[s][:, cut[2]] = dc * i * (1 - g * g)
        dz[s][:, cut[3]] = dh * curved[s] * o * (1 - o)
        dc = dc * f
    rows = dz.reshape(-1, 4 * units)
    dW = rows.T @ x.transpose(1, 0, 2).reshape(n * steps, -1)
    dU = rows.T @ h[:-1].reshape(n * steps, -1)
    db = rows.sum(axis=0)
    found = {"x": (rows @ W).reshape(steps, n, -1).transpose(1, 0, 2)}
    for k, part in zip(gates, cut, strict=True):
        found |= {f"W{k}1": dW[part], f"U{k}1": dU[part], f"b{k}1": db[part], f"v{k}1": db[part]}
    return loss, found


def joined_by_hand(params, x, t):
    W1, b1, W2, b2 = (params[n] for n in ("W_a", "b_a", "W_b", "b_b"))
    a = np.tanh(x @ W1.T + b1)
    b = np.tanh(x @ W2.T + b2)
    loss, d = half_squares(np.concatenate([a, b], axis=1), t)
    da = d[:, : a.shape[1]] * (1 - a * a)
    db = d[:, a.shape[1] :] * (1 - b * b)
    return loss, {
        "W_a": da.T @ x,
        "b_a": da.sum(axis=0),
        "W_b": db.T @ x,
        "b_b": db.sum(axis=0),
        "x": da @ W1 + db @ W2,
    }


def labelled_by_hand(params, x, t):
    W, b = params["W1"], params["b1"]
    samples = np.arange(len(x))
    z = x @ W.T + b
    z -= z.max(axis=1, keepdims=True)
    e = np.exp(z)
    s = e.sum(axis=1)
    loss = np.mean(np.log(s) - z[samples, t])
    d = e / s[:, None]
    d[samples, t] -= 1
    d /= len(x)
    return loss, {"W1": d.T @ x, "b1": d.sum(axis=0), "x": d @ W}


def _pool(size, stride, padding):
    return {"type": "max_pool2d", "kernel_size": size, "stride": stride, "padding": padding}


def _conv(stride):
    sizes = {"kernel_size": 3, "padding": 1, "stride": stride}
    return {"type": "conv2d", "channels": 32, **sizes}


TWO = (
    {"type": "dense", "units": 64, "activation": "tanh", "name": "a", "inputs": ["x"]},
    {"type": "dense", "units": 64, "activation": "tanh", "name": "b", "inputs": ["x"]},
    {"type": "concat", "inputs": ["a", "b"]},
)
CLASSES = {"type": "softmax_cross_entropy", "targets": "classes"}
IMAGES = (32, 16, 28, 28)

PAIRS = (
    Pair("max pooling 2x2", (_pool(2, 2, 0),), IMAGES, pooled_by_hand(2, 2, 0)),
    Pair("max pooling 3x3, stride 2", (_pool(3, 2, 1),), IMAGES, pooled_by_hand(3, 2, 1)),
    Pair("convolution 3x3", (_conv(1),), IMAGES, convolved_by_hand(1)),
    Pair("convolution 3x3, stride 2", (_conv(2),), IMAGES, convolved_by_hand(2)),
    Pair("lstm, 32 steps, 64-128", ({"type": "lstm", "units": 128},), (32, 32, 64), lstm_by_hand),
    Pair("concat of 64 and 64", TWO, (128, 64), joined_by_hand),
    Pair(
        "class targets, 20-10",
        ({"type": "dense", "units": 10},),
        (128, 20),
        labelled_by_hand,
        CLASSES,
        labels=10,
    ),
)


def measure():
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    for pair in PAIRS:
        yield _row(pair)


def _row(pair):
    spec = {
        "name": "layer",
        "inputs": {"x": list(pair.shape[1:])},
        "layers": list(pair.layers),
        "loss": pair.loss,
    }
    module = load_module(emit(differentiate(load(spec)), dtype="float32", part="math"))
    params = module.init_params()
    rng = np.random.default_rng(0)
    x = rng.standard_normal(pair.shape).astype(np.float32)
    y = module.forward(params, x)
    t = rng.standard_normal(y.shape).astype(np.float32)
    if pair.labels:
        t = rng.integers(0, pair.labels, len(x))
    loss, found = module.gradients(params, x, t, inputs=True)
    wanted_loss, wanted = pair.by_hand(params, x, t)
    assert np.isclose(loss, wanted_loss, rtol=1e-4), pair.what
    assert set(found) == set(wanted), pair.what
    for name in wanted:
        assert np.allclose(found[name], wanted[name], rtol=1e-3, atol=1e-4), (pair.what, name)
    times = []
    for _ in range(ROUNDS):
        emitted = _time(lambda: module.gradients(params, x, t, inputs=True))
        hand = _time(lambda: pair.by_hand(params, x, t))
        times.append((emitted / hand, emitted, hand))
    ratio = statistics.median(r for r, _, _ in times)
    best = min(e for _, e, _ in times), min(h for _, _, h in times)
    note = f"(median; {best[0] * 1e6:.0f} and {best[1] * 1e6:.0f} us at best)"
    return Measured(f"{pair.what} over NumPy by hand", ratio, 1.3, "times", note)


def _time(step):
    start = process_time()
    for _ in range(STEPS):
        step()
    return (process_time() - start) / STEPS
