"""Optimisers against the node cases of ONNX: Momentum, Adagrad and Adam of its training operators.

Figures: the tests `test_momentum` to `test_adam_multiple` of ONNX 1.23 (onnx/backend/test/case/
node, Apache 2.0), as they come out in float32. Each case is one step from a given memory. ONNX's
names are mapped so:

* `norm_coefficient` is `weight_decay`: both add it, times the parameter, to the gradient.
* Momentum: `alpha` is `momentum`; `beta` doesn't count at T = 0, where all cases are.
* Adagrad: `decay_factor` is `lr_decay`, T the count of steps that were made.
* Adam: `alpha` and `beta` are `beta1` and `beta2`. ONNX corrects nothing at T = 0, as if the means
  had run forever: here that is a count so large that `beta**step` is 0. At T > 0 it corrects by T
  steps, where the step that is made counts here; and its eps stands beside the root before the
  correction: `eps*sqrt(c2)` there is `eps` here.
"""

import math

import numpy as np
import pytest

from codegen import emit, load_module
from derive import differentiate, load
from derive.semantics.interpreter import evaluate

pytestmark = pytest.mark.sampled

SINGLE = 3e-7
ONE = {"w1": [1.2, 2.8], "g1": [-0.94, -2.5]}
TWO = {"w1": [1.0], "w2": [1.0, 2.0], "g1": [-1.0], "g2": [-1.0, -3.0]}
VELOCITY = {"m": {"w1": [2.0], "w2": [4.0, 1.0]}}
MOMENTUM = {"type": "sgd", "momentum": 0.95, "weight_decay": 0.001}
ADAGRAD = {"type": "adagrad", "lr_decay": 0.1, "weight_decay": 0.001, "eps": 1e-5}
ADAM = {"type": "adam", "beta1": 0.95, "weight_decay": 0.001}
FOREVER = 10**6

# name: (the optimiser, its arrays, its memory before, parameters and memory after)
CASES = {
    "momentum": (
        MOMENTUM,
        ONE,
        {"m": {"w1": [1.7, 3.6]}},
        {
            "w": {"w1": [1.1323800086975098, 2.7077200412750244]},
            "m": {"w1": [0.6762000322341919, 0.922799825668335]},
        },
    ),
    "momentum_multiple": (
        MOMENTUM,
        TWO,
        VELOCITY,
        {
            "w": {"w1": [0.9099000096321106], "w2": [0.7199000120162964, 2.2047998905181885]},
            "m": {"w1": [0.9009999632835388], "w2": [2.800999879837036, -2.047999858856201]},
        },
    ),
    "nesterov_momentum": (
        {**MOMENTUM, "weight_decay": 0.01, "nesterov": True},
        ONE,
        {"m": {"w1": [1.7, 3.6]}},
        {
            "w": {"w1": [1.2275350093841553, 2.9571399688720703]},
            "m": {"w1": [0.687000036239624, 0.9479999542236328]},
        },
    ),
    "adagrad": (
        ADAGRAD,
        {"w1": [1.0], "g1": [-1.0]},
        {"s": {"w1": [2.0]}, "step": 0},
        {"w": {"w1": [1.0576962232589722]}, "s": {"w1": [2.9980010986328125]}},
    ),
    "adagrad_multiple": (
        ADAGRAD,
        TWO,
        {"s": {"w1": [2.0], "w2": [4.0, 1.0]}, "step": 0},
        {
            "w": {"w1": [1.0576962232589722], "w2": [1.0446853637695312, 2.0948617458343506]},
            "s": {"w1": [2.9980010986328125], "w2": [4.9980010986328125, 9.988003730773926]},
        },
    ),
    "adam": (
        {**ADAM, "beta2": 0.1, "eps": 1e-7},
        ONE,
        {"m": {"w1": [1.7, 3.6]}, "v": {"w1": [0.1, 0.1]}, "step": FOREVER},
        {
            "w": {"w1": [1.025036334991455, 2.6610326766967773]},
            "m": {"w1": [1.568060040473938, 3.295139789581299]},
            "v": {"w1": [0.8032107949256897, 5.622406959533691]},
        },
    ),
    "adam_multiple": (
        {**ADAM, "beta2": 0.85, "eps": 1e-2},
        TWO,
        {**VELOCITY, "v": {"w1": [0.5], "w2": [1.0, 10.0]}, "step": FOREVER},
        {
            "w": {"w1": [0.7591362595558167], "w2": [0.628652811050415, 1.9745852947235107]},
            "m": {"w1": [1.8500499725341797], "w2": [3.7500500679016113, 0.8000999689102173]},
            "v": {"w1": [0.5747001767158508], "w2": [0.9997001886367798, 9.848200798034668]},
        },
    ),
}


