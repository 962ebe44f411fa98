"""The interpreter against numbers worked out by hand: it is the measure of everything else."""

import math

import numpy as np
import pytest

from derive.semantics.interpreter import evaluate
from derive.specs.parse import parse
from tests.derive.semantics.interpreted import INF, M, X, of, scalar


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1/2 + 0.25*4 - 3", -1.5),
        ("2**-2 + 2**0.5", 0.25 + math.sqrt(2)),
        ("-3**2", -9),
        ("exp(1)", math.e),
        ("log(2) + log1p(1)", 2 * math.log(2)),
        ("expm1(1)", math.e - 1),
        ("sqrt(2)", math.sqrt(2)),
        ("abs(-2) + abs(3)", 5),
        ("sign(-2) + 10*sign(3) + 100*sign(0)", 9),
        ("sin(1) + cos(1) + tan(1)", math.sin(1) + math.cos(1) + math.tan(1)),
        ("tanh(1) + sinh(1) + cosh(1)", math.tanh(1) + math.e),
        ("sinh(-1)", math.sinh(-1)),
        ("atan(1)", math.pi / 4),
        ("erf(1/2)", math.erf(0.5)),
        ("sigmoid(2)", 1 / (1 + math.exp(-2))),
        ("softplus(2)", math.log(1 + math.exp(2))),
        ("relu(-2) + relu(3) + relu(0)", 3),
        ("maximum(2, 3) + 10*minimum(2, 3)", 23),
        ("where(2 > 1, 5, 7) + where(2 < 1, 50, 70)", 75),
        ("where(not 2 == 1 and (1 > 2 or 1 <= 1), 5, 7)", 5),
        ("where(2 != 2 or 1 >= 2, 5, 7)", 7),
        ("hold(3)*delta(1, 1) + delta(1, 2)", 3),
        ("pi", math.pi),
        ("where(1 > 2, inf, -inf)", -INF),
        ("(2 > 1) + 0", 1),
        ("sum(k, 1)", 7),
        ("size(k)*sum(k, k)", 147),
        ("sum(k, k // 2)", 9),
        ("sum(k, k % 3)", 6),
        ("mean(k, k)", 3),
        ("prod(k, k + 1)", 5040),
        ("max(k, 10*k - k**2)", 25),
        ("min(k, (k - 2)**2)", 0),
        ("logsumexp(k, k)", math.log(sum(math.exp(k) for k in range(7)))),
    ],
)
def test_a_number(text, value):
    assert scalar(text, sizes={"k": 7}) == pytest.approx(value, rel=1e-14)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1/z", INF),
        ("-1/z", -INF),
        ("z/z", math.nan),
        ("z**-2", INF),
        ("(-1)/sqrt(z)", -INF),
        ("exp(1000 + z)", INF),
        ("expm1(1000 + z)", INF),
        ("exp(-1000 + z)", 0),
        ("log(z)", -INF),
        ("log1p(z - 1)", -INF),
        ("log(z - 1)", math.nan),
        ("log1p(z - 2)", math.nan),
        ("sqrt(z - 1)", math.nan),
        ("(z - 1)**0.5", math.nan),
        ("(z - 2)**3", -8),
        ("z**0", 1),
        ("(z + 10)**400", INF),
        ("(z - 10)**401", -INF),
        ("sinh(z - 1000)", -INF),
        ("cosh(z - 1000)", INF),
        ("sigmoid(z - 1000)", 0),
        ("sigmoid(z + 1000)", 1),
        ("softplus(z - 1000)", 0),
        ("softplus(z + 1000)", 1000),
        ("sin(inf + z)", math.nan),
        ("logsumexp(k, -inf + z)", -INF),
        ("logsumexp(k, 1000 + z)", 1000 + math.log(7)),
        ("logsumexp(k, where(k == 2, inf, z))", INF),
        ("logsumexp(k, where(k == 2, z/z, z))", math.nan),
        ("max(k, where(k == 2, z/z, k))", math.nan),
        ("max(k, where(k == 2, z + 3, -inf))", 3),
        ("relu(z/z)", math.nan),
        ("where(z > 0, 1/z, 5)", 5),
    ],
)
def test_the_edges_of_floats(text, value):
    found = scalar(text, {"z": 0.0}, sizes={"k": 7})
    assert found == value or (math.isnan(found) and math.isnan(value))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("y[n,i] = sum(j, W[i,j]*x[n,j]) + b[i]", [[1 * 3 + 2 + 3 * 2 + 10, 12 + 5 + 12 + 20]]),
        ("y[j,i] = b[i]", [[10, 20]] * 3),
        ("y[j,i] = W[i,j]", [[1, 4], [2, 5], [3, 6]]),
        ("y[i] = sum(j, b[i])", [30, 60]),
        ("y[i] = max(j, W[i,j])", [3, 6]),
        ("y[i] = min(j, W[i,j])", [1, 4]),
        ("y[i] = prod(j, W[i,j])", [6, 120]),
        ("y[i] = mean(j, W[i,j])", [2, 5]),
        ("y[i] = sum(j, W[i,j]) - sum(j, x[0,j]) + 1/b[i]", [6 - 6 + 0.1, 15 - 6 + 0.05]),
        ("y[j] = x[0,j]/sum(j, x[0,j])", [0.5, 1 / 6, 1 / 3]),
    ],
)
def test_sums_and_broadcasts(text, value):
    values = {"W": M, "b": [10.0, 20.0], "x": [X]}
    used = {n: v for n, v in values.items() if f"{n}[" in text.split("=", 1)[1]}
    sizes = {"i": 2, "j": 3} if "x.1" not in text else {}
    batch = "n" if "n," in text else ()
    np.testing.assert_allclose(of(text, used, sizes=sizes, batch=batch), value, rtol=1e-15)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("y[t] = x[t-1]", [0, 3, 1]),
        ("y[t] = x[t+1]", [1, 2, 0]),
        ("y[t] = x[size(t)-1-t]", [2, 1, 3]),
        ("y[t] = x[2*t]", [3, 2, 0]),
        ("y[t] = x[2*t-1]", [0, 1, 0]),
        ("y[t] = x[t//2]", [3, 3, 1]),
        ("y[t] = x[t%2]", [3, 1, 3]),
        ("y[t] = x[(t+2)%size(x, 0)]", [2, 3, 1]),
        ("y[t] = x[0] + x[7] + x[-1]", [3, 3, 3]),
        ("y[t] = max(u, x[t+u-2])", [3, 3, 3]),
        ("y[t] = prod(u, x[t+u])", [6, 0, 0]),
        ("y[t] = min(u, where(t+u < 3, x[t+u], inf))", [1, 1, 2]),
        ("y[t] = sum(u, delta(u, 2*t)*x[u])", [3, 2, 0]),
        ("y[t] = where(t > 0, 1/x[t-1], 5)", [5, 1 / 3, 1]),
        ("y[t] = 1/x[t-1]", [INF, 1 / 3, 1]),
    ],
)
def test_reads_outside_give_zero(text, value):
    np.testing.assert_allclose(of(text, {"x": X}, sizes={"t": 3, "u": 3, "x.0": 3}), value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("y[n] = A[c[n]]", [5, 7, 0, 0]),
        ("y[n] = A[c[n]+1]", [6, 0, 5, 0]),
        ("y[n] = A[c[n-1]]", [5, 5, 7, 0]),
        ("y[n] = c[n]*2", [0, 4, -2, 6]),
        ("y[n] = A[c[c[n]]]", [5, 0, 5, 0]),
        ("y[n] = A[c[n]//2]", [5, 6, 0, 6]),
        ("y[n] = where(c[n] > 1, 1, 0)", [0, 1, 0, 1]),
        ("y[n] = delta(c[n], n)", [1, 0, 0, 1]),
    ],
)
def test_integer_tensors_in_subscripts(text, value):
    values = {"c": [0, 2, -1, 3], "A": [5.0, 6.0, 7.0]}
    used = {n: v for n, v in values.items() if n in text.split("=", 1)[1]}
    np.testing.assert_array_equal(
        of(text, used, integers=["c"], sizes={"n": 4, **({"A.0": 3} if "A" in text else {})}), value
    )


