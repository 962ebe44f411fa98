"""Documents of large models: the work grows as the model does, counted in calls of functions."""

import cProfile

import pytest

from codegen.documents.write import document
from codegen.latex.line_breaking import width
from derive import differentiate, load, parse

LOSS = {"type": "squared_error"}
BLOCK = {"type": "transformer_encoder_layer", "heads": 2, "dim_feedforward": 8}


def dense(count):
    layers = [{"type": "dense", "units": 8, "activation": "tanh"}] * count
    return load({"inputs": {"x": [8]}, "layers": layers, "loss": LOSS})


def transformer(count):
    return load({"inputs": {"x": [5, 8]}, "layers": [BLOCK] * count, "loss": LOSS})


def terms(count):
    """One equation of many terms, in groups so that the text isn't nested too deeply."""
    names = [f"a{k}" for k in range(count)]
    groups = [names[k : k + 25] for k in range(0, count, 25)]
    right = " + ".join("(" + " + ".join(f"{a}*x[i]" for a in group) + ")" for group in groups)
    text = f"y[i] = {right}\nE = sum(i, y[i]**2)"
    return parse(text, parameters=names, inputs=["x"], objective="E", sizes={"i": 4})


def equations(count):
    lines = [f"y{k}[i] = tanh(w{k}*{f'y{k - 1}' if k else 'x'}[i])" for k in range(count)]
    lines.append(f"E = sum(i, y{count - 1}[i]**2)")
    names = [f"w{k}" for k in range(count)]
    return parse("\n".join(lines), parameters=names, inputs=["x"], objective="E", sizes={"i": 4})


def calls(system):
    derivation = differentiate(system)
    width.cache_clear()  # what another document left there would be counted for this one
    profile = cProfile.Profile()
    profile.runcall(document, derivation, "md")
    return sum(entry.callcount for entry in profile.getstats())


@pytest.mark.parametrize(
    ("model", "count"),
    [
        (dense, 16),
        pytest.param(transformer, 4, marks=pytest.mark.slow),
        (terms, 50),
        (equations, 20),
    ],
)
def test_twice_the_model_is_twice_the_work(model, count):
    calls(model(count))  # what is made once and kept
    assert calls(model(2 * count)) <= 2.2 * calls(model(count))
