"""The catalogue far out, against 900 digits: within 4 ulp, or `docs/numbers.md` says why not."""

import re
import warnings
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from codegen import emit, load_module
from derive import catalogue, differentiate, load, parse
from derive.semantics.interpreter import Interpreter
from derive.semantics.number_systems import many_digits
from tests.derive.catalogue.number_cases import CASES

pytestmark = pytest.mark.sampled

DIGITS = many_digits(900)  # 1 - tanh(1000)**2 has 869 digits before the first that isn't 0
ULP = 4
BY_NAME = {case.name: case for case in CASES}
DTYPES = (np.float64, np.float32)
DENSE = {"type": "dense", "units": 1, "bias": False}
STEPPING = [row.name for row in catalogue.OPTIMIZERS if not row.curvature]
GRADIENTS = (0, 1e-30, 1, -5, 1e3, 1e20)
PAGE = Path(__file__).parents[3] / "docs" / "numbers.md"


@dataclass(frozen=True)
class Row:
    """A row of the page: entries, value, slope or step, in which precisions, and how far off."""

    names: tuple[str, ...]
    what: str
    dtypes: tuple[type, ...]
    units: float


@cache
def rows():
    """The rows of the page. Where one precision alone is named, the other is within four units."""
    found = []
    form = re.compile(r"^\| ((?:`[\w, ]+`(?:, )?)+) \| (\w+) \| (.+) \| (.+) \|$", re.MULTILINE)
    for names, what, where, why in form.findall(PAGE.read_text()):
        only = [d for d in DTYPES if ";" not in where and f"in {d.__name__}" in where]
        units = max(map(float, re.findall(r"(\d+) units", why)), default=0.0)
        found.append(Row(tuple(re.findall("`(.+?)`", names)), what, tuple(only or DTYPES), units))
    return found


def told(name, what, dtype):
    """Whether the page says why an entry isn't within four units."""
    return any(name in r.names and what == r.what and dtype in r.dtypes for r in rows())


def exact(array):
    if array.dtype.kind == "i":
        return array
    return np.vectorize(lambda v: Fraction(float(v)), otypes=[object])(array)


def ulps(found, wanted, dtype, beside):
    """How far a number is from the right one, in units of the last place of it or of another."""
    info = np.finfo(dtype)
    right = max(abs(float(wanted)), beside)
    if right > float(info.max):
        return 0.0 if not np.isfinite(found) else np.inf
    if not np.isfinite(found):
        return np.inf
    unit = float(np.spacing(dtype(max(right, float(info.tiny)))))
    return abs(float((DIGITS.number(Fraction(float(found))) - wanted) / DIGITS.number(unit)))


def computed(case, derivation, module, given):
    """The value and the slopes as the module computes them, by the names of their tensors."""
    system = derivation.system
    params = {t.name: given[t.name] for t in system.having("parameter", "buffer")}
    inputs = [given[t.name] for t in system.having("input")]
    targets = [given[t.name] for t in system.having("target")]
    rng = SimpleNamespace(uniform=lambda *_: given["slope_rrelu1"])
    mode = {"training": True, "rng": rng} if case.training else {}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # 1e20 squared is infinite in float32
        E, slopes = module.gradients(params, *inputs, *targets, inputs=True, **mode)
        if case.is_loss:
            return {system.objective: np.asarray(E)}, slopes
        return {system.output: module.forward(params, *inputs, **mode)}, slopes


@cache
def worst(name, dtype):
    """The largest errors of an entry's value and slope, each with what was given there."""
    case = BY_NAME[name]
    derivation = differentiate(load(case.spec))
    module = load_module(emit(derivation, dtype=dtype.__name__, part="math"))
    equations = (*derivation.forward, *derivation.backward, *derivation.inlined)
    result = {"value": (0.0, ""), "slope": (0.0, "")}
    for sample in case.samples:
        integer = {t.name for t in derivation.tensors if t.integer}
        names = sample.keys() & derivation.table.keys()
        given = {n: np.array(sample[n], int if n in integer else dtype) for n in names}
        values, slopes = computed(case, derivation, module, given)
        read = {n: exact(v) for n, v in given.items()}
        right = Interpreter(equations, derivation.table, read, DIGITS, {})
        slopes = {derivation.adjoint[n]: v for n, v in slopes.items()}
        for what, arrays in (("value", values), ("slope", slopes)):
            for tensor, found in arrays.items():
                error, place = largest(found, right, tensor, dtype, case.joint)
                if error > result[what][0]:
                    result[what] = error, f"{tensor}{list(place)} of {sample}"
    return result


