"""What simplification makes of a user's equation is as exact as what was written.

Beside each derivative stand 900 digits, and autograd's, which goes through the equation as it is
written, operation by operation. Where a derivative is told through a value that is nearly 1, as
`y*(1 - y)`, it may be off by one rounding of 1.
"""

import re
import warnings
from fractions import Fraction

import numpy as np
import pytest
from autograd import elementwise_grad
from autograd import numpy as anp

from codegen import emit, load_module
from derive import differentiate, parse
from derive.language.printer import equation_text
from derive.semantics.interpreter import Interpreter
from derive.semantics.number_systems import many_digits

DIGITS = many_digits(900)
POINTS = np.array([0, 1e-30, -1e-30, 1, -1, 5, -5, 30, -30, 1e3, -1e3, 1e20, -1e20])
FUNCTIONS = ("exp", "log", "sqrt", "tanh", "sinh", "cosh", "cos", "log1p", "expm1", "arctan")
GRADIENTS = {
    "x/(1 + exp(-x))": "(x[i]*sigmoid(-x[i]) + 1)*sigmoid(x[i])",
    "1/(1 + exp(-x))": "y[i]*(1 - y[i])",
    "log(1 + exp(x))": "sigmoid(x[i])",
    "(exp(x) - exp(-x))/(exp(x) + exp(-x))": "4*sigmoid(-2*x[i])*sigmoid(2*x[i])",
    "log(cosh(x))": "tanh(x[i])",
    "exp(-x)/(1 + exp(-x))**2": "(1 - 2*sigmoid(x[i]))*sigmoid(-x[i])*sigmoid(x[i])",
    "1 - exp(-x**2)": "2*x[i]*exp(-x[i]**2)",
    "exp(x) - 1": "exp(x[i])",
    "2 - 1/(1 + exp(x))": "sigmoid(-x[i])*sigmoid(x[i])",
    "x - tanh(x)": "tanh(x[i])**2",
    "sqrt(x**2 + 1) - 1": "x[i]/sqrt(x[i]**2 + 1)",
    "x/sqrt(1 + x**2)": "1/(x[i]**2 + 1)**1.5",
    "log(x + sqrt(x**2 + 1))": "1/sqrt(x[i]**2 + 1)",
    "x*tanh(log(1 + exp(x)))": None,
    "x/(1 + x**2)": "(1 - 2*x[i]*y[i])/(x[i]**2 + 1)",
    "(3*x - 1)/(2 + x + x**2)": "(3 - (2*x[i] + 1)*y[i])/(x[i] + x[i]**2 + 2)",
    "x*exp(-x**2)": "exp(-x[i]**2) - 2*x[i]*y[i]",
    "(x - 2)*exp(-(x - 2)**2/8)": "(1/2 - x[i]/4)*y[i] + exp(-(x[i] - 2)**2/8)",
    "x**2/(1 + x**2)": "2*x[i]/(x[i]**2 + 1)**2",
    "arctan(exp(x))": "1/(2*cosh(x[i]))",
    "arctan(exp(-x/2))": "-1/(4*cosh(x[i]/2))",
    "1/cosh(x)": "-tanh(x[i])*y[i]",
    "1/(exp(x) + exp(-x))": "(1 - 2*sigmoid(2*x[i]))/(2*cosh(x[i]))",
    "tanh(x)/cosh(x)": "(1 - 2*tanh(x[i])**2)/cosh(x[i])",
}
each_equation = pytest.mark.parametrize("text", GRADIENTS)


def derived(text):
    body = re.sub(r"\bx\b", "x[i]", text).replace("arctan", "atan")
    equations = f"y[i] = {body}\nE = sum(i, y[i])"
    return differentiate(parse(equations, inputs=["x"], objective="E", sizes={"i": len(POINTS)}))


@each_equation
def test_no_error_is_larger_than_of_what_was_written(text):
    derivation = derived(text)
    module = load_module(emit(derivation, part="math"))
    names = {name: getattr(anp, name) for name in FUNCTIONS}
    written = elementwise_grad(lambda x: eval(text, {**names, "x": x}))  # noqa: S307
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        ours = module.gradients({}, POINTS, inputs=True)[1]["x"]
        theirs = written(POINTS)
    exact = np.array([Fraction(p) for p in POINTS], dtype=object)
    equations = (*derivation.forward, *derivation.backward, *derivation.inlined)
    right = Interpreter(equations, derivation.table, {"x": exact}, DIGITS, {})
    for k, point in enumerate(POINTS):
        wanted = right.value(derivation.adjoint["x"], (k,))
        error, other = (distance(v[k], wanted) for v in (ours, theirs))
        last_place = np.spacing(min(abs(float(wanted)), 1e300))
        allowed = max(4 * last_place + np.finfo(float).eps, 2 * other)
        assert error <= allowed, f"at {point:g}: {ours[k]!r} for {wanted}"


def distance(found, wanted):
    if abs(wanted) > np.finfo(float).max:
        return 0.0 if np.isinf(found) else np.inf
    if not np.isfinite(found):
        return np.inf
    return abs(float(DIGITS.number(Fraction(float(found))) - wanted))


@each_equation
def test_the_derivative_is_what_one_would_write(text):
    if GRADIENTS[text] is not None:
        found = equation_text(derived(text).gradient("x"))
        assert found == f"dx[i] = {GRADIENTS[text]}"


BOUNDED = {
    "infinity over infinity": [
        *("x/(1 + exp(-x))", "log(1 + exp(x))", "log(cosh(x))", "arctan(exp(x))"),
        *("x/(1 + x**2)", "(3*x - 1)/(2 + x + x**2)", "tanh(x)/cosh(x)", "1/(exp(x) + exp(-x))"),
    ],
    "0 times infinity": [*("x*exp(-x**2)", "1/cosh(x)", "arctan(exp(-x/2))")],
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("text", [t for texts in BOUNDED.values() for t in texts])
def test_a_slope_that_is_bounded_is_a_number(text, dtype):
    module = load_module(emit(derived(text), dtype=dtype, part="math"))
    with np.errstate(all="ignore"):
        slope = module.gradients({}, POINTS.astype(dtype), inputs=True)[1]["x"]
    assert np.isfinite(slope).all()
