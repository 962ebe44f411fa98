"""`bench`: a table in 80 columns, JSON, and what is refused before anything runs."""

import json

import pytest

from codegen.bench import contenders
from codegen.bench.contenders import Task
from codegen.bench.measure import Measured, Result
from codegen.bench.profile import Share
from codegen.bench.report import as_text
from derive.calculus.differentiate import differentiate
from derive.specs.load import load
from tests.codegen.commands.running import GENDER, refused


def test_a_step_is_timed_in_a_process(run, monkeypatch):
    monkeypatch.setattr(contenders, "find_spec", lambda _: None)
    code, out, err = run("bench", GENDER, "--rounds", 1, "--batch", 7, "--against", "jax", "--json")
    assert (code, err) == (0, "")
    content = json.loads(out)
    assert (content["model"], content["extents"]) == ("gender", {"n": 7})
    numpy, jax = content["contenders"]
    assert jax == {"contender": "jax", "missing": "not installed"}
    assert numpy["seconds"] > 0
    assert numpy["times"] == 1
    assert numpy["losses"][0] > numpy["losses"][1] > 0
    formulas = [row["formula"] for row in content["formulas"]]
    assert "dW2[i,j] = sum(n, dz2[n,i]*y1[n,j])" in formulas


def test_the_table_has_80_columns():
    task = Task(differentiate(load(GENDER)), (("n", 128),), "float32")
    long = " + ".join("sum(j, dz_c[n,t+1,j]*Uc[j,i])*r[n,t+1,i]" for _ in range(4))
    results = (
        Result("numpy", 1.5e-3, 1.0, 3 * 2**20, (1.25, 1.0)),
        Result("torch", missing="RuntimeError: " + "there is no such thing here " * 5),
        Result("c", 2.0, 0.5, None, (float("nan"), 1e-30)),
    )
    shares = (Share("", 1e-6, 0.0), Share(f"dh[n,t,i] += {long}", 1e-3, 5e-4))
    text = as_text(Measured(task, 3, results, shares))
    assert max(map(len, text.splitlines())) <= 80
    assert "numpy     1.5 ms       1.00     3.0 MB  1.25 1" in text
    assert "99.9 %    50.0 %  dh[n,t,i] += " in text


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--target", "numpi"], "--target: unknown 'numpi'; did you mean 'numpy'"),
        (["--target", ","], "--target: name one"),
        (["--against", "torhc"], "--against: unknown 'torhc'; did you mean 'torch'"),
        (["--rounds", "0"], "--rounds: 0 is too few"),
        (["--batch", "-3"], "the extent of n is -3"),
        (["--sizes", "n=x"], "--sizes: 'n=x' is no name = number"),
        (["--sizes", "t=5"], "--sizes: 't' is no run-time extent"),
        (["--dtype", "float16"], "dtype: unknown 'float16'"),
    ],
)
def test_what_cannot_be_served_is_said_in_a_line(run, options, complaint):
    assert complaint in refused(run("bench", GENDER, *options))


def test_a_model_without_a_batch_has_no_batch_size(run, tiny):
    assert "tiny has no batch" in refused(run("bench", tiny, "--batch", "3"))
