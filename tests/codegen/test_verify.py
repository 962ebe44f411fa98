"""The check of the emitted module: right ones pass, wrong ones are found."""

from dataclasses import replace
from pathlib import Path

import pytest

from codegen.pipeline import emit
from codegen.verify import verify_module
from derive.calculus.differentiate import differentiate
from derive.specs.load import load, load_text

pytestmark = pytest.mark.sampled

ROOT = Path(__file__).parents[2]
GENDER = ROOT / "generated" / "gender" / "gender.toml"
DESCENT = ROOT / "generated" / "descent" / "descent.toml"
HELD = """
equations = '''
y[n,i] = m[n,i]*x[n,i]*w[i]
E = mean(n, sum(i, hold(y[n,i])*y[n,i] + b[i]*relu(y[n,i] - l[n]/4)))
'''
objective = "E"
inputs = ["x"]
targets = ["l"]
integers = ["l"]
batch = "n"
sizes = { i = 3 }
parameters = ["w"]
buffers = ["b"]
random = { m = { distribution = "bernoulli", p = 0.8 } }
"""
SPECS = sorted((ROOT / "generated").glob("*/*.toml"))


@pytest.mark.parametrize("spec", SPECS, ids=lambda p: p.stem)
def test_the_emitted_module_is_right(spec):
    derivation = differentiate(load(spec))
    rows = verify_module(derivation)
    assert all(row.verdict == "agrees" for row in rows)
    assert {derivation.objective, *derivation.wrt} <= {row.name for row in rows}


def test_what_is_held_and_drawn_is_checked_too():
    rows = verify_module(differentiate(load_text(HELD)))
    assert [(row.name, row.verdict) for row in rows] == [(n, "agrees") for n in "Ewx" * 2]


def test_a_large_model_is_checked_over_short_axes():
    layers = [
        {"type": "dense", "units": 300, "activation": "relu"},
        {"type": "dense", "units": 200},
    ]
    spec = {"inputs": {"x": [500]}, "layers": layers, "loss": "softmax_cross_entropy"}
    rows = verify_module(differentiate(load(spec)))
    assert all(row.ok for row in rows)
    assert rows[-1].name == "sizes"


@pytest.mark.parametrize(
    ("right", "wrong", "names"),
    [
        ("dW2 = dz2.T @ y1", "dW2 = -dz2.T @ y1", ["W2"]),
        ("dW2 = dz2.T @ y1", "dW2 = dz2.T @ y1 * 1.0001", ["W2"]),
        ("dW1 = dz1.T @ x", "dW1 = x.T @ dz1", ["W1"]),
        ("db1 = dz1.sum(axis=0)", "db1 = dz1[0]", ["b1"]),
        ("/ (2 * N)", "/ (3 * N)", ["E"]),
    ],
)
def test_a_wrong_module_is_found(right, wrong, names, monkeypatch):
    def emits(derivation, **options):
        source = emit(derivation, **options)
        assert right in source
        return source.replace(right, wrong)

    monkeypatch.setattr("codegen.verify.emit", emits)
    rows = verify_module(differentiate(load(GENDER)))
    assert [row.name for row in rows if not row.ok] == names


def test_a_wrong_derivation_is_found_by_differences():
    """Interpreter and module agree on it: only the loss itself can tell."""
    derivation = differentiate(load(DESCENT))
    by_x, by_y = derivation.backward
    twice = replace(by_x, terms=by_x.terms * 2)
    rows = verify_module(replace(derivation, backward=(twice, by_y)))
    assert [row.name for row in rows if not row.ok] == ["x"]
    assert "differences give" in rows[1].detail


def test_a_step_that_is_wrong_is_found(monkeypatch):
    """The state of the place before, which `step` forgets."""
    layers = [{"type": "rnn", "units": 2}]
    derivation = differentiate(load({"inputs": {"x": ["s", 2]}, "layers": layers, "loss": "mse"}))
    rows = {row.name: row for row in verify_module(derivation)}
    assert rows["step"].verdict == "agrees"

    def broken(*args, **more):
        return emit(*args, **more).replace('{"h1": h1}', '{"h1": h1_before}')

    monkeypatch.setattr("codegen.verify.emit", broken)
    rows = {row.name: row for row in verify_module(derivation)}
    assert (rows["step"].verdict, rows["U1"].verdict) == ("wrong", "agrees")
    assert rows["step"].detail == "at place 1 it isn't what forward gives"
