"""A value that is masked after it got a name: the gradient is that of the loss, without nan.

Every system here has a finite loss at a point where some named value, or its slope, is infinite or
undefined. The gradient is compared with central differences of the module's own loss.
"""

import random
import warnings

import numpy as np
import pytest

from codegen import emit, load_module
from derive import differentiate, parse
from derive.language.printer import equation_text

_STEP = 1e-6


def emitted(text, parameters, inputs=(), integers=(), **sizes):
    system = parse(
        text,
        parameters=parameters,
        inputs=inputs,
        integers=integers,
        objective="E",
        sizes=sizes,
    )
    derivation = differentiate(system)
    return derivation, load_module(emit(derivation, part="math"))


def against_differences(module, params, *inputs):
    """The module's gradients are those of its loss, in silence."""
    params = {n: np.array(v, float) for n, v in params.items()}
    inputs = [np.array(x) for x in inputs]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loss, gradients = module.gradients(params, *inputs)
    assert np.isfinite(loss)
    for name, gradient in gradients.items():
        for place in np.ndindex(*params[name].shape):
            ahead, behind = (_moved(module, params, name, place, s, inputs) for s in (1, -1))
            wanted = (ahead - behind) / (2 * _STEP)
            if np.isnan(behind):  # the point is at the end of where the loss is defined
                wanted = (ahead - loss) / _STEP
            np.testing.assert_allclose(gradient[place], wanted, rtol=1e-5, atol=1e-5, err_msg=name)


def _moved(module, params, name, place, sign, inputs):
    at = {n: v.copy() for n, v in params.items()}
    at[name][place] += sign * _STEP
    with np.errstate(all="ignore"):
        return module.loss(at, *inputs)


A = [[1.0, 1.0, 0.0], [0.0, 1.0, 1.0], [0.0, 0.0, 0.0]]
Y = [[1.0, 2.0], [4.0, 0.0], [2.0, 2.0]]

