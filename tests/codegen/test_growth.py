"""Work grows as the model does: Python's own calls are counted, not seconds."""

import sys

import pytest
from sympy.core.cache import clear_cache

from codegen.pipeline import emit
from derive.calculus.differentiate import differentiate
from derive.specs.load import load
from derive.specs.parse import parse

DENSE = {"type": "dense", "units": 8, "activation": "tanh"}
BLOCK = {"type": "transformer_encoder_layer", "heads": 2, "dim_feedforward": 8}
RNN = {"type": "rnn", "units": 4}


def layers(layer, count):
    shape = [8] if layer is DENSE else [4, 8]
    return load({"inputs": {"x": shape}, "layers": [layer] * count, "loss": "squared_error"})


def terms(count):
    """One equation of so many terms; each function is read by two gradients."""
    shown = " + ".join(f"exp({k + 1}*w[i]*x[i])" for k in range(count))
    text = f"E = sum(i, {shown})"
    return parse(text, parameters=["w"], inputs=["x"], objective="E", sizes={"i": 4})


def functions(count):
    """One equation of so many functions, each of a parameter of its own."""
    shown = " + ".join(f"a{k}[i]*exp(x[i]*a{k}[i])" for k in range(count))
    text = f"y[i] = {shown}\nE = sum(i, y[i]**2)"
    names = [f"a{k}" for k in range(count)]
    return parse(text, parameters=names, inputs=["x"], objective="E", sizes={"i": 4})


def equations(count):
    """A system of so many equations, each of which reads the same two tensors and the last one."""
    lines = [f"y{k}[i] = tanh(y{k - 1}[i]*w[i] + x[i])" for k in range(1, count)]
    text = "\n".join(["y0[i] = w[i]*x[i]", *lines, f"E = sum(i, y{count - 1}[i]**2)"])
    return parse(text, parameters=["w"], inputs=["x"], objective="E", sizes={"i": 4})


GROWN = {
    "dense layers": (lambda n: layers(DENSE, n), 6),
    "transformer blocks": (lambda n: layers(BLOCK, n), 1),
    "recurrent layers": (lambda n: layers(RNN, n), 2),
    "terms of one equation": (terms, 15),
    "functions of one equation": (functions, 15),
    "equations": (equations, 20),
}


def calls(work):
    """How many functions are called while something is done, with nothing in SymPy's cache."""
    count = 0
    clear_cache()

    def counted(frame, event, argument):
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


SLOW = ("transformer blocks", "recurrent layers", "terms of one equation")


@pytest.mark.parametrize(
    "what", [pytest.param(w, marks=[pytest.mark.slow] * (w in SLOW)) for w in GROWN]
)
def test_twice_the_model_takes_twice_the_calls(what):
    make, least = GROWN[what]
    emit(differentiate(make(2)))  # what is cached on the way
    derived, emitted = [], []
    for size in (least, 2 * least, 4 * least):
        system, made = make(size), []
        derived.append(calls(lambda system=system, made=made: made.append(differentiate(system))))
        emitted.append(calls(lambda made=made: emit(made[0], part="math")))
    first, second, third = emitted
    assert third - second <= 2.2 * (second - first), emitted
    assert derived[2] <= 2.6 * derived[1], f"{derived}: what SymPy does isn't the same each time"
