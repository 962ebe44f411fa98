"""Newton's method and the natural gradient: against loops of NumPy alone, and the interpreter."""

import numpy as np
import pytest

import codegen
from codegen.verify import verify_module
from derive import ChainruleError, differentiate, loads
from derive.language.printer import equation_text
from derive.semantics.interpreter import Interpreter

LOGISTIC = """
name = "logistic"
inputs = { x = [3] }
[[layers]]
type = "dense"
units = 1
[loss]
type = "binary_cross_entropy_with_logits"
[optimizer]
"""
NET = """
name = "net"
inputs = {{ x = [3] }}
[[layers]]
type = "dense"
units = 2
activation = "tanh"
[[layers]]
type = "dense"
units = 3
[loss]
type = "{loss}"
[optimizer]
"""


def made(text, optimizer, dtype="float64"):
    derivation = differentiate(loads(text + optimizer))
    return derivation, codegen.load_module(codegen.emit(derivation, dtype=dtype))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def data(batch=20):
    source = np.random.default_rng(5)
    x = source.normal(size=(batch, 3))
    return x, (x @ [1.0, -2.0, 0.5] + source.normal(size=batch) > 0).astype(float)[:, None]


def test_newton_is_at_the_minimum_of_a_quadratic_after_one_step():
    text = "E = sum(i,j, x[i]*Q[i,j]*x[j])/2 - sum(i, c[i]*x[i])"
    spec = f"""
name = "quadratic"
equations = "{text}"
parameters = ["x"]
inputs = ["Q", "c"]
objective = "E"
sizes = {{ i = 4, j = 4 }}
[optimizer]
type = "newton"
"""
    module = codegen.load_module(codegen.emit(differentiate(loads(spec))))
    source = np.random.default_rng(0)
    root = source.normal(size=(4, 4))
    matrix, c = root @ root.T + np.eye(4), source.normal(size=4)
    params = {"x": source.normal(size=4)}
    module.train_step(params, module.init_state(params), matrix, c)
    np.testing.assert_allclose(params["x"], np.linalg.solve(matrix, c), rtol=1e-10)


@pytest.mark.parametrize(("rate", "damping"), [(1, 0), (0.5, 0.01)])
def test_newton_of_logistic_regression(rate, damping):
    """Five steps as by hand: the gradient X'(p - t)/N, the Hessian X' diag(p(1 - p)) X/N."""
    _, module = made(LOGISTIC, f'type = "newton"\nlearning_rate = {rate}\ndamping = {damping}')
    x, t = data()
    params = module.init_params(1)
    state = module.init_state(params)
    theta = np.append(params["W1"][0], params["b1"])
    ones = np.hstack([x, np.ones((len(x), 1))])
    for _ in range(5):
        p = sigmoid(ones @ theta)
        gradient = ones.T @ (p - t[:, 0]) / len(x)
        hessian = (ones * (p * (1 - p))[:, None]).T @ ones / len(x)
        theta = theta - rate * np.linalg.solve(hessian + damping * np.eye(4), gradient)
        module.train_step(params, state, x, t)
        np.testing.assert_allclose(np.append(params["W1"][0], params["b1"]), theta, atol=1e-10)


def parts(params):
    return np.concatenate([params[n].ravel() for n in ("W1", "b1", "W2", "b2")])


def jacobian(params, x):
    """The outputs' derivatives by all parameters: (samples, outputs, parameters)."""
    w1, b1, w2 = params["W1"], params["b1"], params["W2"]
    h = np.tanh(x @ w1.T + b1)
    found = []
    for n in range(len(x)):
        slope = w2 * (1 - h[n] ** 2)
        dw1 = slope[:, :, None] * x[n]
        dw2 = np.eye(3)[:, :, None] * h[n]
        found.append(np.hstack([dw1.reshape(3, -1), slope, dw2.reshape(3, -1), np.eye(3)]))
    return np.array(found), h @ w2.T + params["b2"]


@pytest.mark.parametrize("loss", ["squared_error", "softmax_cross_entropy"])
def test_the_natural_gradient(loss):
    """Five steps by J' F J: F is the identity, or diag(p) - pp' of the predicted distribution."""
    damping = 0.01
    settings = f'type = "natural_gradient"\nlearning_rate = 0.7\ndamping = {damping}'
    _, module = made(NET.format(loss=loss), settings)
    x, _ = data(6)
    source = np.random.default_rng(3)
    t = np.eye(3)[source.integers(0, 3, 6)]
    params = module.init_params(2)
    theta = parts(params)
    state = module.init_state(params)
    for _ in range(5):
        found, z = jacobian(params, x)
        if loss == "squared_error":
            error, inner = z - t, [np.eye(3)] * 6
        else:
            p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
            error, inner = p - t, [np.diag(row) - np.outer(row, row) for row in p]
        gradient = np.einsum("noa,no->a", found, error) / 6
        fisher = sum(j.T @ f @ j for j, f in zip(found, inner, strict=True)) / 6
        theta = theta - 0.7 * np.linalg.solve(fisher + damping * np.eye(17), gradient)
        module.train_step(params, state, x, t)
        np.testing.assert_allclose(parts(params), theta, atol=1e-10)


