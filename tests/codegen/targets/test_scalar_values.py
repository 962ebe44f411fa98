"""Values that are no arrays: conditions without tensors, truths, extents nobody tells."""

import numpy as np
import pytest

from codegen import emit, load_module
from derive import differentiate, parse
from derive.errors import ChainruleError


def emitted(text, inputs=(), **spec):
    system = parse(text, parameters=["w"], inputs=inputs, objective="E", **spec)
    return load_module(emit(differentiate(system), part="math"))


@pytest.mark.parametrize(
    ("text", "sizes", "loss"),
    [
        ("E = where(cos(1) < 1, w, 2*w)", {}, 3),
        ("E = where(exp(1) > 3 or pi > 4, w, 2*w)", {}, 6),
        ("E = sum(j, where(atan(tanh(size(j))) > 0.1, w*j, 0))", {"j": 4}, 18),
        ("E = sum(i,t, delta(i, t)*where(hold(size(i))*0.5 > 0.1, w, 0))", {"i": 2, "t": 3}, 6),
        ("E = sum(i, where(size(i)**2 > 5 and i > 0, w, 0))", {"i": 3}, 6),
        ("E = exp(0*w)*tanh(prod(l, (l != 1)*w))", {"l": 3}, 0),
        ("E = w*max(n, p, n > p)", {"n": 2, "p": 3}, 3),
        ("h[n,p] = size(p) > 2\nE = w*max(n, p, h[n,p])", {"n": 2, "p": 3}, 3),
    ],
)
def test_a_condition_without_tensors(text, sizes, loss):
    module = emitted(text, sizes=sizes)
    found, gradients = module.gradients({"w": np.array(3.0)})
    assert found == loss
    assert gradients["w"] == loss / 3 or loss == 0


def test_a_condition_on_letters_of_a_loop_is_denied_as_a_truth():
    """`~True` is -2 where both sides are Python's own numbers."""
    text = "h[j] = tanh(h[j-1] + where(not j <= j + 1 or q[j] == 5, w, 0))\nE = h[2]"
    module = emitted(text, ["q"], integers=["q"], sizes={"j": 3})
    loss, gradients = module.gradients({"w": np.array(3.0)}, np.array([1, 2, 5]))
    assert loss == np.tanh(3.0)
    assert gradients["w"] == 1 - np.tanh(3.0) ** 2


def test_one_over_a_value_that_stands_twice_has_a_name():
    text = (
        "E = sum(v,u, where(1/(w[v] + 2) > 0.1, x[u]/(w[v] + 2)**2 + 2/(w[v] + 2), 2/(w[v] + 2)))"
    )
    module = emitted(text, ["x"], sizes={"u": 2, "v": 3})
    assert np.isfinite(module.loss({"w": np.ones(3)}, np.ones(2)))


def test_a_condition_on_a_function_of_the_batch():
    module = emitted("E = sum(n, where(log(size(n)) > 1, w*x[n], w))", ["x"], batch="n")
    assert module.loss({"w": np.array(2.0)}, np.arange(2.0)) == 4
    assert module.loss({"w": np.array(2.0)}, np.arange(3.0)) == 6


@pytest.mark.parametrize("text", ["E = mean(n, w**2)", "E = sum(n, w*n)"])
def test_nothing_tells_how_far_a_batch_runs(text):
    derivation = differentiate(parse(text, parameters=["w"], objective="E", batch="n"))
    with pytest.raises(ChainruleError, match=r"no input or target is walked by 'n'.*n = 5"):
        emit(derivation)


def test_dots_take_no_letter_whose_size_is_given():
    """The axis went by `i`, and `i = 5` was said of it."""
    text = (
        "y[n,...,k] = sum(i, W[k,i]*x[n,...,i])\n"
        "E = mean(n, sum(...,k, y[n,...,k]**2)) + sum(j,l,m,q[j,l,m])"
    )
    sizes = {"i": 5, "k": 4, "x.3": 5, "j": 7, "l": 6, "m": 3}
    spec = {"parameters": ["W", "q"], "inputs": ["x"], "batch": "n", "sizes": sizes}
    module = load_module(emit(differentiate(parse(text, objective="E", **spec)), part="math"))
    params = {n: np.ones(s) for n, s in module.PARAMETERS.items()}
    assert module.loss(params, np.ones((2, 2, 3, 5))) == 2 * 3 * 4 * 25 + 7 * 6 * 3


def test_a_power_of_minus_one_by_a_letter():
    module = emitted("E = sum(i, (-1)**i*w*(i + 1)) + sum(i, (-2)**(i + 1)*w)", sizes={"i": 4})
    loss, gradients = module.gradients({"w": np.array(3.0)})
    assert loss == 3 * (1 - 2 + 3 - 4 - 2 + 4 - 8 + 16)
    assert gradients["w"] == loss / 3
