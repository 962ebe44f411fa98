"""The interpreter over fifty digits and exact rationals, and how near a decision was."""

from fractions import Fraction

import pytest

from derive.semantics.interpreter import Interpreter, evaluate
from derive.semantics.number_systems import EXACT, Inexact, many_digits
from derive.specs.parse import parse
from tests.derive.semantics.interpreted import INF, X, of, scalar


def test_given_values_take_the_place_of_an_equation():
    system = parse("y[i] = 2*x[i]\nE = sum(i, y[i])", inputs=["x"], sizes={"i": 3}, objective="E")
    assert evaluate(system.equations, system.table, {"x": X})["E"] == 12
    assert Interpreter(system.equations, system.table, {"y": X}).value("E") == 6


# ---- number systems --------------------------------------------------------------------------


def test_fifty_digits():
    found = scalar("exp(x) + 1/3", {"x": 1}, arithmetic=many_digits())
    assert str(found).startswith("3.0516151617923785686936208046859958310905804270")
    assert scalar("log(x)", {"x": 0}, arithmetic=many_digits()) == -INF
    assert many_digits().number(many_digits(30).number(Fraction(1, 3))) != 1 / 3
    for text in ("log(x)", "sqrt(x)", "x**0.5", "log1p(x)"):
        found = scalar(text, {"x": -2}, arithmetic=many_digits())
        assert found != found, text


@pytest.mark.parametrize(
    "text",
    [
        "exp(x) + expm1(x)*tanh(x)",
        "log(x) - log1p(x) + sqrt(x)",
        "sin(x) + cos(x) + tan(x) + sinh(x) + cosh(x) + atan(x)",
        "erf(x) + sigmoid(x)*softplus(-x) + sigmoid(-x)",
        "x**2.5 + x**-3 + abs(x) + relu(x) + sign(-x)",
        "logsumexp(k, x*k) + prod(k, x - k) + max(k, x*k)",
        "maximum(x, 2)*minimum(x, 2) + where(x > 1, pi, 3)",
    ],
)
@pytest.mark.parametrize("x", [0.3, 1.7, 5.1])
def test_floats_and_fifty_digits_agree(text, x):
    floats = scalar(text, {"x": x}, sizes={"k": 3})
    digits = scalar(text, {"x": x}, sizes={"k": 3}, arithmetic=many_digits())
    assert floats == pytest.approx(float(digits), rel=1e-13)


def test_exact_rationals():
    found = of(
        "y[i] = x[i]/3 + (4/9)**0.5 + maximum(x[i], 1/7)",
        {"x": [Fraction(1, 2), Fraction(1, 10)]},
        EXACT,
        sizes={"i": 2},
    )
    assert found.tolist() == [Fraction(4, 3), Fraction(1, 30) + Fraction(2, 3) + Fraction(1, 7)]
    assert scalar("exp(x) + sqrt(x) + cos(x)", {"x": 0}, arithmetic=EXACT) == 2


@pytest.mark.parametrize("text", ["exp(x)", "sqrt(x)", "log(x)", "1/(x-2)", "logsumexp(k, x)"])
def test_exact_rationals_refuse_the_rest(text):
    with pytest.raises(Inexact):
        scalar(text, {"x": 2}, arithmetic=EXACT, sizes={"k": 3})


def test_the_margin_tells_how_near_a_decision_was():
    def margin(text, values):
        sizes = {"k": 3} if "k" in text else {}
        system = parse(f"E = {text}", inputs=list(values), sizes=sizes)
        interpreter = Interpreter(system.equations, system.table, values)
        interpreter.value("E")
        return interpreter.margin

    assert margin("relu(x)*abs(y)", {"x": 0.25, "y": -0.5}) == 0.25
    assert margin("max(k, x[k])", {"x": [1.0, 4.0, 3.5]}) == 0.5
    assert margin("where(x > 2, x, 0)", {"x": 2.125}) == 0.125
    assert margin("sum(k, where(k > 0, x[k], 0))", {"x": [1.0, 4.0, 3.5]}) == INF
    assert margin("maximum(x, x)", {"x": 1.0}) == INF
