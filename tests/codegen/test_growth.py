"""Emitting takes time in proportion to the model: Python's own calls are counted, not seconds."""

import sys

import pytest

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


GROWN = {
    "dense layers": (lambda n: layers(DENSE, n), 10),
    "transformer blocks": (lambda n: layers(BLOCK, n), 1),
    "recurrent layers": (lambda n: layers(RNN, n), 2),
    "terms of one equation": (terms, 10),
}


def calls(work):
    """How many functions are called while something is done."""
    count = 0

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


@pytest.mark.parametrize("what", GROWN)
def test_twice_the_model_takes_twice_the_calls(what):
    make, least = GROWN[what]
    emit(differentiate(make(2)))  # what is cached on the way
    counts = []
    for size in (least, 2 * least, 4 * least):
        derivation = differentiate(make(size))
        counts.append(calls(lambda derivation=derivation: emit(derivation, part="math")))
    first, second, third = counts
    assert third - second <= 2.2 * (second - first), counts