CASES = {
    "root": (
        "r[i,j] = sqrt((y[i,0] - y[j,0])**2)\nE = sum(i,j, where(i != j, r[i,j], 0))",
        {"y": Y},
        {},
        {"i": 3, "j": 3, "y.1": 2},
    ),
    "distance read twice": (
        "s[i,j] = sum(k, (y[i,k] - y[j,k])**2)\nr[i,j] = sqrt(s[i,j])\n"
        "a[i,j] = where(i != j, exp(-r[i,j]), 0)\nb[i,j] = where(i != j, 1/r[i,j], 0)\n"
        "E = sum(i,j, a[i,j]*b[i,j])",
        {"y": Y},
        {},
        {"i": 3, "j": 3, "k": 2},
    ),
    "mean of none": (
        "m[i,k] = sum(j, A[i,j]*x[j,k])/sum(j, A[i,j])\nh[i,k] = tanh(m[i,k])\n"
        "E = sum(i,k, where(sum(j, A[i,j]) > 0, h[i,k], 0))",
        {"x": Y},
        {"A": A},
        {"i": 3, "j": 3, "k": 2},
    ),
    "softmax of none": (
        "s[i,j] = where(A[i,j] > 0, z[i,j], -inf)\na[i,j] = exp(s[i,j])/sum(j, exp(s[i,j]))\n"
        "o[i,k] = sum(j, a[i,j]*v[j,k])\n"
        "E = sum(i,k, where(sum(j, A[i,j]) > 0, o[i,k]**2, 0))",
        {"z": [[1.0, 2.0, 0.0], [0.5, 0.0, 1.0], [-1.0, 2.0, 0.0]], "v": Y},
        {"A": A},
        {"i": 3, "j": 3, "k": 2},
    ),
    "logsumexp of none": (
        "s[i,j] = where(A[i,j] > 0, z[i,j], -inf)\nl[i] = logsumexp(j, s[i,j])\n"
        "a[i,j] = where(sum(u, A[i,u]) > 0, exp(s[i,j] - l[i]), 0)\n"
        "E = sum(i,j, a[i,j]*v[i,j])",
        {"z": A, "v": [[1.0, 2.0, 3.0], [0.5, 4.0, 1.0], [2.0, 2.0, 2.0]]},
        {"A": A},
        {"i": 3, "j": 3},
    ),
    "read by a sum": (
        "r[i] = log(x[i])\nE = sum(i,j, where(A[j,i] > 0, w[j]*r[i], 0))",
        {"x": [0.0, 2.0, 3.0], "w": [1.0, 2.0, 3.0]},
        {"A": [[0.0, 1.0, 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]},
        {"i": 3, "j": 3},
    ),
    "read by three": (
        "r[i] = 1/x[i]\nE = sum(i, where(i > 0, r[i], 0)) + sum(i, where(g[i] > 0, r[i]**2, 0))"
        " + sum(i, where(x[i] > 1, sin(r[i]), 0))",
        {"x": [0.0, 2.0, 3.0]},
        {"g": [0.0, 1.0, 0.0]},
        {"i": 3},
    ),
    "gathered": (
        "r[i] = sqrt(x[i])\nE = sum(e, where(g[e] > 0, r[p[e]]**3, 0))",
        {"x": [0.0, 2.0, 3.0]},
        {"p": [0, 1, 2, 1], "g": [0.0, 1.0, 2.0, 3.0]},
        {"x.0": 3},
    ),
    "kink": (
        "r[i] = log(x[i])\nE = sum(i, relu(r[i])*w[i])",
        {"x": [0.0, 2.0], "w": [3.0, 1.0]},
        {},
        {"i": 2},
    ),
    "maximum": ("r[i] = log(x[i])\nE = max(i, r[i])", {"x": [0.0, 2.0]}, {}, {"i": 2}),
    "overflow": (
        "e[i] = exp(x[i])\nE = sum(i, where(x[i] < 20, log(1 + e[i]), x[i]))",
        {"x": [1.0, 800.0]},
        {},
        {"i": 2},
    ),
    "power of a letter": (
        "E = sum(k, c[k]*x**k)",
        {"x": 0.0, "c": [1.0, 2.0, 3.0, 4.0]},
        {},
        {"k": 4},
    ),
    "power of data": (
        "E = sum(k, c[k]*x**p[k])",
        {"x": 0.0, "c": [1.0, 2.0, 3.0, 4.0]},
        {"p": [0.0, 1.0, 2.0, 3.0]},
        {"k": 4},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_masked_value_has_no_say(case):
    text, params, inputs, sizes = CASES[case]
    integers = [n for n in inputs if case == "gathered" and n == "p"]
    _, module = emitted(text, [*params], [*inputs], integers, **sizes)
    against_differences(module, params, *inputs.values())


def test_the_condition_goes_with_the_derivative():
    text, params, _, sizes = CASES["distance read twice"]
    derivation, _ = emitted(text, [*params], **sizes)
    assert [equation_text(e) for e in derivation.backward] == [
        "ds[i,j] = where(i != j, -(a[i,j]/r[i,j]**2 + exp(-r[i,j])*b[i,j])/(2*r[i,j]), 0)",
        "dy[i,k] = 2*sum(j, ds[i,j]*(y[i,k] - y[j,k])) + 2*sum(j, ds[j,i]*(y[i,k] - y[j,k]))",
    ]


def test_a_sound_slope_needs_no_condition():
    text = "q[i] = sqrt(1 + x[i]**2 + w[i]**2)\nE = sum(i, where(g[i] > 0, q[i]**3, 0))"
    derivation, _ = emitted(text, ["x", "w"], ["g"], i=3)
    asking = [e.tensor for e in derivation.backward if "where" in equation_text(e)]
    assert asking == ["dq"]


def random_system(seed):
    """Poles that have names, values made of them, and readers that mask them."""
    pick = random.Random(seed).choice
    base, holds = pick(
        [
            ("(y[i] - y[j])**2", "i != j"),
            ("A[i,j]*(1 + y[j]**2)", "A[i,j] > 0"),
            ("abs(y[i])*A[i,j]", "A[i,j] > 0 and i > 0"),
            ("where(A[i,j] > 0, exp(y[j]), 0)", "A[i,j] > 0"),
        ]
    )
    pole = pick(["sqrt(q[i,j])", "1/q[i,j]", "log(q[i,j])", "q[i,j]**0.7", "y[j]/q[i,j]"])
    then = pick(["tanh({})", "{}*w[j]", "2*{}", "{}/(1 + {}**2)", "sin({})*y[i]", "abs({})"])
    read = pick(["u[i,j]", "u[i,j]**2", "w[i]*u[i,j]", "exp(-u[i,j]**2)", "u[i,j]*r[i,j]"])
    first = f"where({holds}, {read}, {pick(['0', 'w[j]', '1'])})"
    second = pick(
        [
            f"sum(i,j, where({holds}, r[i,j]*w[i], 0))",
            f"sum(i, where(i > 0, w[i], 0)*tanh(sum(j, where({holds}, u[i,j], 0))))",
            f"sum(i,j, where({holds} and i + j > 1, cos(u[j,i] + u[i,j]), 0))"
            if holds == "i != j"
            else f"sum(i,j, where({holds} and i + j > 1, cos(u[i,j]), 0))",
            "0",
        ]
    )
    text = f"q[i,j] = {base}\nr[i,j] = {pole}\nu[i,j] = {then.format('r[i,j]', 'r[i,j]')}\n"
    return text + f"f[i] = sum(j, {first})\nE = sum(i, f[i]*w[i]) + {second}"


def right_at_random(seed):
    text = random_system(seed)
    inputs = ["A"] if "A[" in text else []
    _, module = emitted(text, ["y", "w"], inputs, i=3, j=3)
    params = {"y": [0.0, 0.7, -1.3], "w": [0.3, 0.5, 0.9]}
    given = np.array([[1.0, 0.0, 0.5], [0.0, 0.0, 0.0], [0.0, 2.0, 1.5]])
    against_differences(module, params, *[given for _ in inputs])


@pytest.mark.parametrize("seed", range(12))
def test_masked_values_at_random(seed):
    right_at_random(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12, 120))
def test_more_masked_values_at_random(seed):
    right_at_random(seed)


def test_where_a_loop_carries_it_on_the_cure_is_told():
    """What is masked in a loop is read by the next step, so the mask can't go with it."""
    ends = "E = sum(t,i, where(A[t,i] > 0, g[t,i]**2, 0))"
    spec = {"parameters": ["x"], "inputs": ["A"], "objective": "E", "sizes": {"t": 3, "i": 2}}
    (warning,) = differentiate(parse(f"g[t,i] = 1/(x[t,i] + g[t-1,i])\n{ends}", **spec)).warnings
    assert warning.startswith("g: its slope may be undefined where it isn't read")
    cured = f"g[t,i] = where(A[t,i] > 0, 1/(x[t,i] + g[t-1,i]), 0)\n{ends}"
    module = load_module(emit(derivation := differentiate(parse(cured, **spec)), part="math"))
    assert derivation.warnings == ()
    x = [[1.0, 0.0], [2.0, 3.0], [-1.0, 0.0]]
    against_differences(module, {"x": x}, (np.array(x) != 0).astype(float))


R = "r[i,j] = sqrt(abs(y[i] - y[j]))\n"
D = "d[i,j] = y[i] - y[j]\n"
TIED = {
    "equality": "sum(j, r[i,j]*(j == k))",
    "delta": "sum(j, r[i,j]*delta(j, k))",
    "chosen": "sum(j, where(j == k, r[i,j], 0))",
    "two orders": "sum(j, r[i,j]*(j >= k)*(j <= k))",
}


@pytest.mark.parametrize("tie", TIED)
def test_a_condition_goes_through_tied_letters(tie):
    text = f"r[i,j] = sqrt((y[i] - y[j])**2)\ns[i,k] = {TIED[tie]}\n"
    text += "E = sum(i,k, where(i != k, s[i,k], 0))"
    derivation, module = emitted(text, ["y"], i=3, j=3, k=3)
    _, gradients = module.gradients({"y": np.array([1.0, 2.0, 4.0])})
    np.testing.assert_allclose(gradients["y"], [-4, 0, 4])
    assert not derivation.warnings


def test_a_condition_goes_through_letters_that_are_tied_apart():
    text = "r[i,j] = sqrt((y[i] - y[j])**2)\ns[i,k] = sum(j, r[i,j]*(j + 1 == k))\n"
    text += "E = sum(i,k, where(i + 1 != k, s[i,k]*w[k], 0))"
    _, module = emitted(text, ["y", "w"], i=3, j=3, k=3)
    against_differences(module, {"y": [1.0, 2.0, 4.0], "w": [3.0, 1.0, 2.0]})


def test_where_no_summed_letter_is_left_nothing_is_read():
    text = "r[i] = sqrt(y[i])\nE = sum(i,k, where(k > i, r[i]*w[k], 0))"
    _, module = emitted(text, ["y", "w"], i=3, k=3)
    _, gradients = module.gradients({"y": np.array([1.0, 4.0, 0.0]), "w": np.array([1.0, 2, 3])})
    np.testing.assert_allclose(gradients["y"], [2.5, 0.75, 0])


UNDEFINED = {
    "slope": (R + "E = sum(i,j, (1 - delta(i, j))*r[i,j])", "where(i != j, r[i,j], 0)"),
    "slope itself": (
        "E = sum(i,j, (i - j)**2*sqrt(abs(y[i] - y[j])))",
        "where(i != j, (i-j)**2*sqrt(abs(y[i] - y[j])), 0)",
    ),
    "value": (
        "E = sum(i,j, (i != j)*c[j]/(y[i] - y[j]))",
        "where(i != j, c[j]/(y[i] - y[j]), 0)",
    ),
    "order": (D + "E = sum(i,j, c[i]*(i < j)/d[i,j])", "where(i < j, c[i]/d[i,j], 0)"),
    "letter": ("E = sum(i, i*c[i]*log(i))", "where(i != 0, i*c[i]*log(i), 0)"),
}


@pytest.mark.parametrize("case", UNDEFINED)
def test_zero_times_what_is_undefined_is_told_with_the_cure(case):
    text, cure = UNDEFINED[case]
    parameters = [p for p in ("y", "c") if f"{p}[" in text]
    derivation, module = emitted(text, parameters, i=3, **({"j": 3} if "j" in text else {}))
    (warning,) = derivation.warnings
    assert warning.endswith(f"write {cure}")
    with np.errstate(all="ignore"):
        loss, gradients = module.gradients({p: np.array([1.0, 2.0, 4.0]) for p in parameters})
    assert not all(np.isfinite(g).all() for g in (loss, *gradients.values()))


SOUND = {
    "chosen": R + "E = sum(i,j, where(i != j, (1 - delta(i, j))*r[i,j], 0))",
    "chosen later": R + "q[i,j] = (1 - delta(i, j))*r[i,j]\nE = sum(i,j, where(i != j, q[i,j], 0))",
    "selected slope": R + "E = sum(i,j, (i != j)*r[i,j])",
    "smooth": "E = sum(i,j, (1 - delta(i, j))*(y[i] - y[j])**2)",
    "kept off 0": "E = sum(i,j, (1 - delta(i, j))*sqrt((y[i] - y[j])**2 + 1))",
    "the place itself": R + "E = sum(i,j, delta(i, j)*y[i]/(1 + y[j]**2))",
    "chosen by value": D + "E = sum(i,j, (i != j)*where(d[i,j] > 0, 1/d[i,j], 0))",
}


@pytest.mark.parametrize("case", SOUND)
def test_a_product_that_is_sound_is_not_warned_of(case):
    derivation, module = emitted(SOUND[case], ["y"], i=3, j=3)
    assert not derivation.warnings
    loss, gradients = module.gradients({"y": np.array([1.0, 2.0, 4.0])})
    assert np.isfinite(loss) and np.isfinite(gradients["y"]).all()


def test_letters_that_no_single_equality_ties_are_counted():
    text = "r[i,j] = sqrt((y[i] - y[j])**2)\ns[k] = sum(i,j, r[i,j]*(i + j == k))\n"
    text += "E = sum(k, where(k % 2 == 1, s[k]*w[k], 0))"
    _, module = emitted(text, ["y", "w"], i=3, j=3, k=5)
    against_differences(module, {"y": [1.0, 2.0, 4.0], "w": [3.0, 1.0, 2.0, 5.0, 4.0]})
