"""The likely slip of a wrong formula: each text below has one mistake, and it is named first.

The texts are people's formulas with one thing wrong; the names are what a teacher would write in
the margin. Nothing of the search is used to make them.
"""

from functools import cache

import pytest

from derive import differentiate, load, parse
from derive.answers.slips import KINDS, Budget, find_slips
from tests.derive.answers.slip_points import points_of, slips_of

pytestmark = pytest.mark.sampled


@cache
def derived(name):
    match name:
        case "linear":
            return differentiate(
                parse(
                    "p[n] = sum(j, w[j]*x[n,j]) + b\n"
                    "E = mean(n, (p[n] - t[n])**2) + lam*sum(j, w[j]**2)",
                    parameters=["w", "b"],
                    inputs=["x"],
                    targets=["t"],
                    constants={"lam": 0.07},
                    sizes={"j": 4},
                    batch="n",
                    objective="E",
                )
            )
        case "factors":
            return differentiate(
                parse(
                    "p[a,b] = sum(k, U[a,k]*V[b,k])\n"
                    "E = sum(a,b, m[a,b]*(p[a,b] - r[a,b])**2) + lam*sum(a,k, U[a,k]**2)",
                    parameters=["U", "V"],
                    inputs=["m"],
                    targets=["r"],
                    constants={"lam": 0.07},
                    sizes={"a": 4, "b": 3, "k": 2},
                    objective="E",
                )
            )
    loss = "squared_error"
    inputs = {"x": [4]}
    match name:
        case "net":
            layers = [
                {"type": "dense", "units": 3, "activation": "tanh"},
                {"type": "dense", "units": 3, "activation": "sigmoid"},
            ]
            inputs = {"x": [3]}
        case "softmax":
            layers = [{"type": "dense", "units": 3}]
            loss = "softmax_cross_entropy"
        case "conv":
            inputs = {"x": [2, 7]}
            layers = [
                {"type": "conv1d", "channels": 3, "kernel_size": 3, "padding": 1, "stride": 2}
            ]
        case "rnn":
            inputs = {"x": [4, 2]}
            layers = [{"type": "rnn", "units": 3}]
        case "norm":
            layers = [{"type": "layer_norm"}]
        case "attention":
            inputs = {"q": [4, 2], "k": [4, 2], "v": [4, 3]}
            layers = [{"type": "attention", "inputs": ["q", "k", "v"], "name": "out"}]
    assume = ["sum(i, t[n,i]) == 1"] if name == "softmax" else []
    spec = {"name": name, "inputs": inputs, "layers": layers, "loss": loss, "assume": assume}
    return differentiate(load(spec))