def largest(found, right, tensor, dtype, joint):
    """The largest error in an array, and its place."""
    wanted = {p: right.value(tensor, p) for p in np.ndindex(*np.shape(found))}
    beside = max(abs(float(v)) for v in wanted.values()) if joint else 0.0
    errors = {p: ulps(np.asarray(found)[p], v, dtype, beside) for p, v in wanted.items()}
    place = max(errors, key=errors.get)
    return errors[place], place


@cache
def worst_step(name, dtype):
    """The largest error of an optimiser's first step from 0, with the gradient."""
    spec = {
        "inputs": {"x": [2]},
        "layers": [DENSE],
        "loss": {"equations": "E = sum(n,..., y[n,...])"},
    }
    derivation = differentiate(load({**spec, "optimizer": name}))
    module = load_module(emit(derivation, dtype=dtype.__name__, part="math"))
    equations = (
        *derivation.forward,
        *derivation.backward,
        *derivation.inlined,
        *derivation.updates,
    )
    result = 0.0, ""
    for gradient in GRADIENTS:
        x, weight = np.array([[gradient, 1]], dtype), np.zeros((1, 2), dtype)
        state = module.init_state({"W1": weight})
        given = {"x": exact(x), "W1": exact(weight), **begun(derivation, state)}
        right = Interpreter(equations, derivation.table, given, DIGITS, {})
        params = {"W1": weight}
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            module.train_step(params, state, x)
        error, place = largest(params["W1"], right, "next(W1)", dtype, joint=False)
        result = max(result, (error, f"{place} of {gradient}"))
    return result


def begun(derivation, state):
    """What an optimiser remembers, and its hyper-parameters, by the names of their tensors."""
    found = {}
    for tensor in derivation.tensors:
        if tensor.role in ("state", "hyperparameter"):
            value = state[tensor.name.removesuffix("_W1")]
            found[tensor.name] = exact(
                np.asarray(value["W1"] if isinstance(value, dict) else value)
            )
    return found


@pytest.mark.parametrize("name", BY_NAME)
@pytest.mark.parametrize("dtype", DTYPES)
def test_within_four_units_or_the_page_says_why_not(name, dtype):
    for what, (error, place) in worst(name, dtype).items():
        if not told(name, what, dtype):
            assert error <= ULP, f"{what}: {error:.3g} units in the last place, {place}"


@pytest.mark.parametrize("name", STEPPING)
@pytest.mark.parametrize("dtype", DTYPES)
def test_steps_are_within_four_units_or_the_page_says_why_not(name, dtype):
    error, place = worst_step(name, dtype)
    assert error <= ULP or told(name, "step", dtype), (
        f"{error:.3g} units in the last place, {place}"
    )


@pytest.mark.slow
@pytest.mark.parametrize("row", rows(), ids=lambda r: f"{r.what} of {r.names[0]}")
def test_the_page_has_no_row_that_is_no_longer_so(row):
    errors = {n: max(error_of(n, row.what, d)[0] for d in row.dtypes) for n in row.names}
    assert min(errors.values()) > ULP, errors
    assert not row.units or max(errors.values()) == pytest.approx(row.units, rel=0.2), errors


def error_of(name, what, dtype):
    return worst_step(name, dtype) if what == "step" else worst(name, dtype)[what]


def test_no_activation_and_no_loss_is_left_out():
    here = {name.split(",")[0] for name in BY_NAME}
    assert {r.name for r in (*catalogue.ACTIVATIONS, *catalogue.LOSSES)} <= here


def test_a_slope_is_not_told_through_a_difference_of_large_numbers():
    """tanhshrink' was (x - y)**2, which is 0 at 1e20; it is tanh(x)**2, 1."""
    assert worst("tanhshrink", np.float64)["slope"][0] <= ULP


def test_a_cross_entropy_of_large_logits():
    loss = {"type": "softmax_cross_entropy", "targets": "classes"}
    spec = {"inputs": {"x": [3]}, "layers": [{"type": "identity"}], "loss": loss}
    module = load_module(emit(differentiate(load(spec)), dtype="float32", part="math"))
    assert module.loss({}, [[1000, 999, 0]], [0]) == pytest.approx(0.3132617, abs=5e-8)
    _, slopes = module.gradients({}, np.full((1, 3), 1e20), [0], inputs=True)
    np.testing.assert_allclose(slopes["x"], [[-2 / 3, 1 / 3, 1 / 3]], rtol=1e-6)


def test_the_weights_of_a_logsumexp_are_rounded_as_it_is():
    text = "E = logsumexp(i, x[i])"
    system = parse(text, inputs=["x"], objective="E", sizes={"i": 3})
    module = load_module(emit(differentiate(system), part="math"))
    assert module.gradients({}, [1e20] * 3, inputs=True)[1]["x"].tolist() == [1, 1, 1]
