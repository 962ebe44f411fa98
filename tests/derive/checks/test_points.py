"""A right derivation is called right: no pole, no huge number, no endless work in the way."""

import random

import numpy as np
import pytest

from codegen.verify import verify_module
from derive import check, differentiate, load, parse
from derive.checks.numeric import Numbers, check_steps
from derive.checks.points import draw, run_time_extents

pytestmark = pytest.mark.sampled


def masked_distance():
    return parse(
        "r[i,j] = sqrt(sum(k, (y[i,k] - y[j,k])**2))\nE = sum(i,j, where(i != j, r[i,j], 0))",
        parameters=["y"],
        sizes={"i": 3, "j": 3, "k": 2},
        objective="E",
    )


def distance_of_looked_up_rows():
    return parse(
        "c[n] = 1 + sum(k, (V[u[n],k] - V[v[n],k])**2)\nE = mean(n, log(c[n] + sqrt(c[n]**2 - 1)))",
        parameters=["V"],
        inputs=["u", "v"],
        integers=["u", "v"],
        sizes={"V.0": 3, "k": 2},
        batch="n",
        objective="E",
    )


def residual_blocks():
    layers, last = [], "x"
    for k in range(24):
        layers += [
            {"type": "dense", "units": 4, "activation": "relu", "name": f"a{k}", "inputs": [last]},
            {"type": "dense", "units": 4, "name": f"b{k}"},
            {"type": "add", "name": f"c{k}", "inputs": [last, f"z_b{k}"]},
        ]
        last = f"y_c{k}"
    return load({"inputs": {"x": [4]}, "layers": layers, "loss": "mse"})


MODELS = (masked_distance, distance_of_looked_up_rows, residual_blocks)


@pytest.mark.parametrize(
    ("seed", "model"),
    [
        pytest.param(s, m, marks=[pytest.mark.slow] * (s > 0 and m is residual_blocks))
        for s in range(3)
        for m in MODELS
    ],
)
def test_a_right_derivation_is_called_right(model, seed):
    derivation = differentiate(model())
    if seed and model is residual_blocks:  # the steps alone: seconds
        extents = run_time_extents(derivation)
        numbers = Numbers(derivation, draw(derivation, seed, extents), extents)
        assert {r.verdict for r in check_steps(numbers, seed)} == {"agrees"}
        return
    assert check(derivation, seed=seed).verdict == "all checks pass"


def test_an_undefined_gradient_is_wrong_all_the_same():
    """Here no draw helps: the root is of 0 at each point."""
    text = "s[i] = w[i] - hold(w[i])\nE = sum(i, sqrt(s[i]))"
    system = parse(text, parameters=["w"], sizes={"i": 2}, objective="E")
    assert not check(differentiate(system)).ok


def test_what_is_too_long_is_not_checked():
    letters = "abcdefghijklmopqrsuvwxyz"
    every = ",".join(letters)
    text = f"E = sum({every}, T[{every}]**2)"
    sizes = dict.fromkeys(letters, 2)
    derivation = differentiate(parse(text, parameters=["T"], sizes=sizes, objective="E"))
    rows = [*check(derivation).rows, *verify_module(derivation)]
    assert {r.verdict for r in rows} == {"not checked"}
    assert rows[0].detail == "even over short axes 33554432 products are too many to evaluate"


def test_leaves_are_as_large_as_they_were_where_nothing_grows():
    derivation = differentiate(masked_distance())
    assert 0.2 < np.abs(draw(derivation, 0, {})["y"].astype(float)).max() < 1.2


def masked(source):
    """A value with a pole or a kink between equal rows, read where the rows differ."""
    inner = source.choice(("y[i,k] - y[j,k]", "(y[i,k] - y[j,k])**2", "abs(y[i,k] - y[j,k])"))
    distance = source.choice(
        (f"sum(k, ({inner})**2)", f"sum(k, abs({inner}))", f"max(k, abs({inner}))")
    )
    function = source.choice(
        ("sqrt(s)", "1/s", "log(s)", "s**(1/3)", "1/sqrt(s)", "exp(-s)", "tanh(s)/s", "s**0.5")
    )
    condition = source.choice(("i != j", "i < j", "i > j", "i != j and j > 0", "not i == j"))
    objective = source.choice(
        (
            "sum(i,j, where(C, r[i,j], 0))",
            "sum(i,j, w[j]*where(C, r[i,j], 0))",
            "sum(i, sum(j, where(C, r[i,j]*w[j], 0))**2)",
            "sum(i, tanh(sum(j, where(C, w[i]*r[i,j], 0))))",
        )
    )
    equations = (
        f"s[i,j] = {distance}",
        f"r[i,j] = {function.replace('s', 's[i,j]').replace('s[i,j]qrt', 'sqrt')}",
        f"E = {objective.replace('C', condition)}",
    )
    parameters = ["y", "w"] if "w[" in objective else ["y"]
    sizes = {"i": 3, "j": 3, "k": 2}
    return parse("\n".join(equations), parameters=parameters, sizes=sizes, objective="E")


def looked_up(source):
    """A distance of two rows that integers choose; they may choose the same one."""
    inner = source.choice(("V[u[n],k] - V[v[n],k]", "2*V[u[n],k] - 2*V[v[n],k]"))
    distance, functions = source.choice(
        (
            (f"sqrt(sum(k, ({inner})**2))", ("c[n]", "log(c[n])", "1/c[n]")),
            (f"1 + sum(k, ({inner})**2)", ("log(c[n] + sqrt(c[n]**2 - 1))", "relu(2 - c[n])")),
            (f"max(k, abs({inner}))", ("tanh(c[n])", "log(c[n])", "relu(1 - c[n])")),
        )
    )
    return parse(
        f"c[n] = {distance}\nE = mean(n, {source.choice(functions)})",
        parameters=["V"],
        inputs=["u", "v"],
        integers=["u", "v"],
        sizes={"V.0": 3, "k": 2},
        batch="n",
        objective="E",
    )


@pytest.mark.parametrize("seed", range(24))
@pytest.mark.parametrize("model", [masked, looked_up])
def test_random_models_with_poles_are_called_right(model, seed):
    report = check(differentiate(model(random.Random(f"poles {seed}"))))
    assert report.verdict == "all checks pass", str(report)