SIGMOID_ERROR = "d2[n,i] = (y2[n,i] - t[n,i])*y2[n,i]*(1 - y2[n,i])/size(n)"
HAT = "hat[n,i] = (x[n,i] - mean(k, x[n,k]))/sqrt(mean(k, (x[n,k] - mean(l, x[n,l]))**2) + 1e-5)"
SLIPS = [
    # two dense layers, tanh and sigmoid
    ("net", "sign", "dz2[n,i] = (y2[n,i] - t[n,i])*y2[n,i]*(y2[n,i] - 1)/size(n)"),
    ("net", "sign", "dz2[n,i] = (y2[n,i] + t[n,i])*y2[n,i]*(1 - y2[n,i])/size(n)"),
    ("net", "sign", "dz1[n,j] = sum(i, dz2[n,i]*W2[i,j])*(1 + y1[n,j]**2)"),
    ("net", "factor", "dz2[n,i] = (y2[n,i] - t[n,i])*y2[n,i]*(1 - y2[n,i])/(2*size(n))"),
    ("net", "factor", "dW2[i,j] = mean(n, dz2[n,i]*y1[n,j])"),
    ("net", "factor", f"{SIGMOID_ERROR}\ndW2[i,j] = sum(n, d2[n,i]*y1[n,j])*size(n)"),
    ("net", "power", "dz1[n,j] = sum(i, dz2[n,i]*W2[i,j])*(1 - tanh(z1[n,j]))"),
    ("net", "power", "dz1[n,j] = sum(i, dz2[n,i]*W2[i,j]**2)*(1 - y1[n,j]**2)"),
    ("net", "transpose", "dz1[n,j] = sum(i, dz2[n,i]*W2[j,i])*(1 - y1[n,j]**2)"),
    ("net", "transpose", "dW1[j,i] = sum(n, dz1[n,i]*x[n,j])"),
    ("net", "index", "dW2[i,j] = sum(n, dz2[n,i]*y1[n,i])"),
    ("net", "missing sum", "db2[i] = dz2[0,i]"),
    ("net", "missing sum", "dW1[i,j] = dz1[0,i]*x[0,j]"),
    ("net", "extra sum", "db1[i] = sum(n,k, dz1[n,k])"),
    ("net", "extra sum", "dW2[i,j] = sum(n,k, dz2[n,k]*y1[n,j])"),
    ("net", "missing derivative", "dz2[n,i] = (sigmoid(z2[n,i]) - t[n,i])/size(n)"),
    ("net", "missing derivative", f"{SIGMOID_ERROR}\ndz1[n,j] = sum(i, W2[i,j]*d2[n,i])"),
    ("net", "wrong argument", "dz1[n,j] = sum(i, dz2[n,i]*W2[i,j])*(1 - z1[n,j]**2)"),
    ("net", "wrong argument", "dz1[n,j] = sum(i, dz2[n,i]*W2[i,j])*(1 - tanh(y1[n,j])**2)"),
    ("net", "wrong value", "dW1[i,j] = sum(n, dz1[n,i]*y1[n,j])"),
    ("net", "wrong value", "dx[n,j] = sum(i, next(W1)[i,j]*dz1[n,i])"),
    ("net", "wrong value", "dW2[i,j] = sum(n, dy2[n,i]*y1[n,j])"),
    # softmax and its cross-entropy
    ("softmax", "sign", "dz1[n,i] = (t[n,i] - p[n,i])/size(n)"),
    ("softmax", "factor", "dz1[n,i] = p[n,i] - t[n,i]"),
    ("softmax", "extra sum", "db1[i] = sum(n,k, dz1[n,k])"),
    ("softmax", "missing term", "dW1[i,j] = mean(n, p[n,i]*x[n,j])"),
    ("softmax", "wrong value", "dW1[i,j] = mean(n, (z1[n,i] - t[n,i])*x[n,j])"),
    # a convolution with stride 2 and one zero on either side
    ("conv", "index", "dW1[o,c,u] = sum(n,i, dz1[n,o,i]*x[n,c,2*i+u])"),
    ("conv", "index", "dW1[o,c,u] = sum(n,i, dz1[n,o,i]*x[n,c,i+u-1])"),
    ("conv", "missing sum", "dW1[o,c,u] = sum(i, dz1[0,o,i]*x[0,c,2*i+u-1])"),
    ("conv", "extra sum", "db1[o] = sum(n,i,k, dz1[n,k,i])"),
    ("conv", "factor", "db1[o] = sum(n, mean(i, dz1[n,o,i]))"),
    # a recurrent layer
    ("rnn", "index", "dU1[k,l] = sum(n,t, dz1[n,t,k]*h1[n,t,l])"),
    ("rnn", "index", "dh1[n,t,k] = dy1[n,t,k] + sum(l, dz1[n,t,l]*U1[l,k])"),
    ("rnn", "missing derivative", "dz1[n,t,k] = dh1[n,t,k]"),
    ("rnn", "transpose", "dh1[n,t,k] = dy1[n,t,k] + sum(l, dz1[n,t+1,l]*U1[k,l])"),
    # layer norm
    ("norm", "factor", f"{HAT}\ndg1[i] = mean(n, dy1[n,i]*hat[n,i])"),
    ("norm", "wrong value", "dg1[i] = sum(n, dy1[n,i]*x[n,i])"),
    ("norm", "extra sum", "db1[i] = sum(n,k, dy1[n,k])"),
    # attention
    ("attention", "transpose", "dk[n,u,d] = sum(t, ds_out[n,u,t]*q[n,t,d])/sqrt(size(d))"),
    ("attention", "wrong value", "dv[n,u,i] = sum(t, ds_out[n,t,u]*dy_out[n,t,i])"),
    (
        "attention",
        "missing term",
        "ds_out[n,t,u] = a_out[n,t,u]*sum(i, dy_out[n,t,i]*v[n,u,i])",
    ),
    # linear regression with a penalty
    ("linear", "sign", "dw[j] = 2*mean(n, (p[n] - t[n])*x[n,j]) - 2*lam*w[j]"),
    ("linear", "factor", "dp[n] = (p[n] - t[n])/size(n)"),
    ("linear", "missing term", "dw[j] = 2*mean(n, (p[n] - t[n])*x[n,j])"),
    ("linear", "extra term", "db = sum(n, dp[n]) + 2*lam*b"),
    ("linear", "power", "dw[j] = 2*mean(n, (p[n] - t[n])*x[n,j]) + 2*lam*w[j]**2"),
    # matrix factorisation
    ("factors", "wrong value", "dU[a,k] = sum(b, dp[a,b]*U[a,k]) + 2*lam*U[a,k]"),
    ("factors", "factor", "dp[a,b] = 2*(p[a,b] - r[a,b])"),
    ("factors", "missing sum", "dV[b,k] = dp[0,b]*U[0,k]"),
    ("factors", "extra term", "dV[b,k] = sum(a, dp[a,b]*U[a,k]) + 2*lam*V[b,k]"),
]


