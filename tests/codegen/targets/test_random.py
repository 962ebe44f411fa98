"""Random systems of the language as emitted modules, against autograd.

A seed that failed becomes a row of `tests/has_failed`;
`python -m tests.codegen.targets.test_random 600 900` looks for more, with a 1 behind it where all
axes are of one length.
"""

import sys

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


@pytest.mark.parametrize("seed", range(1000, 1060))
def test_seed_of_axes_alike(seed):
    check(random_model(seed, alike=True))


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(model=systems())
def test_drawn(model):
    check(model)


def main(first: int, last: int, alike: int = 0) -> None:
    """Say which seeds of a range fail."""
    for seed in range(first, last):
        try:
            check(random_model(seed, bool(alike)))
        except Exception as error:
            print(seed, type(error).__name__, str(error).splitlines()[0][:150], flush=True)


if __name__ == "__main__":
    main(*(int(a) for a in sys.argv[1:]))
