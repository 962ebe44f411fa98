"""Random systems of the language as emitted modules, against autograd.

A seed that failed becomes a row of `tests/has_failed`; `python -m tests.samples systems 600 900`
looks for more.
"""

import pytest
from hypothesis import HealthCheck, given, settings

from tests.oracles.against_autograd import check_against_autograd, emitted
from tests.oracles.model import OracleModel
from tests.oracles.random_systems import random_model, systems

pytestmark = pytest.mark.sampled


def check(model: OracleModel) -> None:
    """Two sizes of the batch, by one module."""
    module = emitted(model)
    check_against_autograd(model, module)
    if model.runtime:
        check_against_autograd(model, module, **dict.fromkeys(model.runtime, 1))


@pytest.mark.parametrize("seed", range(120))
def test_seed(seed):
    check(random_model(seed))


# 1038 divides by x[i] - x[i], where all axes are alike, and is refused
@pytest.mark.parametrize("seed", [s for s in range(1000, 1060) if s != 1038])
def test_seed_of_axes_alike(seed):
    check(random_model(seed, alike=True))


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(model=systems())
def test_drawn(model):
    check(model)