def derivation_of(optimizer, arrays):
    """An objective whose gradient by each parameter is an input: what ONNX calls G."""
    numbers = [name[1:] for name in arrays if name.startswith("w")]
    return differentiate(
        load(
            {
                "equations": "E = " + " + ".join(f"sum(i, g{k}[i]*w{k}[i])" for k in numbers),
                "parameters": [f"w{k}" for k in numbers],
                "inputs": [f"g{k}" for k in numbers],
                "objective": "E",
                "sizes": {f"w{k}.0": len(arrays[f"w{k}"]) for k in numbers},
                "optimizer": {"learning_rate": 0.1, **optimizer},
            }
        )
    )


def by_module(optimizer, arrays, memory):
    """Parameters and memory after one step of the emitted module."""
    module = load_module(emit(derivation_of(optimizer, arrays)))
    params = {name: np.array(arrays[name]) for name in module.PARAMETERS}
    state = module.init_state(params)
    for name, value in memory.items():
        each = isinstance(value, dict)
        state[name] = {p: np.array(v) for p, v in value.items()} if each else value
    module.train_step(params, state, *(np.array(arrays[f"g{p[1:]}"]) for p in params))
    return {**state, "w": params}


def by_equations(optimizer, arrays, memory):
    """The same by the update equations themselves, entry by entry."""
    derivation = derivation_of(optimizer, arrays)
    leaves = {name: np.array(value) for name, value in arrays.items()}
    leaves.update({t.name: float(t.value) for t in derivation.tensors if t.value is not None})
    for name, value in memory.items():
        each = {f"{name}_{p}": v for p, v in value.items()} if isinstance(value, dict) else {}
        leaves.update({n: np.array(v) for n, v in (each or {name: value}).items()})
    found = evaluate(derivation.backward, derivation.table, leaves)
    after = evaluate(derivation.updates, derivation.table, {**leaves, **found})
    kept = {"w": {p: after[f"next({p})"] for p in derivation.system.trainable}}
    for name in memory:
        if f"next({name})" not in after:
            kept[name] = {p: after[f"next({name}_{p})"] for p in kept["w"]}
    return kept


@pytest.mark.parametrize("way", [by_module, by_equations])
@pytest.mark.parametrize("name", CASES)
def test_a_step_of_onnx(name, way):
    optimizer, arrays, memory, wanted = CASES[name]
    found = way(optimizer, arrays, memory)
    for kind, values in wanted.items():
        for parameter, value in values.items():
            np.testing.assert_allclose(found[kind][parameter], value, rtol=SINGLE, err_msg=kind)


@pytest.mark.parametrize("T", [1, 4])
def test_later_steps_by_onnx_s_formula(T):
    """What T = 0 hides: Adam's correction and Adagrad's shrinking steps."""
    w, g = np.array([1.2, 2.8]), np.array([-0.94, -2.5])
    m, v = np.array([1.7, 3.6]), np.array([0.1, 0.1])
    u = 0.001 * w + g
    c1, c2 = 1 - 0.95**T, 1 - 0.85**T
    mean, square = 0.95 * m + 0.05 * u, 0.85 * v + 0.15 * u * u
    wanted = w - 0.1 * math.sqrt(c2) / c1 * mean / (np.sqrt(square) + 1e-2 * math.sqrt(c2))
    optimizer = {**ADAM, "beta2": 0.85, "eps": 1e-2}
    memory = {"m": {"w1": m}, "v": {"w1": v}, "step": T - 1}
    found = by_module(optimizer, ONE, memory)
    np.testing.assert_allclose(found["w"]["w1"], wanted, rtol=1e-12)
    wanted = w - 0.1 / (1 + 0.1 * T) * u / (np.sqrt(v + u * u) + 1e-5)
    found = by_module(ADAGRAD, ONE, {"s": {"w1": v}, "step": T})
    np.testing.assert_allclose(found["w"]["w1"], wanted, rtol=1e-12)
