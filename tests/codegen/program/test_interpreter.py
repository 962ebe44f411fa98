"""One meaning: a module as data, before and after each pass, gives what its NumPy text gives."""

import numpy as np
import pytest

from codegen import emit, load_module
from codegen.program.interpreter import Interpreter
from derive.catalogue import OPTIMIZER
from tests.codegen.program.programs import net, stages
from tests.oracles import MODELS
from tests.oracles.against_autograd import derivation_of, differences, module_of, run
from tests.oracles.random_systems import random_model

DENSE = {"type": "dense", "units": 3, "activation": "tanh"}


def agree(model):
    derivation, arrays = derivation_of(model), model.example()
    wanted = run(module_of(derivation), model, arrays)
    parameters = {name: arrays[name] for name in model.parameters}
    given = [arrays[name] for name in (*model.inputs, *model.targets)]
    for stage, module in stages(derivation):
        with np.errstate(all="ignore"):
            found = Interpreter(module).call("gradients", parameters, *given, inputs=True)
        assert not differences(found, wanted), stage


@pytest.mark.sampled
@pytest.mark.parametrize("model", [pytest.param(m, id=m.name) for m in MODELS])
def test_oracle_models(model):
    agree(model)


@pytest.mark.sampled
@pytest.mark.parametrize("seed", range(60))
def test_random_systems(seed):
    agree(random_model(seed))


@pytest.mark.sampled
@pytest.mark.parametrize("optimizer", [*OPTIMIZER])
def test_three_steps_of_every_optimizer(optimizer):
    trains_alike(net(DENSE, {"type": "dense", "units": 2}, optimizer={"type": optimizer}), (5, 4))


def test_steps_with_clipping_and_a_schedule():
    optimizer = {"type": "sgd", "momentum": 0.9, "clip_norm": 0.1}
    trains_alike(net(DENSE, {"type": "dense", "units": 2}, optimizer=optimizer), (5, 4))


def test_steps_that_draw_and_move_buffers():
    layers = (DENSE, {"type": "dropout", "p": 0.3}, {"type": "batch_norm1d"})
    trains_alike(net(*layers, optimizer={"type": "adam"}), (5, 4))


def trains_alike(derivation, shape):
    """Parameters and state are those of the emitted module after each of three steps."""
    emitted = load_module(emit(derivation, part="math"))
    rng = np.random.default_rng(0)
    x = rng.standard_normal(shape)
    t = rng.standard_normal(emitted.forward(emitted.init_params(), x).shape)
    for _, module in stages(derivation):
        data = Interpreter(module)
        params, other = emitted.init_params(), emitted.init_params()
        state, twin = emitted.init_state(params), data.call("init_state", other)
        alike(twin, state)
        for seed in range(3):
            loss = emitted.train_step(params, state, x, t, rng=np.random.default_rng(seed))
            found = data.call("train_step", other, twin, x, t, rng=np.random.default_rng(seed))
            np.testing.assert_allclose(found, loss, rtol=1e-7)
            alike(other, params)
            alike(twin, state)


def alike(found, wanted):
    assert found.keys() == wanted.keys()
    for key, value in wanted.items():
        if isinstance(value, dict):
            alike(found[key], value)
        else:
            np.testing.assert_allclose(found[key], value, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_place_by_place(kind):
    derivation = net({"type": kind, "units": 3}, shape=("s", 2))
    emitted = load_module(emit(derivation, part="math"))
    params = emitted.init_params()
    x = np.random.default_rng(0).standard_normal((4, 5, 2))
    whole = emitted.forward(params, x)
    for _, module in stages(derivation):
        data = Interpreter(module)
        state = data.call("init_step", params, batch=4)
        for place in range(5):
            y, state = data.call("step", params, state, x[:, place])
            np.testing.assert_allclose(y, whole[:, place], rtol=1e-12)
