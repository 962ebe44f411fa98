"""One training step of an emitted module beside NumPy by hand, the same algorithm."""

import os
import statistics
from time import process_time

import numpy as np

from codegen.pipeline import emit
from codegen.targets.numpy.load_module import load_module
from derive.calculus.differentiate import differentiate
from derive.specs.load import load
from tests.benchmarks.rows import Measured

SIZES = (784, 256, 128, 10)
BATCH = 128
RATE = 0.1
ROUNDS, STEPS = 31, 10

SPEC = {
    "name": "digits",
    "inputs": {"x": [SIZES[0]]},
    "layers": [
        {"type": "dense", "units": SIZES[1], "activation": "relu"},
        {"type": "dense", "units": SIZES[2], "activation": "relu"},
        {"type": "dense", "units": SIZES[3]},
    ],
    "loss": {"type": "softmax_cross_entropy", "targets": "classes"},
    "optimizer": {"type": "sgd", "learning_rate": RATE},
}


def by_hand(params, x, t):
    """Forward, backward and update as one writes them by hand; returns the loss."""
    W1, b1, W2, b2, W3, b3 = (params[n] for n in ("W1", "b1", "W2", "b2", "W3", "b3"))
    count = len(x)
    samples = np.arange(count)
    h1 = np.maximum(x @ W1.T + b1, 0)
    h2 = np.maximum(h1 @ W2.T + b2, 0)
    logits = h2 @ W3.T + b3
    shifted = logits - logits.max(axis=1, keepdims=True)
    exponentials = np.exp(shifted)
    sums = exponentials.sum(axis=1, keepdims=True)
    loss = (np.log(sums[:, 0]) - shifted[samples, t]).mean()
    d3 = exponentials / sums
    d3[samples, t] -= 1
    d3 /= count
    d2 = (d3 @ W3) * (h2 > 0)
    d1 = (d2 @ W2) * (h1 > 0)
    gradients = {
        "W1": d1.T @ x,
        "b1": d1.sum(axis=0),
        "W2": d2.T @ h1,
        "b2": d2.sum(axis=0),
        "W3": d3.T @ h2,
        "b3": d3.sum(axis=0),
    }
    for name, gradient in gradients.items():
        params[name] -= RATE * gradient
    return float(loss)


def data():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((BATCH, SIZES[0])).astype(np.float32)
    return x, rng.integers(0, SIZES[-1], BATCH)


def measure():
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    module = load_module(emit(differentiate(load(SPEC)), dtype="float32", part="math"))
    x, t = data()
    start = module.init_params()
    mine = {n: a.copy() for n, a in start.items()}
    theirs = {n: a.copy() for n, a in start.items()}
    state = module.init_state(mine)
    pairs = [(module.train_step(mine, state, x, t), by_hand(theirs, x, t)) for _ in range(5)]
    assert np.allclose(*np.array(pairs).T, rtol=1e-4), pairs
    ratios, best = [], [float("inf"), float("inf")]
    for _ in range(ROUNDS):
        emitted = _time(lambda: module.train_step(mine, state, x, t))
        hand = _time(lambda: by_hand(theirs, x, t))
        ratios.append(emitted / hand)
        best = [min(best[0], emitted), min(best[1], hand)]
    note = f"(median; {best[0] * 1e6:.0f} and {best[1] * 1e6:.0f} us at best)"
    what = "training step 784-256-128-10 over NumPy by hand"
    yield Measured(what, statistics.median(ratios), 1.3, "times", note)
    yield Measured("the same, of the best of each", best[0] / best[1], 1.3, "times")


def _time(step):
    start = process_time()
    for _ in range(STEPS):
        step()
    return (process_time() - start) / STEPS
