"""One expression many times, functions of functions: derivation and text grow with the graph.

The counts are of equations and characters, which are the same on every machine.
"""

import numpy as np
import pytest

from codegen import emit, load_module
from derive import differentiate, parse
from derive.errors import ChainruleError
from derive.language.printer import equation_text
from derive.specs.load import loads


def derived(text, parameters):
    spec = {"parameters": parameters, "inputs": ["x"], "targets": ["t"], "objective": "E"}
    return differentiate(parse(text, **spec))


def nested(levels):
    inner = "x"
    for k in range(levels):
        inner = f"tanh(a{k}*({inner}) + b{k})"
    return f"E = ({inner} - t)**2", [f"{c}{k}" for k in range(levels) for c in "ab"]


def repeated(levels):
    inner = "x"
    for k in range(levels):
        inner = f"(({inner})*a{k} + 1/(1 + ({inner})**2))"
    return f"E = ({inner} - t)**2", [f"a{k}" for k in range(levels)]


def told(derivation):
    return [equation_text(e) for e in (*derivation.forward, *derivation.backward)]


def test_functions_of_functions_have_names():
    assert told(derived(*nested(3)))[:6] == [
        "u = tanh(a0*x + b0)",
        "u_E = tanh(a1*u + b1)",
        "u_E2 = tanh(a2*u_E + b2)",
        "E = (u_E2 - t)**2",
        "du_E2 = 2*(u_E2 - t)",
        "da2 = du_E2*u_E*(1 - u_E2**2)",
    ]


def test_what_is_repeated_has_a_name():
    assert told(derived(*repeated(4)))[:4] == [
        "u = x*a0 + 1/(1 + x**2)",
        "u_E = u*a1 + 1/(1 + u**2)",
        "u_E2 = u_E*a2 + 1/(1 + u_E**2)",
        "E = (u_E2*a3 + 1/(1 + u_E2**2) - t)**2",
    ]


@pytest.mark.parametrize(
    "text",
    ["E = (sqrt(1 - tanh(x*w)**2) - t)**2", "E = w*(exp(-x**2) + 1)*(exp(-x**2) - 1) + t"],
)
def test_a_short_formula_stays_as_it_is(text):
    (only,) = derived(text, ["w"]).forward
    assert equation_text(only) == text


@pytest.mark.parametrize("kind", [nested, repeated])
def test_text_grows_with_the_graph(kind):
    sizes = [sum(map(len, told(derived(*kind(levels))))) for levels in (4, 8)]
    assert sizes[1] < 2.5 * sizes[0]


def of_nested(x, a, b):
    for k in range(len(b)):
        x = np.tanh(a[k] * x + b[k])
    return x


def of_repeated(x, a, b):
    for factor in a:
        x = x * factor + 1 / (1 + x**2)
    return x


@pytest.mark.parametrize(("kind", "value"), [(nested, of_nested), (repeated, of_repeated)])
def test_the_names_change_no_value(kind, value):
    text, parameters = kind(6)
    module = load_module(emit(derived(text, parameters), part="math"))
    numbers = np.random.default_rng(2)
    params = {n: np.array(numbers.normal()) for n in parameters}

    def direct(moved, step):
        at = {**params, moved: params[moved] + step}
        return (
            value(0.7, *([at[f"{c}{k}"] for k in range(6) if f"{c}{k}" in at] for c in "ab")) - 0.2
        ) ** 2

    loss, gradients = module.gradients(params, np.array(0.7), np.array(0.2))
    np.testing.assert_allclose(loss, direct("a0", 0), rtol=1e-12)
    for name in parameters:
        wanted = (direct(name, 1e-6) - direct(name, -1e-6)) / 2e-6
        np.testing.assert_allclose(gradients[name], wanted, rtol=1e-5, atol=1e-8)


def test_a_part_in_a_branch_is_guarded_by_its_mask():
    text = (
        "E = sum(i, where(x[i] > 0, tanh(log(x[i]))*w[i] + exp(sin(log(x[i])))"
        " + sqrt(1 + log(x[i])**2)*cos(log(x[i])), 0)) + t"
    )
    spec = {"parameters": ["x", "w"], "inputs": ["t"], "objective": "E", "sizes": {"i": 3}}
    derivation = differentiate(parse(text, **spec))
    assert len(derivation.forward) > 1
    module = load_module(emit(derivation, part="math"))
    params = {"x": np.array([0.0, 1.5, -1.0]), "w": np.ones(3)}
    _, gradients = module.gradients(params, np.array(0.0))
    assert np.isfinite(gradients["x"]).all()
    assert gradients["x"][0] == gradients["x"][2] == 0 != gradients["x"][1]


def test_a_sum_of_many_functions_is_derived_term_by_term():
    names = [f"w{k}" for k in range(40)]
    text = "E = t*x + " + " + ".join(f"sin({n})" for n in names)
    assert told(derived(text, names))[1] == "dw0 = cos(w0)"


@pytest.mark.parametrize("text", ["a" + ".a" * 60 + " = 1", "[" + "a . " * 200_000 + "a]"])
def test_keys_with_many_dots_are_cut_off_before_they_are_read(text):
    with pytest.raises(ChainruleError, match="a key has more than 50 parts"):
        loads(text)


def test_dots_in_a_text_are_no_keys():
    spec = loads(
        f'equations = """\n# {"." * 300}\nE = {" + ".join(["0.5*w"] * 60)}\n"""\n'
        'parameters = ["w"]\nobjective = "E"'
    )
    assert spec.objective == "E"
