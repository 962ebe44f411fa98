"""Hessians, Jacobians and products with them, against autograd."""

import numpy as np
import pytest
from autograd import grad
from autograd import hessian as autograd_hessian
from autograd import jacobian as autograd_jacobian
from autograd import numpy as anp

import codegen
import derive
from derive import ChainruleError, parse
from derive.ir.derivation import Derivation
from derive.ir.wellformed import check_system
from derive.language.printer import equation_text
from derive.semantics.interpreter import Interpreter
from derive.systems.one_sample import one_sample
from tests.derive.calculus.second_order import BY_NAME, CHOSEN, along, network
from tests.oracles.against_autograd import differences, module_of, system_of

pytestmark = pytest.mark.sampled

SLOW = ("conv2d_stride_padding_dilation", "gru", "linear_chain_crf", "causal_attention")


def values_of(found, arrays):
    """Every tensor's numbers by the interpreter."""
    if isinstance(found, Derivation):
        equations = (*found.forward, *found.backward, *found.inlined)
    else:
        equations = found.equations
    return Interpreter(equations, found.table, arrays)


def numbers(loss="squared_error", batch=5):
    source = np.random.default_rng(2)
    shapes = {"W1": (4, 3), "b1": (4,), "W2": (2, 4), "b2": (2,)}
    found = {n: source.normal(size=s) for n, s in shapes.items()}
    found["x"] = source.normal(size=(batch, 3))
    found["t"] = source.normal(size=(batch, 2))
    if loss == "softmax_cross_entropy":
        found["t"] = np.eye(2)[source.integers(0, 2, batch)]
    return found


def outputs(p, x):
    return anp.tanh(x @ p["W1"].T + p["b1"]) @ p["W2"].T + p["b2"]


def directions_of(arrays, names):
    source = np.random.default_rng(4)
    return {n: source.normal(size=np.shape(arrays[n])) for n in names}


@pytest.mark.parametrize("name", [*SLOW, "mlp_sigmoid", "layer_norm", "embedding_bag"])
def test_hessian_vector(name):
    model = BY_NAME[name]
    second = derive.hessian_vector(system_of(model))
    arrays = model.example()
    directions = directions_of(arrays, second.wrt)
    wanted = along(model, arrays, directions)
    given = [*(arrays[n] for n in model.inputs), *directions.values()]
    given += [arrays[n] for n in model.targets]
    parameters = {n: arrays[n] for n in model.parameters}
    value, found = module_of(second).gradients(parameters, *given)
    assert not differences((value, {n: found[n] for n in directions}), wanted, 1e-8)
    assert {second.adjoint[n] for n in directions} >= {f"Hv_{n}" for n in directions}


@pytest.mark.parametrize("name", [n for n in CHOSEN if n not in SLOW])
def test_hessian(name):
    """All blocks: their product with a direction is autograd's."""
    model = BY_NAME[name]
    system = derive.hessian(system_of(model))
    check_system(system)
    arrays = model.example()
    names = [n for n in model.parameters if any(f"_{n}" in t.name for t in system.tensors)]
    directions = directions_of(arrays, names)
    _, wanted = along(model, arrays, directions)
    run = values_of(system, {n: a for n, a in arrays.items() if n in system.table})
    found = {n: np.zeros(np.shape(arrays[n])) for n in names}
    for k, one in enumerate(names):
        for other in names[k:]:
            if f"H_{one}_{other}" not in system.defined:
                continue
            block = run.array(f"H_{one}_{other}").astype(float)
            rank = np.ndim(arrays[one])
            found[other] += np.tensordot(directions[one], block, rank)
            if one != other:
                found[one] += np.tensordot(block, directions[other], np.ndim(arrays[other]))
    assert not differences((0.0, found), (0.0, wanted), 1e-8)


def test_hessian_of_cross_entropy_is_the_one_of_the_books():
    system = one_sample(network("softmax_cross_entropy"))
    found = derive.hessian(system, ["z2"])
    told = [equation_text(e) for e in found.equations]
    assert told[-1] == "H_z2_z2[k,i] = (delta(i, k) - p[k])*p[i]"


def test_hessian_of_cross_entropy_of_a_batch():
    text = "p[n,i] = exp(z[n,i])/sum(k, exp(z[n,k]))\nE = -sum(n,i, t[n,i]*log(p[n,i]))/size(n)"
    system = parse(text, parameters=["z"], targets=["t"], objective="E", sizes={"n": 2, "i": 3})
    source = np.random.default_rng(1)
    z, t = source.normal(size=(2, 3)), source.uniform(size=(2, 3))
    found = values_of(derive.hessian(system), {"z": z, "t": t}).array("H_z_z")
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    wanted = np.zeros((2, 3, 2, 3))
    for n in range(2):
        wanted[n, :, n, :] = (np.diag(p[n]) - np.outer(p[n], p[n])) * t[n].sum() / 2
    np.testing.assert_allclose(found.astype(float), wanted, atol=1e-12)


