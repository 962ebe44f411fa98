"""Activations far out, against 900 digits: within 4 ulp, or `docs/numbers.md` says why not."""

import re
import warnings
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from codegen import emit, load_module
from derive import catalogue, differentiate, load
from derive.semantics.interpreter import Interpreter
from derive.semantics.number_systems import many_digits

DIGITS = many_digits(900)  # 1 - tanh(1000)**2 has 869 digits before the first that isn't 0
POINTS = [0, 1e-30, -1e-30, 1, -1, 5, -5, 30, -30, 1e3, -1e3, 1e20, -1e20]
ROWS = [[1000, 999, 0], [-1e3, 0, 5], [1e20, -1e20, 0], [2, 2, 2], [1e-30, 0, -1e-30]]
ALONG = ("softmax", "log_softmax", "softmin")
SETTINGS = {"threshold": {"threshold": 0.5, "value": 0.25}}
# these read parameters, random numbers or two halves, and are made of what stands here
APART = {"prelu", "rrelu", "glu", "swiglu", "geglu"}
ULP = 4
NAMES = sorted({e.name for e in catalogue.ACTIVATIONS} - APART)
PAGE = Path(__file__).parents[3] / "docs" / "numbers.md"


@cache
def told():
    """The rows of the page: entry, and value or slope."""
    rows = re.findall(r"^\| `(\w+)` \| (value|slope) \|", PAGE.read_text(), re.MULTILINE)
    return frozenset(rows)


def exact(array):
    return np.vectorize(lambda v: Fraction(float(v)), otypes=[object])(array)


def ulps(found, wanted, dtype):
    """How far a number is from the right one, in units of its last place."""
    info = np.finfo(dtype)
    right = float(wanted)
    if abs(right) > float(info.max):
        return 0.0 if not np.isfinite(found) else np.inf
    if not np.isfinite(found):
        return np.inf
    unit = float(np.spacing(dtype(max(abs(right), float(info.tiny)))))
    return abs(float((DIGITS.number(Fraction(float(found))) - wanted) / DIGITS.number(unit)))


@cache
def worst(name, dtype):
    """The largest errors of an activation's value and slope, each with its place."""
    x = np.array(ROWS if name in ALONG else [POINTS], dtype)
    layers = [{"type": name, **SETTINGS.get(name, {})}]
    loss = {"equations": "E = sum(n, ..., t[n,...]*y[n,...])"}
    spec = {"inputs": {"x": [x.shape[1]]}, "layers": layers, "loss": loss}
    derivation = differentiate(load(spec))
    module = load_module(emit(derivation, dtype=dtype.__name__, part="math"))
    t = np.zeros_like(x) if name in ALONG else np.ones_like(x)
    t[:, 0] = 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # 1e20 squared is infinite in float32
        value = module.forward({}, x)
        _, gradients = module.gradients({}, x, t, inputs=True)
    equations = (*derivation.forward, *derivation.backward, *derivation.inlined)
    given = {"x": exact(x), "t": exact(t)}
    right = Interpreter(equations, derivation.table, given, DIGITS, {})
    found = {}
    for what, array, tensor in (
        ("value", value, derivation.system.output),
        ("slope", gradients["x"], derivation.adjoint["x"]),
    ):
        errors = {p: ulps(array[p], right.value(tensor, p), dtype) for p in np.ndindex(*x.shape)}
        place = max(errors, key=errors.get)
        found[what] = (errors[place], float(x[place]))
    return found


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_within_four_units_or_the_page_says_why_not(name, dtype):
    for what, (error, place) in worst(name, dtype).items():
        if (name, what) not in told():
            assert error <= ULP, f"{what} at {place:g}: {error:.3g} units in the last place"


def test_the_page_has_no_row_that_is_no_longer_so():
    for name, what in told():
        assert max(worst(name, d)[what][0] for d in (np.float64, np.float32)) > ULP / 2, name


def test_a_slope_is_not_told_through_a_difference_of_large_numbers():
    """tanhshrink' was (x - y)**2, which is 0 at 1e20; it is tanh(x)**2, 1."""
    assert worst("tanhshrink", np.float64)["slope"][0] <= ULP
