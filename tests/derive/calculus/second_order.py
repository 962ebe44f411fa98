"""Models whose second derivatives are tested, and what autograd gives for them."""

import warnings

import numpy as np
from autograd import grad
from autograd import numpy as anp

from derive import loads
from tests.oracles import MODELS
from tests.oracles.reference import evaluate

BY_NAME = {m.name: m for m in MODELS}
CHOSEN = (
    *("two_scalars", "rosenbrock", "lennard_jones", "rayleigh_quotient", "mlp_sigmoid"),
    *("softmax_cross_entropy_one_hot", "gelu_erf", "powers", "hold_factor", "straight_through"),
    *("conv2d_stride_padding_dilation", "layer_norm", "causal_attention", "elman", "gru"),
    *("linear_chain_crf", "gaussian_mixture", "product_with_zero_factors", "embedding_bag"),
    *("cumulative_sum", "diagonal_and_trace", "factorisation_machine"),
)


def along(model, arrays, directions):
    """The Hessian times a direction by autograd: the gradient of the gradient's part along it."""
    moving = {name: arrays[name] for name in directions}
    first = grad(lambda m: evaluate(model, {**arrays, **m})[0])

    def part(m):
        gradients = first(m)
        return sum(anp.sum(gradients[n] * directions[n]) for n in directions)

    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(part(moving)), grad(part)(moving)


NETWORK = """
name = "net"
inputs = {{ x = [3] }}
[[layers]]
type = "dense"
units = 4
activation = "tanh"
[[layers]]
type = "dense"
units = 2
{activation}
[loss]
type = "{loss}"
"""


def network(loss="squared_error", activation=""):
    text = f'activation = "{activation}"' if activation else ""
    return loads(NETWORK.format(loss=loss, activation=text))
