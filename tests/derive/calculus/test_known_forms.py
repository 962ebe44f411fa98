"""Forms that books have: sums whose value is known, roots; and that the derivation still is one."""

import pytest

from derive import check, differentiate, load, parse
from derive.language.printer import equation_text
from derive.systems.train_or_infer import in_mode, without_copies

NORMED = """
m = mean(i, x[i])
v = mean(i, (x[i] - m)**2)
n[i] = (x[i] - m)/sqrt(v + 1)
E = sum(i, n[i]*g[i])
"""
SOFTMAX = """
s = sum(i, exp(x[i]))
p[i] = exp(x[i])/s
E = -sum(i, t[i]*log(p[i]))
"""
ASSUMED = {"targets": ["t"], "assume": ["sum(i, t[i]) == 1"]}


def backward(text, **more):
    derivation = differentiate(parse(text, inputs=["x"], objective="E", sizes={"i": 3}, **more))
    assert check(derivation).ok
    return derivation


def test_deviations_from_a_mean_add_up_to_0():
    found = backward(NORMED, parameters=["g"])
    (step,) = [s for s in found.steps if s.rule == "sum of 0"]
    assert step.reason == "the sum is known by the equation of m"
    assert not step.under
    told = [equation_text(e) for e in found.backward if e.tensor[0] == "c"]
    assert told == ["c = sum(i, dn[i]*(m - x[i]))", "c_m = sum(i, dn[i])"]


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("t[i]", "p[i] - t[i]"),
        ("(9*t[i]/10 + 1/30)", "p[i] - 1/30 - 0.9*t[i]"),
        ("2*t[i]", "2*(p[i] - t[i])"),
    ],
)
def test_what_is_assumed_of_a_row_holds_for_what_is_made_of_it(target, told):
    found = backward(SOFTMAX.replace("t[i]", target), **ASSUMED)
    assert equation_text(found.gradient("x")) == f"dx[i] = {told}"
    assert {s.under for s in found.steps if s.under} == {("sum(i, t[i]) == 1",)}


def test_nothing_is_known_of_another_sum():
    found = backward(SOFTMAX.replace("t[i]", "t[i]**2"), **ASSUMED)
    assert equation_text(found.gradient("x")) == "dx[i] = (dp[i] - c)*p[i]"


@pytest.mark.parametrize(
    ("targets", "told"),
    [
        ("one_hot", "(p[n,i] - t[n,i])/size(n)"),
        ("distribution", "(p[n,i] - t[n,i])/size(n)"),
        ("weights", "(c[n]*p[n,i] - t[n,i])/size(n)"),
    ],
)
def test_what_targets_mean(targets, told):
    loss = {"type": "softmax_cross_entropy", "targets": targets}
    layers = [{"type": "dense", "units": 3}]
    found = differentiate(load({"name": "n", "inputs": {"x": [2]}, "layers": layers, "loss": loss}))
    assert equation_text(found.gradient("z1")) == f"dz1[n,i] = {told}"


def test_batch_norm_in_the_form_of_the_books():
    """Of the batch's mean and variance alone, with the shift's gradient in it."""
    layers = [{"type": "dense", "units": 3}, {"type": "batch_norm1d"}]
    spec = {"name": "n", "inputs": {"x": [2]}, "layers": layers, "loss": "squared_error"}
    system = without_copies(in_mode(load(spec), training=True))
    assert not {"m2", "v2"} & {e.tensor for e in system.equations}
    found = differentiate(system)
    assert equation_text(found.gradient("z1")) == (
        "dz1[n,i] = (dy2[n,i] + c[i]*(z1[n,i] - mu2[i])/((s2[i] + 1e-05)*size(n)) - "
        "db2[i]/size(n))*g2[i]/sqrt(s2[i] + 1e-05)"
    )
    assert check(found).ok


def test_roots_of_numbers_are_one_root():
    found = differentiate(parse("y[i] = normcdf(x[i])", inputs=["x"], sizes={"i": 3}), of="y")
    assert equation_text(found.gradient("x")) == "dx[i] = dy[i]*exp(-x[i]**2/2)/sqrt(2*pi)"
