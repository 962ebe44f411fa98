"""The oracles themselves: gradients against difference quotients, texts against declarations."""

import ast

import autograd.numpy as np
import numpy
import pytest
from autograd import grad
from hypothesis import HealthCheck, given, settings

from tests.oracles import MODELS
from tests.oracles.model import OracleModel
from tests.oracles.random_systems import random_model, systems
from tests.oracles.reference import (
    central_differences,
    evaluate,
    logsumexp,
    loss_and_gradients,
    product,
    relu,
)

pytestmark = pytest.mark.sampled

STEP = 1e-5
PLACES = 20  # of each tensor, at least as far as it has them
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda m: m.name)


def check_gradients(model: OracleModel, **runtime: int) -> None:
    arrays = model.example(**runtime)
    loss, gradients = loss_and_gradients(model, arrays)
    assert numpy.isfinite(loss)
    assert tuple(gradients) == model.differentiated
    rounding = 100 * numpy.finfo(float).eps * max(1.0, abs(loss)) / STEP
    for name, quotients in central_differences(model, arrays, STEP, most=PLACES).items():
        assert gradients[name].shape == arrays[name].shape
        taken = ~numpy.isnan(quotients)
        near = 1e-5 * numpy.max(numpy.abs(gradients[name]), initial=0.0) + rounding
        numpy.testing.assert_allclose(
            gradients[name][taken], quotients[taken], rtol=0, atol=near, err_msg=name
        )


@every_model
def test_gradients_are_difference_quotients(model):
    check_gradients(model)


@every_model
def test_any_run_time_extent_will_do(model):
    ones = {name: 1 for name in model.runtime if name in model.batch}
    loss, output = evaluate(model, model.example(**ones))
    assert numpy.shape(loss) == ()
    assert numpy.isfinite(loss)
    assert (output is None) == (model.output is None)


@every_model
def test_examples_repeat(model):
    first, second = model.example(), model.example()
    assert all(numpy.array_equal(first[name], second[name]) for name in model.leaves)
    assert {name: a.shape for name, a in first.items()} == model.shapes()


@every_model
def test_text_and_declarations_agree(model):
    check_text(model)


def check_text(model: OracleModel) -> None:
    """Names, ranks and sizes, as far as they show without reading the language."""
    statements = ast.parse(model.equations.strip()).body
    assert all(isinstance(s, ast.Assign) for s in statements)
    defined = [_name(s.targets[0]) for s in statements]
    tensors = {*defined, *model.leaves}
    assert len(tensors) == len(defined) + len(model.leaves), "a tensor is defined twice"
    assert not {f"d{name}" for name in tensors} & tensors
    assert {model.objective, model.output or model.objective} <= set(defined)
    assert set(model.integers) <= {*model.inputs, *model.targets}
    nodes = [node for s in statements for node in ast.walk(s)]
    mentioned = {node.id for node in nodes if isinstance(node, ast.Name)}
    assert {*tensors, *model.constants} <= mentioned
    shapes = model.shapes()
    reads = [n for n in nodes if isinstance(n, ast.Subscript) and not isinstance(n.value, ast.Call)]
    ranks = {(_name(n), len(_subscripts(n))) for n in reads}
    for name, rank in ranks:
        assert name in tensors, name
        assert rank == len(shapes.get(name, ())) or name in defined, name
    for key, size in model.sizes.items():
        tensor, _, position = key.partition(".")
        if tensor in shapes and position:
            assert shapes[tensor][int(position)] == size, key
        assert tensor in (tensors if position else mentioned), key


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.value.id


def _subscripts(node: ast.Subscript) -> list[ast.expr]:
    return node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]


def test_names_are_unique():
    assert len({model.name for model in MODELS}) == len(MODELS) >= 70


def test_spec_leaves_out_what_is_empty():
    spec = next(m for m in MODELS if m.name == "dense_squared_error").spec()
    assert set(spec) == {
        *("name", "equations", "parameters", "inputs", "targets"),
        *("objective", "output", "sizes", "batch"),
    }


@pytest.mark.parametrize("seed", range(40))
def test_random_models(seed):
    model = random_model(seed)
    assert model.equations == random_model(seed).equations
    check_text(model)
    check_gradients(model)


@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(model=systems())
def test_drawn_systems(model):
    check_text(model)
    check_gradients(model)


def test_product_goes_past_zero_factors():
    derivative = grad(lambda x: product(x, axis=0))
    assert derivative(numpy.array([2.0, 0.0, 3.0])).tolist() == [0.0, 6.0, 0.0]
    assert derivative(numpy.array([2.0, 0.0, 0.0])).tolist() == [0.0, 0.0, 0.0]


def test_kinks_follow_the_contract():
    assert grad(relu)(0.0) == 0.0
    assert grad(np.abs)(0.0) == 0.0
    assert grad(np.maximum, (0, 1))(1.0, 1.0) == (0.5, 0.5)
    assert grad(np.max)(numpy.array([3.0, 1.0, 3.0])).tolist() == [0.5, 0.0, 0.5]


def test_logsumexp_counts_minus_infinity_as_nothing():
    x = numpy.array([0.0, -numpy.inf, 1000.0, 1000.0])
    assert logsumexp(x) == pytest.approx(1000 + numpy.log(2))
    assert grad(logsumexp)(x).tolist() == [0.0, 0.0, 0.5, 0.5]