def test_blocks_that_are_zero_are_left_out():
    mixed = derive.hessian(parse("E = x*y", parameters=["x", "y"], objective="E"))
    assert [equation_text(e) for e in mixed.equations] == ["E = x*y", "H_x_y = 1"]
    text = "E = sum(i, w[i]) + 3*u"
    linear = parse(text, parameters=["w", "u"], objective="E", sizes={"i": 2})
    assert [e.tensor for e in derive.hessian(linear).equations] == ["E"]
    assert derive.hessian_vector(linear).wrt == ()


def test_jacobian():
    system = derive.jacobian(network(), "y2", ["W1", "b2", "x"])
    check_system(system)
    arrays = numbers()
    run = values_of(system, {n: a for n, a in arrays.items() if n in system.table})
    for name in ("W1", "b2", "x"):
        wanted = autograd_jacobian(
            lambda a, name=name: outputs({**arrays, name: a}, a if name == "x" else arrays["x"])
        )(arrays[name])
        found = run.array(f"J_z2_{name}").astype(float)
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)


def test_jacobian_of_a_scalar_is_the_gradient():
    arrays = numbers()
    system = derive.jacobian(network(), "E", ["W1"])

    def loss(w):
        return anp.sum((outputs({**arrays, "W1": w}, arrays["x"]) - arrays["t"]) ** 2) / 10

    found = values_of(system, arrays).array("J_E_W1").astype(float)
    np.testing.assert_allclose(found, grad(loss)(arrays["W1"]), rtol=1e-9)


def test_products_with_the_jacobian():
    arrays = numbers()
    names = ("W1", "b1", "W2", "b2")
    directions = directions_of(arrays, names)
    forward = derive.jacobian_vector(network(), "y2")
    check_system(forward)
    moved = {f"v_{n}": a for n, a in directions.items()}
    given = {n: a for n, a in {**arrays, **moved}.items() if n in forward.table}
    found = values_of(forward, given).array(forward.output)
    step = 1e-6
    ahead, behind = (
        outputs({n: arrays[n] + s * step * directions[n] for n in names}, arrays["x"])
        for s in (1, -1)
    )
    np.testing.assert_allclose(found.astype(float), (ahead - behind) / (2 * step), rtol=1e-6)

    upstream = np.random.default_rng(8).normal(size=(5, 2))
    reverse = derive.vector_jacobian(network(), "y2")
    run = values_of(reverse, {**arrays, "dz2": upstream})
    inner = sum(np.sum(run.array(f"d{n}") * directions[n]) for n in names)
    assert float(inner) == pytest.approx(float(np.sum(upstream * found)), rel=1e-10)


@pytest.mark.parametrize("loss", ["squared_error", "softmax_cross_entropy"])
def test_gauss_newton(loss):
    arrays = numbers(loss)
    names = ("W1", "b1", "W2", "b2")
    directions = directions_of(arrays, names)
    second = derive.gauss_newton_vector(network(loss))
    moved = {f"v_{n}": a for n, a in directions.items()}
    run = values_of(second, {**arrays, **moved})
    assert [second.adjoint[n] for n in names] == [f"Gv_{n}" for n in names]

    def of_outputs(z):
        if loss == "squared_error":
            return anp.sum((z - arrays["t"]) ** 2) / 10
        logs = z - anp.log(anp.sum(anp.exp(z), axis=1, keepdims=True))
        return -anp.sum(arrays["t"] * logs) / 5

    here = outputs(arrays, arrays["x"])
    curved = autograd_hessian(of_outputs)(here)
    jacobians = {
        n: autograd_jacobian(lambda a, n=n: outputs({**arrays, n: a}, arrays["x"]))(arrays[n])
        for n in names
    }
    moves = sum(np.tensordot(jacobians[n], directions[n], np.ndim(arrays[n])) for n in names)
    pushed = np.tensordot(curved, moves, 2)
    for name in names:
        wanted = np.tensordot(pushed, jacobians[name], 2)
        found = run.array(second.adjoint[name]).astype(float)
        np.testing.assert_allclose(found, wanted, rtol=1e-8, atol=1e-12)


def test_what_cannot_be_asked():
    system = parse("E = w**2 + 0*u", parameters=["w", "u"], objective="E")
    with pytest.raises(ChainruleError, match="there is no output"):
        derive.gauss_newton_vector(system)
    with pytest.raises(ChainruleError, match="unknown tensor 'v'"):
        derive.hessian_vector(system, ["v"])
    with pytest.raises(ChainruleError, match="depends on nothing"):
        derive.hessian_vector(system, ["u"])


@pytest.mark.parametrize("job", [codegen.emit, derive.check])
def test_a_system_is_told_from_a_derivation(job):
    again = derive.hessian(derive.load("generated/gender/gender.toml"))
    with pytest.raises(ChainruleError, match="is a system, no derivation; differentiate it first"):
        job(again)
