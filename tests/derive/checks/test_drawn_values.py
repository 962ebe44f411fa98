"""Values that checks draw: they satisfy what is assumed, and large models are shrunk first."""

import numpy as np
import pytest

from derive import check, differentiate, parse
from derive.checks.points import NoInstance, draw, run_time_extents, work
from derive.checks.short_axes import instance, shrunk
from derive.semantics.interpreter import Interpreter
from derive.semantics.number_systems import EXACT
from tests.derive.checks.systems import derivation_of

pytestmark = pytest.mark.sampled


def test_leaves_satisfy_what_is_assumed_exactly():
    derivation = derivation_of("softmax")
    values = draw(derivation, 3, {"n": 4})
    assert values["t"].shape == (4, 3)
    assert all(sum(row) == 1 for row in values["t"])
    assert len({*values["x"].flat}) == values["x"].size


def test_two_assumptions_are_met_together():
    text = "E = sum(a,b, P[a,b]*log(P[a,b])) + sum(a, q[a]**2)"
    assume = ["sum(b, P[a,b]) == q[a]", "sum(a, q[a]) == 1"]
    spec = {"parameters": ["P", "q"], "sizes": {"a": 2, "b": 3}, "assume": assume}
    derivation = differentiate(parse(text, objective="E", **spec))
    values = draw(derivation, 0, {})
    assert sum(values["q"]) == 1
    assert [sum(row) for row in values["P"]] == list(values["q"])


def test_an_assumption_that_cannot_be_met_leaves_nothing_checked():
    derivation = differentiate(
        parse("E = x**2", parameters=["x"], objective="E", assume=["0*x == 1"])
    )
    with pytest.raises(NoInstance):
        draw(derivation, 0, {})
    report = check(derivation, "dx = 2*x")
    assert {r.verdict for r in report.rows} == {"not checked"}
    assert report.ok
    assert not report.checked
    assert str(report).splitlines()[-1] == "nothing could be checked"


def test_leaves_stay_where_the_objective_is_finite():
    derivation = differentiate(
        parse("E = log(x) + sqrt(1 - x)*log(1 - y)", parameters=["x", "y"], objective="E")
    )
    assert check(derivation).ok
    values = draw(derivation, 0, {})
    assert 0 < values["x"][()] < 1 > values["y"][()]


def test_integers_stay_inside_what_they_index():
    derivation = derivation_of("gather")
    drawn = [int(v) for seed in range(20) for v in draw(derivation, seed, {"n": 4})["c"]]
    assert set(drawn) == {0, 1, 2, 3}


def test_run_time_extents_differ_from_all_others():
    derivation = derivation_of("net", sizes={"z1.1": 3, "x.1": 2, "z2.1": 4})
    assert run_time_extents(derivation) == {"n": 2}
    text = "E = sum(a,b,c, x[a,b]*w[c]*y[b,c])"
    spec = {"parameters": ["w"], "inputs": ["x", "y"], "sizes": {"c": 3}}
    derivation = differentiate(parse(text, objective="E", **spec))
    assert sorted(run_time_extents(derivation).values()) == [2, 4]


LARGE = {
    "text": """
z[n,o,i] = sum(c,u, K[o,c,u]*x[n,c,2*i+u-1])
f[n,k] = z[n,k//60,k%60]
E = sum(n,k, V[k]*tanh(f[n,k])) + sum(n, x[n,0,size(x,2)-1]**2)
""",
    "parameters": ["K", "V"],
    "inputs": ["x"],
    "batch": "n",
    "sizes": {"o": 7, "c": 6, "u": 3, "i": 60, "x.2": 120, "k": 420},
}


def test_a_large_model_is_checked_over_short_axes():
    spec = dict(LARGE)
    derivation = differentiate(parse(spec.pop("text"), objective="E", **spec))
    equations = (*derivation.forward, *derivation.backward)
    assert work(equations, {"n": 2}) > 10_000
    small = instance(derivation, 1000)
    assert work((*small.forward, *small.backward), {"n": 2}) < 1000
    assert [t.rank for t in small.tensors] == [t.rank for t in derivation.tensors]
    values = draw(small, 0, {"n": 2})
    run = Interpreter((*small.forward, *small.backward), small.table, values, extents={"n": 2})
    assert all(np.any(run.array(small.adjoint[name])) for name in small.wrt)
    report = check(derivation)
    assert report.ok
    assert ("sizes", "exact") in {(r.name, r.check) for r in report.rows}


def test_a_place_counted_from_the_end_stays_at_the_end():
    system = parse(
        "E = sum(t, x[t]*w[size(t)-1-t]) + x[size(x,0)-1]",
        inputs=["x", "w"],
        sizes={"t": 50, "w.0": 50},
        objective="E",
    )
    small = shrunk(system, 4)
    values = {"x": [1, 2, 3, 4], "w": [10, 20, 30, 40]}
    found = Interpreter(small.equations, small.table, values, EXACT).value("E")
    assert found == 40 + 60 + 60 + 40 + 4