def test_diagonals_and_transposes():
    square = np.arange(9.0).reshape(3, 3)
    values = {"l": square}
    np.testing.assert_array_equal(of("y[a] = l[a,a]", values, sizes={"a": 3}), [0, 4, 8])
    np.testing.assert_array_equal(
        of("y[a,b] = l[b,a] - l[a,b]", values, sizes={"a": 3, "b": 3}), square.T - square
    )


def test_a_convolution_with_stride_dilation_and_padding():
    x, w = np.arange(1.0, 8.0), np.array([1.0, 10.0, 100.0])
    found = of(
        "y[i] = sum(u, w[u]*x[2*i+2*u-1])", {"x": x, "w": w}, sizes={"i": 4, "u": 3, "x.0": 7}
    )
    np.testing.assert_array_equal(found, [0 + 20 + 400, 2 + 40 + 600, 4 + 60 + 0, 6 + 0 + 0])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("h[t] = x[t] + 2*h[t-1]", [3, 7, 16]),
        ("h[t] = x[t] + h[t-1] + 10*h[t-2]", [3, 4, 36]),
        ("h[t] = x[t] + 2*h[t+1]", [13, 5, 2]),
        ("h[t] = where(t > 0, x[t]*h[t-1], 1)", [1, 1, 2]),
        ("g[t] = h[t-1] + 1\nh[t] = x[t]*g[t]", [3, 4, 10]),
        ("h[t] = x[t] + hold(h[t-1])", [3, 4, 6]),
    ],
)
def test_recurrences(text, value):
    np.testing.assert_array_equal(of(text, {"x": X}, sizes={"t": 3}, wanted="h"), value)


def test_a_two_dimensional_recurrence():
    found = of(
        "p[i,j] = where(i == 0 or j == 0, 1, p[i-1,j] + p[i,j-1])", {}, sizes={"i": 4, "j": 4}
    )
    assert found[3].tolist() == [1, 4, 10, 20]


@pytest.mark.parametrize("lag", ["t-1", "t+1"])
def test_a_long_recurrence_needs_no_deep_stack(lag):
    found = of(f"h[t] = x[t] + h[{lag}]", {"x": np.ones(5000)}, sizes={"t": 5000})
    assert {found[0], found[-1]} == {1, 5000}


def test_run_time_extents_come_from_the_arrays():
    for steps in (1, 4):
        values = {"x": np.ones((2, steps)), "w": 3.0}
        found = of("y[n,t] = w*x[n,t-1]*size(t) + x[n,t] - 1", values, batch="n")
        assert found.shape == (2, steps)
        assert found.sum() == 2 * 3 * steps * (steps - 1)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"x": np.ones((2, 3)), "y": np.ones((4, 3))}, "axis 0 of y has extent 2, and 4 was given"),
        ({"x": np.ones((2, 3)), "y": np.ones(2)}, "y has 2 axes, and 1 were given"),
        ({"x": np.ones((2, 3))}, "y has neither an equation nor a value"),
    ],
)
def test_values_that_do_not_fit(values, message):
    system = parse("E = sum(n,i, x[n,i]*y[n,i])", inputs=["x", "y"], batch="n", sizes={"i": 3})
    with pytest.raises(ValueError, match=message):
        evaluate(system.equations, system.table, values)
