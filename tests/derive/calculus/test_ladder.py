"""The ladder: interpreter and autograd, differences in fifty digits, every step, SymPy's diff.

The engine is compared with things that share nothing with it, over every model of the oracles.
"""

from functools import cache

import numpy as np
import pytest

from derive import differentiate
from derive.calculus.differentiate import as_system
from derive.checks.exact import check_exact
from derive.checks.numeric import Numbers, check_gradients, check_steps
from derive.checks.points import draw, run_time_extents, work
from derive.checks.short_axes import instance
from derive.ir.derivation import Derivation
from derive.semantics.interpreter import Interpreter
from tests.oracles import MODELS
from tests.oracles.against_autograd import differences, reference, system_of
from tests.oracles.model import OracleModel
from tests.oracles.random_systems import random_model
from tests.oracles.reference import evaluate

pytestmark = pytest.mark.sampled

MOST_NUMERIC = 1500  # bodies; what is larger is checked over shorter axes
MOST_EXACT = 250
MOST_TWICE = 100

every_model = pytest.mark.parametrize("model", MODELS, ids=lambda m: m.name)
with_output = pytest.mark.parametrize(
    "model", [m for m in MODELS if m.output and m.output != m.objective], ids=lambda m: m.name
)


@cache
def derivation_of(model: OracleModel) -> Derivation:
    return differentiate(system_of(model))


def equations_of(derivation):
    return (*derivation.forward, *derivation.backward, *derivation.inlined)


def check_numbers(derivation, seed=0, first=2):
    """All steps and all gradients of a derivation, in fifty digits."""
    derivation = instance(derivation, MOST_NUMERIC)
    extents = run_time_extents(derivation, first)
    if work(equations_of(derivation), extents) > MOST_NUMERIC:
        extents = run_time_extents(derivation, first, 2)
    numbers = Numbers(derivation, draw(derivation, seed, extents), extents)
    rows = [*check_steps(numbers, seed), *check_gradients(numbers, seed)]
    assert not [row for row in rows if row.verdict != "agrees"]


def interpreted(model, arrays):
    derivation = derivation_of(model)
    run = Interpreter(equations_of(derivation), derivation.table, arrays)
    gradients = {
        name: run.array(derivation.adjoint[name])
        if name in derivation.adjoint
        else np.zeros_like(arrays[name])
        for name in model.differentiated
    }
    return run, (run.value(model.objective), gradients)


@every_model
def test_the_interpreter_agrees_with_autograd(model):
    arrays = model.example(**dict.fromkeys(model.runtime, 2))
    run, found = interpreted(model, arrays)
    assert not differences(found, reference(model, arrays))
    if model.output:
        with np.errstate(all="ignore"):
            _, output = evaluate(model, arrays)
        np.testing.assert_allclose(run.array(model.output), output, rtol=1e-9, atol=1e-12)


@every_model
def test_steps_and_differences(model):
    check_numbers(derivation_of(model))


@pytest.mark.parametrize("model", MODELS[::3], ids=lambda m: m.name)
def test_a_batch_of_one(model):
    check_numbers(derivation_of(model), seed=1, first=1)


@pytest.mark.parametrize("model", MODELS[::2], ids=lambda m: m.name)
def test_exactly(model):
    derivation = instance(derivation_of(model), MOST_EXACT)
    extents = run_time_extents(derivation, most=3)
    if work(equations_of(derivation), extents) > MOST_EXACT:
        extents = run_time_extents(derivation, 1, 2)
    rows = list(check_exact(derivation, draw(derivation, 0, extents), extents))
    assert not [row for row in rows if row.verdict not in ("identical", "agrees")]


@with_output
def test_a_random_upstream_derivative(model):
    derivation = differentiate(system_of(model), of=model.output)
    check_numbers(derivation)


@pytest.mark.parametrize("model", MODELS[2::5], ids=lambda m: m.name)
def test_the_second_derivative(model):
    first = instance(derivation_of(model), MOST_TWICE)
    gradient = first.adjoint[first.wrt[0]]
    check_numbers(differentiate(as_system(first), of=gradient, wrt=first.wrt))


@pytest.mark.parametrize("seed", range(60))
def test_random_systems(seed):
    model = random_model(10_000 + seed)
    arrays = model.example()
    _, found = interpreted(model, arrays)
    assert not differences(found, reference(model, arrays))
    check_numbers(derivation_of(model), seed)
