"""Training steps in C lead where the program's interpreter leads."""

import numpy as np
import pytest

from codegen.program.interpreter import Interpreter
from derive.calculus.differentiate import differentiate
from derive.catalogue import OPTIMIZER
from derive.specs.load import load
from tests.codegen.commands.running import GENDER
from tests.codegen.program.programs import net, stages
from tests.codegen.program.test_interpreter import alike
from tests.codegen.targets.c.compiled import Compiled, Training, needs_compiler

pytestmark = needs_compiler

DENSE = {"type": "dense", "units": 3, "activation": "tanh"}


def trains_alike(derivation, shape, folder):
    """Parameters and state are those of the interpreter after each of three steps."""
    *_, (_, module) = stages(derivation)
    data = Interpreter(module)
    compiled = Compiled(module, folder)
    rng = np.random.default_rng(0)
    table = {t.name: t for t in derivation.system.tensors}
    params = {
        name: abs(rng.normal(size=[e.number for e in table[name].shape]))
        for name in compiled.stored
    }
    state = data.call("init_state", params)
    training = Training(compiled, params)
    x = rng.standard_normal(shape)
    t = rng.standard_normal(np.shape(data.call("forward", params, x)))
    for _ in range(3):
        loss = data.call("train_step", params, state, x, t)
        np.testing.assert_allclose(training.step(x, t), loss, rtol=1e-9)
        found, kept = training.now()
        alike(found, params)
        alike(kept, {k: v for k, v in state.items() if k in kept})
        assert not [v for k, v in state.items() if k not in kept and v != {}]


def test_the_net_of_the_demonstration(tmp_path):
    trains_alike(differentiate(load(GENDER)), (8, 2), tmp_path)


@pytest.mark.sampled
@pytest.mark.parametrize("optimizer", OPTIMIZER)
def test_every_optimizer(optimizer, tmp_path):
    layers = DENSE, {"type": "dense", "units": 2}
    trains_alike(net(*layers, optimizer={"type": optimizer}), (5, 4), tmp_path)


def test_clipping(tmp_path):
    optimizer = {"type": "sgd", "momentum": 0.9, "clip_norm": 0.1}
    trains_alike(net(DENSE, {"type": "dense", "units": 2}, optimizer=optimizer), (5, 4), tmp_path)


def test_buffers_that_move(tmp_path):
    trains_alike(net(DENSE, {"type": "batch_norm1d"}), (5, 4), tmp_path)
