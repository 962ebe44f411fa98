"""Every model of the oracles as an emitted module, against autograd."""

import sys
from contextlib import contextmanager

import numpy as np
import pytest

from tests.against_autograd import (
    check_against_autograd,
    derivation_of,
    differences,
    module_of,
    run,
)
from tests.oracles import MODELS

SINGLE = 2e-5
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
                if isinstance(value, np.ndarray | np.floating)
                and value.dtype.kind == "f"
                and value.dtype != kind
            )

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield found
    finally:
        sys.setprofile(before)
