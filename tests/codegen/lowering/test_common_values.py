"""What several equations compute is computed once, however its constants are written."""

import numpy as np
import pytest

from codegen import emit, load_module
from codegen.lowering.common_values import shared
from derive.calculus.differentiate import differentiate
from derive.language.printer import equation_text
from derive.specs.parse import parse

GIVEN = {"inputs": ["x"], "objective": "E", "batch": "n", "sizes": {"i": 3}}


def derived(activation):
    text = f"z[n,i] = 2*x[n,i]\ny[n,i] = {activation}\nE = sum(n,i, y[n,i]**2)"
    return differentiate(parse(text, **GIVEN))


def functions(derivation, name):
    """The equations in which a function stands, once values have names."""
    once = shared(derivation).derivation
    equations = (*once.forward, *once.backward)
    return [text for text in map(equation_text, equations) if f"{name}(" in text]


@pytest.mark.parametrize(
    "inside",
    [
        "sqrt(2/pi)*(z[n,i] + 0.044715*z[n,i]**3)",  # differentiation leaves sqrt(2)*(...)/sqrt(pi)
        "z[n,i]*sqrt(2/(3*pi))",
        "z[n,i]/sqrt(2*pi) + 1",
        "(z[n,i] + 1)*(z[n,i] - x[n,i])",
    ],
)
def test_a_function_of_the_forward_pass_is_not_computed_again(inside):
    derivation = derived(f"z[n,i]*(1 + tanh({inside}))/2")
    assert functions(derivation, "tanh") == [f"tanh_z[n,i] = tanh({inside})"]


def test_different_constants_are_different_values():
    activation = "tanh(sqrt(2/pi)*z[n,i])*tanh(sqrt(pi/2)*z[n,i])*z[n,i]"
    assert len(functions(derived(activation), "tanh")) == 2


def test_the_numbers_stay():
    derivation = derived("z[n,i]*(1 + tanh(sqrt(2/pi)*(z[n,i] + 0.044715*z[n,i]**3)))/2")
    module = load_module(emit(derivation, part="math"))
    x = np.random.default_rng(0).standard_normal((4, 3))
    _, gradient = module.gradients({}, x, inputs=True)
    step = 1e-6
    for n, i in np.ndindex(x.shape):
        there, back = x.copy(), x.copy()
        there[n, i] += step
        back[n, i] -= step
        slope = (module.loss({}, there) - module.loss({}, back)) / (2 * step)
        assert gradient["x"][n, i] == pytest.approx(slope, rel=1e-6, abs=1e-8)
