"""Derivatives of a tensor with axes, given a random derivative by it; where SymPy itself fails.

The reference of a layer is autograd's vector-Jacobian product of the oracle's output, that of the
small ones a SymPy expression of every entry, written out here by hand.
"""

import random
import warnings
from fractions import Fraction

import numpy as np
import pytest
import sympy
from autograd import numpy as anp
from autograd import value_and_grad

from derive import differentiate, parse
from derive.semantics.interpreter import Interpreter
from derive.semantics.number_systems import many_digits
from tests.oracles import MODELS
from tests.oracles.against_autograd import differences, module_of, system_of
from tests.oracles.reference import evaluate

pytestmark = pytest.mark.sampled

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
    """A random derivative by the output; the sum that it weighs, and its gradients by autograd."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shape = np.shape(evaluate(model, arrays)[1])
        upstream = np.random.default_rng(11).normal(size=shape)
        value, gradients = value_and_grad(
            lambda moving: anp.sum(upstream * evaluate(model, {**arrays, **moving})[1])
        )({name: arrays[name] for name in model.differentiated})
    return upstream, (float(value), gradients)


@each_layer
def test_the_derivation_of_a_layer(model):
    system = system_of(model)
    arrays = model.example(**dict.fromkeys(model.runtime, 2))
    upstream, wanted = weighted(model, arrays)
    derivation = differentiate(system, of=model.output)
    equations = (*derivation.forward, *derivation.backward, *derivation.inlined)
    run = Interpreter(equations, derivation.table, {**arrays, f"d{model.output}": upstream})
    missing = set(model.differentiated) - set(derivation.adjoint)
    assert all(not np.any(wanted[1][name]) for name in missing)
    assert len(derivation.warnings) >= len(missing)
    found = {
        name: run.array(derivation.adjoint[name])
        for name in model.differentiated
        if name not in missing
    }
    right = {name: wanted[1][name] for name in found}
    assert not differences((wanted[0], found), (wanted[0], right))


@each_layer
def test_the_module_of_a_weighted_layer(model):
    spec = {k: v for k, v in model.spec().items() if k not in ("equations", "output")}
    letters = ",".join(f"at{k}" for k in range(system_of(model).table[model.output].rank))
    text = f"up = sum({letters}, upstream[{letters}]*{model.output}[{letters}])"
    spec |= {"targets": [*model.targets, "upstream"], "objective": "up"}
    module = module_of(differentiate(parse(f"{model.equations}\n{text}", **spec)))
    arrays = model.example()
    upstream, wanted = weighted(model, arrays)
    given = [arrays[n] for n in (*model.inputs, *model.targets)]
    parameters = {n: arrays[n] for n in model.parameters}
    assert not differences(module.gradients(parameters, *given, upstream, inputs=True), wanted)


# ---- what SymPy's own matrix calculus can't do ---------------------------------------------------


def symbols(name, *shape):
    return sympy.Array([sympy.Symbol(f"{name}{list(k)}") for k in np.ndindex(*shape)], shape)


W, V, X = symbols("W", 3, 2), symbols("V", 1, 3), symbols("x", 2)
B, T, C, UP = symbols("b", 3), symbols("t", 3), symbols("c", 1), symbols("up", 3)
R3, R2 = range(3), range(2)
Z = [sum(W[i, j] * X[j] for j in R2) + B[i] for i in R3]
EXPS = [sympy.exp(z) for z in Z]
HIDDEN = [1 / (1 + sympy.exp(-z)) for z in Z]
OUT = [sympy.tanh(sum(V[k, i] * HIDDEN[i] for i in R3) + C[k]) for k in range(1)]
LOGITS = symbols("z", 3)
SHARES = [sympy.exp(LOGITS[i]) / sum(sympy.exp(LOGITS[k]) for k in R3) for i in R3]

WRITTEN_OUT = {
    "a dense layer's loss": (
        "z[i] = sum(j, W[i,j]*x[j]) + b[i]\nE = sum(i, (z[i] - t[i])**2)/2",
        {"W": W, "x": X, "b": B, "t": T},
        sum((Z[i] - T[i]) ** 2 for i in R3) / 2,
    ),
    "log of a sum of exponentials": (
        "E = log(sum(i, exp(sum(j, W[i,j]*x[j]) + b[i])))",
        {"W": W, "x": X, "b": B},
        sympy.log(sum(EXPS)),
    ),
    "two layers": (
        "y[i] = sigmoid(sum(j, W[i,j]*x[j]) + b[i])\n"
        "o[k] = tanh(sum(i, V[k,i]*y[i]) + c[k])\n"
        "E = sum(k, o[k]**2)",
        {"W": W, "V": V, "x": X, "b": B, "c": C},
        sum(o**2 for o in OUT),
    ),
    "softmax": (
        "y[i] = exp(z[i])/sum(k, exp(z[k]))\nE = sum(i, up[i]*y[i])",
        {"z": LOGITS, "up": UP},
        sum(UP[i] * SHARES[i] for i in R3),
    ),
}


@pytest.mark.parametrize("name", WRITTEN_OUT)
def test_against_scalar_sympy(name):
    text, leaves, objective = WRITTEN_OUT[name]
    sizes = {f"{leaf}.{k}": s for leaf, a in leaves.items() for k, s in enumerate(a.shape)}
    derivation = differentiate(parse(text, parameters=list(leaves), sizes=sizes, objective="E"))
    check_written_out(derivation, leaves, objective)


def test_softmax_by_its_input_for_any_derivative_of_its_output():
    text = "y[i] = exp(z[i])/sum(k, exp(z[k]))"
    system = parse(text, inputs=["z"], sizes={"z.0": 3}, output="y")
    derivation = differentiate(system, of="y")
    objective = sum(UP[i] * SHARES[i] for i in R3)
    check_written_out(derivation, {"z": LOGITS}, objective, {"dy": UP})


def check_written_out(derivation, leaves, objective, given=None):
    """Each entry of each gradient equals SymPy's scalar derivative, to forty digits."""
    source = random.Random(5)
    arrays = {**leaves, **(given or {})}
    point = {s: Fraction(source.randint(-40, 40), 23) for a in arrays.values() for s in entries(a)}
    values = {
        name: np.array([point[s] for s in entries(a)], dtype=object).reshape(a.shape)
        for name, a in arrays.items()
    }
    exact = {s: sympy.Rational(p.numerator, p.denominator) for s, p in point.items()}
    equations = (*derivation.forward, *derivation.backward, *derivation.inlined)
    run = Interpreter(equations, derivation.table, values, many_digits())
    for name, leaf in leaves.items():
        for place in np.ndindex(*leaf.shape):
            wanted = sympy.diff(objective, leaf[place]).evalf(50, subs=exact)
            found = sympy.Float(str(run.value(derivation.adjoint[name], place)), 50)
            assert abs(found - wanted) <= sympy.Float("1e-40") * (1 + abs(wanted)), (name, place)


def entries(array):
    return [array[place] for place in np.ndindex(*array.shape)]
