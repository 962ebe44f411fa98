"""A derivation's equations are equations: Hessians by the same rule, against autograd twice."""

import time

import numpy as np
import pytest
from autograd import grad
from autograd import numpy as anp

from codegen.verify import verify_module
from derive import ChainruleError, check, differentiate, hessian_vector, load, parse
from derive.calculus.second import directional
from derive.semantics.interpreter import Interpreter
from tests.derive.calculus.second_order import BY_NAME, CHOSEN, along
from tests.oracles.against_autograd import differences, module_of, run, system_of

pytestmark = pytest.mark.sampled


@pytest.mark.parametrize("model", [pytest.param(BY_NAME[n], id=n) for n in CHOSEN])
def test_hessian_times_a_direction(model):
    first = differentiate(system_of(model))
    arrays = model.example()
    source = np.random.default_rng(3)
    directions = {n: source.normal(size=np.shape(arrays[n])) for n in first.wrt}
    wanted = along(model, arrays, directions)

    second = differentiate(directional(first), wrt=first.wrt)
    given = [*(arrays[n] for n in model.inputs), *directions.values()]
    given += [arrays[n] for n in model.targets]
    parameters = {n: arrays[n] for n in model.parameters}
    value, found = module_of(second).gradients(parameters, *given, inputs=True)
    assert not differences((value, {n: found[n] for n in directions}), wanted, 1e-8)


def test_the_derivative_by_a_direction_is_the_gradient():
    model = BY_NAME["mlp_sigmoid"]
    first = differentiate(system_of(model))
    system = directional(first, ["W1"])
    second = differentiate(system)
    arrays = model.example()
    parameters = {n: arrays[n] for n in model.parameters}
    direction = np.ones_like(arrays["W1"])
    _, found = module_of(second).gradients(
        parameters, arrays["x"], direction, arrays["t"], inputs=True
    )
    _, gradients = run(module_of(first), model, arrays)
    np.testing.assert_allclose(found["v_W1"], gradients["W1"], rtol=1e-12)


def test_a_third_derivative():
    first = differentiate(
        parse("E = sum(i, x[i]**5)", parameters=["x"], sizes={"i": 2}, objective="E")
    )
    second = differentiate(directional(first))
    third = differentiate(directional(second, ["x"]), wrt=["x"])
    values = {"x": [2.0, -1.0], "v_x": [1.0, 1.0], "v_x2": [1.0, 1.0]}
    equations = (*third.forward, *third.backward, *third.inlined)
    found = Interpreter(equations, third.table, values).array(third.adjoint["x"])
    assert found.tolist() == [240.0, 60.0]


def test_names_of_directions_keep_out_of_the_way():
    text = "E = w**2*v_w + along_E**2"
    system = parse(text, parameters=["w", "v_w", "along_E"], objective="E")
    along_ = directional(differentiate(system), ["w"])
    assert along_.objective == "along_E2"
    assert [t.name for t in along_.having("input")] == ["v_w2"]


def test_no_derivative_no_direction():
    first = differentiate(parse("E = w**2 + 0*u", parameters=["w", "u"], objective="E"))
    with pytest.raises(ChainruleError, match="no derivative by 'W'"):
        directional(first, ["W"])


@pytest.mark.parametrize("of", ["dW", "dx"])
def test_a_derivation_is_differentiated_as_it_is(of):
    """`differentiate` takes a derivation and the name of one of its tensors."""
    text = "z[n,i] = tanh(sum(j, W[i,j]*x[n,j]))\nE = sum(n,i, z[n,i]**3)"
    system = parse(
        text, parameters=["W"], inputs=["x"], sizes={"i": 2, "j": 3}, batch="n", objective="E"
    )
    second = differentiate(differentiate(system), of=of, wrt=["W"])
    source = np.random.default_rng(0)
    w, x = source.normal(size=(2, 3)), source.normal(size=(4, 3))
    upstream = source.normal(size=w.shape if of == "dW" else x.shape)

    def objective(w, x):
        return anp.sum(anp.tanh(x @ w.T) ** 3)

    by = grad(objective, 0 if of == "dW" else 1)
    wanted = grad(lambda w: anp.sum(by(w, x) * upstream))(w)
    equations = (*second.forward, *second.backward, *second.inlined)
    values = {"W": w, "x": x, f"d{of}": upstream}
    found = Interpreter(equations, second.table, values).array(second.adjoint["W"])
    np.testing.assert_allclose(found, wanted, rtol=1e-10)


def test_buffers_that_are_updated_stay_as_they_are():
    """A running mean's next value is no parameter's: second order broke off there."""
    spec = {
        "name": "net",
        "inputs": {"x": [2]},
        "layers": [{"type": "dense", "units": 3}, {"type": "batch_norm1d"}],
        "loss": "squared_error",
    }
    again = hessian_vector(load(spec))
    assert check(again).ok
    assert all(row.ok for row in verify_module(again))


def test_products_of_several_functions_take_no_time():
    """What cancelling costs grew with the operations: 40 seconds."""
    text = "E = sum(i, sigmoid(z[i])*tanh(z[i])*erf(z[i])*atan(z[i]))"
    system = parse(text, parameters=["z"], sizes={"i": 2}, objective="E")
    before = time.process_time()
    derived = hessian_vector(system)
    assert time.process_time() - before < 10
    assert check(derived).ok