@pytest.mark.parametrize("optimizer", ["newton", "natural_gradient"])
def test_the_module_steps_as_the_equations_say(optimizer):
    settings = f'type = "{optimizer}"\ndamping = 0.3\nlearning_rate = 0.4'
    derivation, module = made(NET.format(loss="softmax_cross_entropy"), settings)
    x, _ = data(5)
    t = np.random.default_rng(3).uniform(size=(5, 3))
    params = module.init_params(4)
    wanted = run(derivation, params, x, t, {"damping": 0.3, "learning_rate": 0.4})
    matrix = getattr(module, derivation.system.training.optimizer.curvature)(params, x, t)
    found = wanted.array(derivation.curvature[-1].tensor).astype(float)
    np.testing.assert_allclose(matrix, found, atol=1e-12)
    moved = {n: wanted.array(f"next({n})").astype(float) for n in params}
    module.train_step(params, module.init_state(params), x, t)
    for name, array in moved.items():
        np.testing.assert_allclose(params[name], array, atol=1e-10)


def run(derivation, params, x, t, hyper):
    equations = (*derivation.forward, *derivation.backward, *derivation.inlined)
    equations = {e.tensor: e for e in (*equations, *derivation.curvature, *derivation.updates)}
    given = {**params, "x": x, "t": t, **hyper}
    return Interpreter(tuple(equations.values()), derivation.table, given)


def test_the_hessian_is_the_change_of_the_gradient():
    _, module = made(NET.format(loss="squared_error"), 'type = "newton"')
    x, _ = data(4)
    t = np.random.default_rng(3).normal(size=(4, 3))
    params = module.init_params(4)
    hessian = module.hessian(params, x, t)
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-12)
    step, column = 1e-6, 0
    for name in ("W1", "b1", "W2", "b2"):
        for place in np.ndindex(params[name].shape):
            ends = []
            for sign in (1, -1):
                moved = {n: a.copy() for n, a in params.items()}
                moved[name][place] += sign * step
                ends.append(parts(module.gradients(moved, x, t)[1]))
            rate = (ends[0] - ends[1]) / (2 * step)
            np.testing.assert_allclose(hessian[:, column], rate, atol=1e-8)
            column += 1


def test_its_update_as_equations():
    derivation, _ = made(LOGISTIC, 'type = "newton"')
    told = [equation_text(e) for e in derivation.updates]
    assert told[-5:] == [
        "A[a,b] = H[a,b] + damping*delta(a, b)",
        "A_inv[a,b] = inv(A)[a,b]",
        "d[a] = sum(b, A_inv[a,b]*g[b])",
        "next(W1)[i,j] = W1[i,j] - learning_rate*d[3*i+j]",
        "next(b1)[i] = b1[i] - learning_rate*d[i+3]",
    ]


def test_what_is_refused():
    large = NET.format(loss="squared_error").replace("units = 2", "units = 400")
    with pytest.raises(ChainruleError, match="all 2803 parameters, and 2000 are the most"):
        made(large, 'type = "newton"')
    noisy = NET.format(loss="squared_error").replace(
        "[loss]", '[[layers]]\ntype = "dropout"\n[loss]'
    )
    with pytest.raises(ChainruleError, match="without random draws"):
        made(noisy, 'type = "newton"')
    with pytest.raises(ChainruleError, match="momentum"):
        made(LOGISTIC, 'type = "newton"\nmomentum = 0.9')


POISSON = """
name = "poisson"
equations = '''
z[n] = sum(j, w[j]*x[n,j]) + b
E = mean(n, exp(z[n]) - t[n]*z[n]) + 0.05*sum(j, w[j]**2)
'''
parameters = ["w", "b"]
inputs = ["x"]
targets = ["t"]
objective = "E"
batch = "n"
sizes = { j = 3 }
[optimizer]
type = "newton"
"""


def test_a_scalar_parameter_and_a_value_that_only_the_hessian_reads():
    """`hessian` missed z, and numbers couldn't be joined to a vector."""
    derivation, module = made(POISSON, "")
    x, t = data()
    params = module.init_params(1)
    state = module.init_state(params)
    for _ in range(8):
        module.train_step(params, state, x, t[:, 0])
    rate = np.exp(x @ params["w"] + params["b"]) - t[:, 0]
    np.testing.assert_allclose(x.T @ rate / len(x) + 0.1 * params["w"], 0, atol=1e-12)
    np.testing.assert_allclose(rate.mean(), 0, atol=1e-12)
    assert all(row.ok for row in verify_module(derivation))


def test_check_sees_an_update_that_goes_elsewhere(monkeypatch):
    derivation = differentiate(loads(POISSON))
    source = codegen.emit(derivation, dtype="float64")
    assert "learning_rate * d[3]" in source
    wrong = codegen.load_module(source.replace("learning_rate * d[3]", "learning_rate * d[2]"))
    monkeypatch.setattr("codegen.verify._module", lambda _: wrong)
    told = {row.name: row.verdict for row in verify_module(derivation)}
    assert told["update"] == "wrong"
