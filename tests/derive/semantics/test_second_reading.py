"""What a text says, read twice: by the project, and by Python's own parser with plain loops.

The two share no code. Every named tensor of every text is compared, so what a reader loses shows.
"""

import re

import numpy as np
import pytest

from derive import parse
from derive.semantics.interpreter import Interpreter
from derive.semantics.number_systems import FLOATS
from tests.oracles import MODELS
from tests.oracles.against_autograd import system_of
from tests.oracles.plain_loops import Model
from tests.oracles.random_systems import random_model

pytestmark = pytest.mark.sampled


def twice(model):
    """Every tensor that the text defines, by both readings."""
    arrays = model.example()
    system = system_of(model)
    ours = Interpreter(system.equations, system.table, arrays, FLOATS, model.runtime)
    batch = {b: model.runtime[b] for b in model.batch}
    loops = Model(model.equations, arrays, model.sizes, batch, model.constants)
    for tensor in loops.equations:
        wanted, found = loops.value(tensor), ours.array(tensor).astype(float)
        assert found.shape == wanted.shape, tensor
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9, err_msg=tensor)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.name)
def test_models_are_read_as_they_are_written(model):
    twice(model)


@pytest.mark.parametrize("seed", range(60))
def test_random_systems_are_read_as_they_are_written(seed):
    twice(random_model(seed, alike=seed % 2 == 1))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60, 400))
def test_more_random_systems_are_read_as_they_are_written(seed):
    twice(random_model(seed, alike=seed % 2 == 1))


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("logsumexp(j, (m < 0)*w)", np.log(3)),
        ("logsumexp(j, 0*w)", np.log(3)),
        ("max(j, j*w) - sum(j, 0*w)", 4.0),
        ("sum(j, delta(j, 1)*w)**2", 4.0),
        ("mean(j, w) + prod(j, 1)", 3.0),
    ],
)
def test_a_reading_loses_nothing(body, value):
    """`logsumexp(j, 0*w)` was 0: lost before anything was compared."""
    text = f"E = {body}"
    arrays = {"w": np.array(2.0), "m": np.array(1.0)}
    assert Model(text, arrays, {"j": 3}).value("E") == pytest.approx(value, rel=1e-12)
    names = [n for n in arrays if re.search(rf"\b{n}\b", body)]
    system = parse(text, parameters=names, objective="E", sizes={"j": 3})
    found = Interpreter(system.equations, system.table, {n: arrays[n] for n in names}).value("E")
    assert found == pytest.approx(value, rel=1e-12)
