"""What peers make of a program is what the module computes: its objective, its optimiser's step."""

import numpy as np
import pytest

from codegen.bench.contenders import Task, step_of
from codegen.bench.data import extents_of
from codegen.bench.peers.convolution import Walk
from codegen.bench.peers.training import Training
from codegen.pipeline import emit
from codegen.targets.numpy.load_module import load_module
from derive import differentiate, load
from tests.codegen.bench.numpy_library import NumpyLibrary
from tests.codegen.commands.running import ROOT
from tests.oracles import MODELS
from tests.oracles.against_autograd import derivation_of

pytestmark = pytest.mark.sampled


def task_of(derivation):
    return Task(derivation, tuple(extents_of(derivation, None, {}).items()), "float64")


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.name)
def test_the_objective_is_that_of_the_module(model):
    task = task_of(derivation_of(model))
    training = Training(task, NumpyLibrary())
    module = load_module(emit(task.derivation, part="math"))
    with np.errstate(all="ignore"):
        wanted = module.loss(module.init_params(0), *task.data.values())
        assert training.objective(training.held) == pytest.approx(wanted, rel=1e-9, nan_ok=True)


@pytest.mark.parametrize(
    "optimizer",
    [
        {"type": "sgd", "learning_rate": 0.1, "momentum": 0.9},
        {"type": "adam", "clip_norm": 0.1},
        "muon",
        "lion",
    ],
    ids=lambda o: o if isinstance(o, str) else o["type"],
)
def test_the_optimiser_moves_parameters_as_the_module_does(optimizer):
    layers = [{"type": "dense", "units": 3, "activation": "tanh"}, {"type": "dense", "units": 2}]
    net = {"inputs": {"x": [4]}, "layers": layers, "loss": "mse", "optimizer": optimizer}
    task = task_of(differentiate(load(net)))
    training = Training(task, NumpyLibrary())
    module = load_module(emit(task.derivation, part="math"))
    params = module.init_params(0)
    state, data, held = module.init_state(params), tuple(task.data.values()), dict(training.held)
    for _ in range(3):
        _, gradients = module.gradients(params, *data)
        held |= training.moved(held, gradients, training.state)
        module.train_step(params, state, *data)
        for name, value in params.items():
            np.testing.assert_allclose(held[name], value, rtol=1e-9, atol=1e-12)


def test_a_kernel_that_goes_over_the_ends_reads_zeros_there():
    walk = Walk(start=-2, stride=2, count=4, dilation=1, reach=3)
    assert walk.ends(6) == (2, 1)
    assert walk.ends(9) == (2, 0)


@pytest.mark.parametrize("peer", ["torch", "jax"])
@pytest.mark.parametrize("name", ["gender", "gru", "lenet", "transformer_text"])
def test_a_library_that_is_installed_has_the_same_losses(peer, name):
    pytest.importorskip(peer)
    task = task_of(differentiate(load(str(ROOT / "generated" / name / f"{name}.toml"))))
    mine, theirs = step_of("numpy", task), step_of(peer, task)
    assert [theirs() for _ in range(3)] == pytest.approx([mine() for _ in range(3)], rel=1e-8)
