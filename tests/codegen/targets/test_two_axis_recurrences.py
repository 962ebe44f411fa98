"""Recurrences along two axes that read earlier rows elsewhere, against differences of the loss."""

import random

import numpy as np
import pytest

from codegen import emit, load_module
from derive import differentiate, parse

_STEP = 1e-6
_T, _I = 4, 3
_ELSEWHERE = (
    ["2", "0", "size(i)-1", "2*i", "i//2", "(i+1) % 3", "p[t]", "p[t]+1"],
    ["i", "i-1", "i+1", "size(i)-1-i", "i+t"],
)


def random_recurrence(seed):
    """A loop along t with one along i inside it, whose earlier rows are read at other places."""
    draw = random.Random(seed)
    reads = [f"u*y[t,{draw.choice(['i-1', 'i+1'])}]"]
    for _ in range(draw.randrange(1, 4)):
        place = draw.choice(draw.choice(_ELSEWHERE))
        factor = draw.choice(["v*{}", "{}*x[t,i]", "sin({})", "v*w[i]*{}"])
        reads.append(factor.format(f"y[{draw.choice(['t-1', 't-1', 't-2'])},{place}]"))
    body = " + ".join(["x[t,i]", *reads])
    if draw.random() < 0.5:
        body = f"tanh({body})"
    between = draw.random() < 0.3
    text = f"z[t,i] = {body}\ny[t,i] = sin(z[t,i])" if between else f"y[t,i] = {body}"
    return text + "\nE = sum(t,i, y[t,i]**2*x[t,i])"


def right(text, seed):
    numbers = np.random.default_rng(seed)
    params = {"u": np.array(0.3), "v": np.array(-0.4), "w": numbers.normal(size=_I)}
    params = {n: a for n, a in params.items() if f"{n}*" in text or f"{n}[" in text}
    integers = ["p"] if "p[" in text else []
    system = parse(
        text,
        parameters=[*params],
        inputs=["x", *integers],
        integers=integers,
        objective="E",
        sizes={"t": _T, "i": _I},
    )
    module = load_module(emit(differentiate(system), part="math"))
    inputs = [numbers.normal(size=(_T, _I)), *(np.array([1, 0, 2, 1]) for _ in integers)]
    _, gradients = module.gradients(params, *inputs)
    for name, gradient in gradients.items():
        for place in np.ndindex(*gradient.shape):
            losses = []
            for sign in (1, -1):
                moved = {n: a.copy() for n, a in params.items()}
                moved[name][place] += sign * _STEP
                losses.append(module.loss(moved, *inputs))
            wanted = (losses[0] - losses[1]) / (2 * _STEP)
            np.testing.assert_allclose(gradient[place], wanted, rtol=1e-5, atol=1e-6, err_msg=text)


@pytest.mark.parametrize(
    "place", ["2", "size(i)-1", "2*i", "i//2", "(i+1) % 3", "p[t]", "size(i)-1-i"]
)
def test_an_earlier_row_is_read_elsewhere(place):
    right(f"y[t,i] = x[t,i] + u*y[t,i-1] + v*y[t-1,{place}]\nE = sum(t,i, y[t,i]**2)", 1)


@pytest.mark.parametrize("seed", range(12))
def test_recurrences_at_random(seed):
    right(random_recurrence(seed), seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12, 240))
def test_more_recurrences_at_random(seed):
    right(random_recurrence(seed), seed)
