"""Optimisers step by step, against the figures that PyTorch gave."""

import numpy as np
import pytest

from codegen import emit, load_module
from derive import catalogue
from tests.figures.case import figures
from tests.figures.optimizers import COURSES, STEPS

pytestmark = pytest.mark.sampled

SAME = 1e-10


@pytest.mark.parametrize("course", COURSES, ids=lambda c: c.name)
def test_twenty_steps(course):
    figure = figures("optimizers")[course.name]
    module = load_module(emit(course.derivation()))
    arrays = course.arrays()
    params = {name: arrays[name] for name in module.PARAMETERS}
    state = module.init_state(params)
    for step in range(STEPS):
        loss = module.train_step(params, state, arrays["x"], arrays["t"])
        assert loss == pytest.approx(figure["losses"][step], rel=SAME)
    for name, wanted in figure["parameters"].items():
        np.testing.assert_allclose(params[name], wanted, rtol=SAME, atol=SAME)


def test_every_optimizer_is_run():
    assert {entry for course in COURSES for entry in course.entries} == {
        name for name, row in catalogue.OPTIMIZER.items() if not row.curvature
    }


@pytest.mark.parametrize("course", COURSES, ids=lambda c: c.name)
def test_single_precision_stays_single(course):
    module = load_module(emit(course.derivation(), dtype="float32"))
    arrays = {name: value.astype(np.float32) for name, value in course.arrays().items()}
    params = {name: arrays[name] for name in module.PARAMETERS}
    state = module.init_state(params)
    for _ in range(3):
        module.train_step(params, state, arrays["x"], arrays["t"])
    assert {value.dtype for value in params.values()} == {np.dtype(np.float32)}
    kept = [value for value in state.values() if isinstance(value, dict)]
    assert {a.dtype for values in kept for a in values.values()} <= {np.dtype(np.float32)}
