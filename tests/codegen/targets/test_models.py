"""Every model of the oracles as an emitted module, against autograd."""

import sys
from contextlib import contextmanager

import numpy as np
import pytest

from codegen.pipeline import emit
from codegen.targets.numpy.load_module import load_module
from derive.calculus.differentiate import differentiate
from derive.specs.load import load_text
from derive.specs.parse import parse
from tests.oracles import MODELS
from tests.oracles.against_autograd import (
    check_against_autograd,
    derivation_of,
    differences,
    module_of,
    run,
)

pytestmark = pytest.mark.sampled

SINGLE = 2e-5
IN_DOUBLE = {
    "_in_blocks",
    "block",
    "_tail",
    "_polynomial",
}  # erf and normcdf, which round at the end
every_model = pytest.mark.parametrize(
    "model", [pytest.param(m, id=m.name) for m in MODELS], scope="module"
)


@every_model
def test_loss_and_gradients(model):
    module = module_of(derivation_of(model))
    check_against_autograd(model, module)
    check_against_autograd(model, module, **dict.fromkeys(model.runtime, 1))


@every_model
def test_a_batch_of_two_by_the_same_module(model):
    """Nothing of one call stays for the next, and no argument is changed."""
    module = module_of(derivation_of(model))
    arrays = model.example()
    before = {name: a.copy() for name, a in arrays.items()}
    first = run(module, model, arrays)
    run(module, model, model.example(**dict.fromkeys(model.runtime, 2)))
    assert not differences(run(module, model, arrays), first, 0)
    assert all(np.array_equal(arrays[name], before[name]) for name in arrays)


@every_model
def test_single_precision_stays_single(model):
    single = {
        n: a if a.dtype.kind == "i" else a.astype(np.float32) for n, a in model.example().items()
    }
    double = {n: a if a.dtype.kind == "i" else a.astype(float) for n, a in single.items()}
    derivation = derivation_of(model)
    with other_than(np.float32) as found:
        loss, gradients = run(module_of(derivation, "float32"), model, single)
    assert found == []
    assert type(loss) is float
    assert {g.dtype for g in gradients.values()} <= {np.dtype(np.float32)}
    wanted = run(module_of(derivation), model, double)
    assert not differences((loss, gradients), wanted, SINGLE, least=0.1)


@contextmanager
def other_than(kind: type):
    """The local variables of emitted functions that end up as floats of another kind."""
    found: list[str] = []

    def look(frame, event, _argument):
        if event == "return" and frame.f_code.co_filename.startswith("<emitted"):
            found.extend(
                f"{frame.f_code.co_name}: {name}"
                for name, value in frame.f_locals.items()
                if frame.f_code.co_name not in IN_DOUBLE
                and isinstance(value, np.ndarray | np.floating)
                and value.dtype.kind == "f"
                and value.dtype != kind
            )

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield found
    finally:
        sys.setprofile(before)


MOVING = """
equations = '''
z[n,j] = 2*x[n,j]*mask[n,j]
m[j] = mean(n, z[n,j])
y[n,i] = sum(j, W[i,j]*(z[n,j] - m[j]))
E = mean(n,i, (y[n,i] - t[n,i])**2)
next(r)[j] = 0.9*r[j] + 0.1*m[j]
next(count) = count + 1
'''
objective = "E"
inputs = ["x"]
targets = ["t"]
batch = "n"
sizes = { j = 3, i = 2 }
parameters = ["W"]
buffers = ["r", "count"]
random = { mask = { distribution = "bernoulli", p = 0.5 } }
"""


def test_a_step_draws_once_for_the_gradients_and_the_buffers():
    module = load_module(emit(differentiate(load_text(MOVING))))
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    params = module.init_params()
    before = {name: value.copy() for name, value in params.items()}
    mask = np.random.default_rng(4).random((6, 3)) < 0.5
    loss, gradient = module.gradients(before, x, t, training=True, rng=np.random.default_rng(4))
    told = module.train_step(params, module.init_state(params), x, t, rng=np.random.default_rng(4))
    assert told == loss
    np.testing.assert_allclose(params["W"], before["W"] - 0.1 * gradient["W"])
    np.testing.assert_allclose(params["r"], 0.1 * (2 * x * mask).mean(axis=0))
    assert params["count"] == 1


def test_gradients_are_arrays_of_their_own():
    """A caller may clip them in place."""
    text = "E = sum(i, x[i]*w[i]) + sum(i,j, v[i] + l[i,j]*u[j,i])"
    spec = {"parameters": ["w", "v", "u", "l"], "inputs": ["x"], "sizes": {"i": 3, "j": 2}}
    module = load_module(emit(differentiate(parse(text, objective="E", **spec))))
    params, x = module.init_params(), np.ones(3)
    before = {name: value.copy() for name, value in params.items()}
    _, gradient = module.gradients(params, x, inputs=True)
    for value in gradient.values():
        value[...] = 0
    assert np.array_equal(x, np.ones(3))
    assert all(np.array_equal(params[name], before[name]) for name in params)
