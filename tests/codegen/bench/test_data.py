"""What a model is timed on has the shapes and the values that it takes."""

import numpy as np
import pytest

from codegen.bench.data import data_of, extents_of
from derive import differentiate, parse
from derive.errors import ChainruleError
from derive.specs.load import load


def words():
    system = parse(
        "E = sum(n,t, (e[w[n,t]] - y[n,t])**2)",
        parameters=["e"],
        inputs=["w"],
        targets=["y"],
        integers=["w"],
        objective="E",
        batch="n",
        sizes={"e.0": 7, "t": 4},
    )
    return differentiate(system)


def test_whole_numbers_are_places():
    derivation = words()
    data = data_of(derivation, extents_of(derivation, 50, {}), "float32")
    assert list(data) == ["w", "y"]
    assert data["w"].dtype == np.intp
    assert (data["w"].min(), data["w"].max()) == (0, 6)
    assert data["y"].dtype == np.float32


def test_extents_are_those_asked_for():
    net = {"inputs": {"x": [3]}, "layers": [{"type": "dense", "units": 2}], "loss": "mse"}
    derivation = differentiate(load(net))
    assert extents_of(derivation, None, {}) == {"n": 32}
    assert extents_of(derivation, 5, {}) == {"n": 5}
    assert {n: a.shape for n, a in data_of(derivation, {"n": 5}, "float64").items()} == {
        "x": (5, 3),
        "t": (5, 2),
    }


@pytest.mark.parametrize(
    ("batch", "sizes", "complaint"),
    [
        (0, {}, "the extent of n is 0"),
        (None, {"m": 4}, "'m' is no run-time extent"),
        (10**8, {}, "would hold"),
    ],
)
def test_what_is_no_extent_is_refused(batch, sizes, complaint):
    net = {"inputs": {"x": [3]}, "layers": [{"type": "dense", "units": 2}], "loss": "mse"}
    with pytest.raises(ChainruleError, match=complaint):
        extents_of(differentiate(load(net)), batch, sizes)
