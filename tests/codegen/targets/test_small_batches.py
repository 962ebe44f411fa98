"""A batch of no rows is refused in words, by `loss` and `gradients`; one row is a batch."""

import warnings
from typing import Any

import numpy as np
import pytest

from tests.oracles import MODELS
from tests.oracles.against_autograd import derivation_of, module_of
from tests.oracles.model import OracleModel


def data(model: OracleModel, rows: int) -> list[Any]:
    batch = derivation_of(model).system.batch
    assert batch is not None
    shapes = model.shapes(**{batch: rows})
    rng = np.random.default_rng(3)
    return [
        rng.integers(0, model.integers[name], shapes[name])
        if name in model.integers
        else rng.normal(size=shapes[name])
        for name in (*model.inputs, *model.targets)
    ]


def batched(model: OracleModel) -> bool:
    """Whether a batch of any size goes in; one input of `clip` has five rows."""
    dims = {extent for shape in model.leaves.values() for extent in shape}
    return bool(dims & set(model.batch) & model.runtime.keys()) and model.name != "clip"


pytestmark = pytest.mark.sampled
every_batch = pytest.mark.parametrize(
    "model", [pytest.param(m, id=m.name) for m in MODELS if batched(m)]
)


@every_batch
def test_no_rows_are_refused(model: OracleModel) -> None:
    module = module_of(derivation_of(model))
    for function in (module.loss, module.gradients):
        with pytest.raises(ValueError, match="the batch has 0 rows, and there is nothing to"):
            function(module.init_params(), *data(model, 0))


@every_batch
def test_one_row_is_a_batch(model: OracleModel) -> None:
    module = module_of(derivation_of(model))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value, gradient = module.gradients(module.init_params(), *data(model, 1))
    assert np.isfinite(value)
    assert all(np.isfinite(slope).all() for slope in gradient.values())
