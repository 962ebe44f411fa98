"""Derivatives of a tensor with axes, given a random derivative by it; where SymPy itself fails.

The reference of a layer is autograd's vector-Jacobian product of the oracle's output, that of the
small ones a scalar SymPy expression of every entry, written out here by hand.
"""

import random

import numpy as np
import pytest
import sympy
from autograd import grad

import derive
from derive import differentiate, parse
from derive.arithmetic import many_digits
from derive.interpret import Interpreter
from tests.against_autograd import differences, module_of, system_of
from tests.oracles import MODELS
from tests.oracles.reference import evaluate

LAYERS = (
    *("dense_squared_error", "mlp_sigmoid", "rbf_layer", "gated_linear_unit", "maxout"),
    *("gelu_erf", "prelu", "softmax_cross_entropy_one_hot", "low_rank_adaptation"),
    *("layer_norm", "batch_norm", "group_norm", "rms_norm", "squeeze_and_excitation"),
    *("conv2d_stride_padding_dilation", "grouped_convolution", "transposed_convolution"),
    *("dilated_causal_convolution", "max_pooling_overlapping_padded", "average_pooling"),
    *("elman", "reverse_recurrence", "gru", "lstm", "second_order_lag", "selective_state_space"),
    *("causal_attention", "rotary_embedding", "embedding_bag", "cumulative_sum", "pixel_shuffle"),
    *("diagonal_embedding", "product_with_zero_factors", "log_sum_exp_pooling", "hold_factor"),
)
BY_NAME = {m.name: m for m in MODELS}
each_layer = pytest.mark.parametrize("model", [pytest.param(BY_NAME[n], id=n) for n in LAYERS])


def weighted(model, arrays):
    """A random derivative by the output, and autograd's gradients of what it weighs."""
    shape = np.shape(evaluate(model, arrays)[1])
    upstream = np.random.default_rng(11).normal(size=shape)

    def objective(moving):
        return np.sum(upstream * evaluate(model, {**arrays, **moving})[1])

    moving = {n: arrays[n] for n in model.differentiated}
    with np.errstate(all="ignore"), pytest.warns() as _seen:
        pytest.warns  # what doesn't feed the output has a gradient of 0, and autograd says so
        gradients = grad(objective)(moving)
    return upstream, (float(objective(moving)), gradients)
