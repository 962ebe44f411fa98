"""Loss and gradients of an oracle model by autograd, and the functions its references share.

autograd differs from the contract at some kinks (half at `maximum(x, 0)`, 0/0 in `prod`), and its
derivative of tanh overflows; the functions here do neither.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import autograd.numpy as np
import numpy
from autograd import value_and_grad
from autograd.extend import defvjp, primitive
from autograd.tracer import getval, isbox

from tests.oracles.model import Arrays, OracleModel


class _Held:
    """What `hold` saw, in order; difference quotients replay it, so that it stays constant."""

    def __init__(self):
        self.values = []
        self.replaying = False
        self.position = 0

    def __call__(self, value):
        while isbox(value):
            value = getval(value)
        if not self.replaying:
            self.values.append(value)
            return value
        self.position += 1
        return self.values[self.position - 1]

    def start(self, *, replaying: bool):
        """Begin a new evaluation, recording afresh or replaying what was recorded."""
        self.replaying = replaying
        self.position = 0
        if not replaying:
            self.values = []


hold = _Held()


def evaluate(model: OracleModel, arrays: Arrays):
    """(objective, output); the output is None where the model names none."""
    hold.start(replaying=False)
    return _evaluate(model, arrays)


def loss_and_gradients(model: OracleModel, arrays: Arrays) -> tuple[float, Arrays]:
    """The objective, and its gradient by each parameter and each real-valued input."""
    moving = {name: arrays[name] for name in model.differentiated}
    hold.start(replaying=False)
    with warnings.catch_warnings():  # nothing of it may depend on what moves: gradients are 0
        warnings.filterwarnings("ignore", "Output seems independent of input")
        loss, gradients = value_and_grad(lambda m: _evaluate(model, {**arrays, **m})[0])(moving)
    return float(loss), {name: numpy.asarray(g) for name, g in gradients.items()}


def central_differences(
    model: OracleModel, arrays: Arrays, step: float = 1e-5, most: int | None = None
) -> Arrays:
    """The same gradients by difference quotients, with what is held kept at its value.

    With `most`, at so many places of each tensor only; the others are NaN.
    """
    evaluate(model, arrays)

    def objective(changed: Arrays) -> float:
        hold.start(replaying=bool(hold.values))
        return float(_evaluate(model, changed)[0])

    return {
        name: _differences(objective, arrays, name, step, most) for name in model.differentiated
    }


def _differences(
    objective: Callable[[Arrays], float], arrays: Arrays, name: str, step: float, most: int | None
) -> numpy.ndarray:
    gradient = numpy.full(arrays[name].shape, numpy.nan)
    places = list(numpy.ndindex(*gradient.shape))
    for place in places if most is None else places[:: max(1, len(places) // most)]:
        sides = []
        for shift in (step, -step):
            moved = arrays[name].copy()
            moved[place] += shift
            sides.append(objective({**arrays, name: moved}))
        gradient[place] = (sides[0] - sides[1]) / (2 * step)
    return gradient


def _evaluate(model: OracleModel, arrays: Arrays):
    value = model.reference(**arrays, **model.constants)
    return value if model.output else (value, None)


def half_squares(y, t):
    """Mean over the batch of half the squared error over all the rest."""
    return np.sum((y - t) ** 2) / 2 / len(y)


def relu(x):
    """Derivative 0 at 0."""
    return np.where(x > 0, x, 0.0)


tanh = primitive(numpy.tanh)
defvjp(tanh, lambda ans, x: lambda g: g * (1.0 - ans**2))  # not 1/cosh(x)**2


def sigmoid(x):
    """The logistic function."""
    return 0.5 * (tanh(0.5 * x) + 1.0)


def softplus(x):
    """log(1 + exp(x)) without overflow."""
    return np.logaddexp(0.0, x)


def logsumexp(x, axis=-1):
    """log(sum(exp(x))) without overflow; minus infinity counts as nothing."""
    highest = np.max(_value(x), axis=axis, keepdims=True)
    total = np.log(np.sum(np.exp(x - highest), axis=axis))
    return total + np.squeeze(highest, axis=axis)


def softmax(x, axis=-1):
    """Exponentials over their sum."""
    weights = np.exp(x - np.max(_value(x), axis=axis, keepdims=True))
    return weights / np.sum(weights, axis=axis, keepdims=True)


def log_softmax(x, axis=-1):
    """The logarithm of the softmax."""
    return x - np.expand_dims(logsumexp(x, axis), axis)


def product(x, axis=-1):
    """A product whose derivative doesn't divide by a factor, which may be 0."""
    factors = np.moveaxis(x, axis, 0)
    total = np.ones_like(_value(factors[0]))
    for factor in factors:
        total = total * factor
    return total


def causal(steps: int) -> numpy.ndarray:
    """True where a query at t (row) may look at u (column)."""
    return numpy.tril(numpy.ones((steps, steps), dtype=bool))


def _value(x):
    while isbox(x):
        x = getval(x)
    return x