def tensor_of(text):
    left = text.splitlines()[-1].partition(" = ")[0]
    return left.partition("[")[0]


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [pytest.param(*s, id=f"{s[0]}-{s[1]}-{k}") for k, s in enumerate(SLIPS)],
)
def test_the_slip_is_named_first(name, kind, text):
    slips = slips_of(derived(name), text, tensor_of(text))
    assert slips, "no slip was found"
    assert slips[0].kind == kind, slips


def test_each_name_is_tried():
    assert {kind for _, kind, _ in SLIPS} == set(KINDS)


@pytest.mark.parametrize(
    ("text", "kind", "detail"),
    [
        (
            "dz1[n,j] = sum(i, dz2[n,i]*W2[i,j])",
            "missing derivative",
            "1 - y1[n,i]**2 is left out",
        ),
        (
            "dW1[i,j] = sum(n, dz1[n,i]*y1[n,j])",
            "wrong value",
            "y1[n,j] where x[n,j] belongs",
        ),
        ("db2[i] = dz2[0,i]", "missing sum", "the sum over n is left out"),
        ("db2[i] = sum(n,k, dz2[n,k])", "extra sum", "a sum over k too many"),
        (
            "next(W1)[i,j] = W1[i,j] + learning_rate*dW1[i,j]",
            "sign",
            "the sign of learning_rate*dW1[i,j] is turned",
        ),
    ],
)
def test_what_is_told(text, kind, detail):
    slips = slips_of(derived("net"), text, tensor_of(text))
    assert (slips[0].kind, slips[0].detail) == (kind, detail)


def test_two_slips():
    text = "dz2[n,i] = (t[n,i] - y2[n,i])*z2[n,i]*(1 - z2[n,i])/size(n)"
    slips = slips_of(derived("net"), text, "dz2")
    assert {s.kind for s in slips} == {"sign", "wrong argument"}


@pytest.mark.parametrize(
    "text",
    [
        "dW2[i,j] = cos(W2[i,j] + b2[i])*exp(b1[j]) - sum(n, t[n,i])",
        "dz1[n,j] = sin(x[n,0])/(2 + z1[n,j]**4) + 7",
        "db1[i] = W1[i,0]*W2[0,i] + 3*b2[0]*b1[i]**3",
    ],
)
def test_of_what_is_no_derivative_nothing_is_said(text):
    tensor, derivation, points = points_of(derived("net"), text, tensor_of(text))
    budget = Budget(most_work=12_000, seconds=3600)
    assert find_slips(tensor, derivation, points, budget) == ()
    assert budget.tried > 500


def test_a_right_formula_has_no_slip():
    text = "dW2[i,j] = sum(n, dz2[n,i]*y1[n,j])"
    assert slips_of(derived("net"), text, "dW2") == ()


def test_what_is_tried_is_bounded_by_a_count():
    # nothing explains this one, so that everything is tried
    text = "dh1[n,t,k] = exp(z1[n,t,k])*sum(l, U1[l,k]**3*b1[l]) + 5*cos(x[n,t,0])"
    tensor, derivation, points = points_of(derived("rnn"), text, "dh1")
    budgets = [Budget(most_work=8000, seconds=3600) for _ in range(2)]
    assert [find_slips(tensor, derivation, points, b) for b in budgets] == [(), ()]
    one, other = budgets
    assert one.tried == other.tried > 500
    assert 8000 < one.work == other.work < 8200
    short = Budget(most_work=500, seconds=3600)
    find_slips(tensor, derivation, points, short)
    assert short.tried < 0.5 * one.tried


def test_without_the_formula_values_are_enough():
    text = "dz2[n,i] = (y2[n,i] - t[n,i])/size(n)"
    tensor, derivation, points = points_of(derived("net"), text, "dz2")
    bare = [type(p)(p.right, p.written) for p in points]
    slips = find_slips(tensor, derivation, bare, Budget(seconds=3600))
    assert slips[0].kind == "missing derivative"


def test_a_mean_over_two_axes_and_a_slope_left_out():
    """As `MSELoss` divides: by the samples and by the outputs."""
    dense = {"type": "dense", "units": 3, "activation": "sigmoid"}
    derivation = differentiate(load({"inputs": {"x": [2]}, "layers": [dense], "loss": "mse"}))
    slips = slips_of(derivation, "dz1[n,i] = y1[n,i] - t[n,i]", "dz1")
    assert [(s.kind, s.detail) for s in slips] == [
        ("missing derivative", "y1[n,i]*(1 - y1[n,i]) is left out"),
        ("factor", "2/(size(n)*size(i)) is left out"),
    ]
