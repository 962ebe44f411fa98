"""Every entry of the catalogue against the figures that PyTorch gave, in float64 and float32."""

import warnings
from importlib import import_module

import numpy as np
import pytest

import codegen
from derive.semantics.interpreter import Interpreter
from tests.figures import FAMILIES
from tests.figures.case import Case, figures

pytestmark = pytest.mark.sampled

SAME = 1e-9
SINGLE = 1e-4
CASES = [
    pytest.param(family, case, id=f"{family}-{case.name}")
    for family in FAMILIES
    for case in import_module(f"tests.figures.{family}").CASES
]


def near(found, wanted, tolerance, least=1e-3):
    found, wanted = np.asarray(found), np.asarray(wanted)
    assert found.shape == wanted.shape
    largest = max(float(np.max(np.abs(wanted), initial=0.0)), least)
    return float(np.max(np.abs(found - wanted), initial=0.0)) <= tolerance * largest


def run(derivation, case: Case, arrays, dtype):
    """Loss and gradients by the emitted module; a warning is an error."""
    module = codegen.load_module(codegen.emit(derivation, dtype=np.dtype(dtype).name, part="math"))
    system = derivation.system
    params = {
        t.name: np.asarray(arrays[t.name], dtype) for t in system.having("parameter", "buffer")
    }
    given = [
        np.asarray(arrays[t.name]) for t in (*system.having("input"), *system.having("target"))
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return module.gradients(params, *given, inputs=True, training=case.training)


@pytest.mark.parametrize(("family", "case"), CASES)
def test_the_module_and_the_interpreter_agree_with_pytorch(family, case):
    figure = figures(family)[case.name]
    derivation = case.derivation()
    arrays = {n: np.asarray(a) for n, a in figure["arrays"].items()}
    drawn = case.arrays(derivation)
    assert drawn.keys() == arrays.keys()
    assert all(np.array_equal(drawn[n], arrays[n]) for n in arrays)
    loss, gradients = run(derivation, case, arrays, np.float64)
    assert near(loss, figure["E"], SAME)
    wrong = [n for n, g in figure["gradients"].items() if not near(gradients[n], g, SAME)]
    assert not wrong
    single_loss, single = run(derivation, case, arrays, np.float32)
    assert near(single_loss, figure["E"], SINGLE)
    # what is 0 (a bias of keys changes no attention) is a sum of terms as large as the others
    least = max([1e-3, *(1e-2 * np.max(np.abs(g)) for g in figure["gradients"].values())])
    wrong = [n for n, g in figure["gradients"].items() if not near(single[n], g, SINGLE, least)]
    assert not wrong
    if not case.training:
        leaves = dict(arrays)
        for name, draw in derivation.system.training.draws:
            mean = sum(dict(draw.attributes).values()) / max(len(draw.attributes), 1)
            leaves[name] = np.full(arrays["x"].shape if draw.role == "random" else (), mean)
        meant = Interpreter(
            (*derivation.forward, *derivation.backward, *derivation.inlined),
            derivation.table,
            leaves,
        )
        assert near(float(meant.value(derivation.objective)), figure["E"], SAME)
        for name, gradient in figure["gradients"].items():
            found = meant.array(derivation.adjoint[name])
            assert near(found.astype(float), gradient, SAME)
