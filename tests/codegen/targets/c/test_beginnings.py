"""`net_init` draws what the initialisers say, the numbers of a generator that is written twice."""

import ctypes

import numpy as np
import pytest

from derive.catalogue import INITIALIZER
from tests.codegen.program.programs import net, stages
from tests.codegen.targets.c.compiled import Compiled, needs_compiler, pointer

pytestmark = [needs_compiler, pytest.mark.sampled]

MASK = 2**64 - 1
MORE = {"constant": {"value": 0.5}, "values": {"values": [1, 2, 3]}}


def uniform(seed, stream, place):
    """A number in [0, 1) by splitmix64, in Python's whole numbers."""
    z = seed + stream * 0xD1342543DE82EF95 + (place + 1) * 0x9E3779B97F4A7C15 & MASK
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
    return ((z ^ (z >> 31)) >> 11) / 2**53


def normal(seed, stream, place):
    u, v = 1 - uniform(seed, stream, 2 * place), uniform(seed, stream, 2 * place + 1)
    return np.sqrt(-2 * np.log(u)) * np.cos(2 * np.pi * v)


def begun(folder, dtype="float64", seed=7, **more):
    """What `net_init` gives a dense layer of 3 units and 4 inputs."""
    *_, (_, module) = stages(net({"type": "dense", "units": 3}, **more))
    compiled = Compiled(module, folder, dtype)
    shapes = {
        t.name: tuple(e.number for e in t.shape) for t in compiled.program.having("parameter")
    }
    flat = compiled.flat(compiled.stored, {n: np.full(s, np.nan) for n, s in shapes.items()})
    compiled.library.net_init(pointer(flat), ctypes.c_uint64(seed))
    return compiled.split(compiled.stored, flat, shapes)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_same_numbers_by_another_generator(dtype, tmp_path):
    chosen = {"W1": {"init": "glorot_uniform"}, "b1": {"init": "normal"}}
    for seed in (7, 2**64 - 1):
        found = begun(tmp_path, dtype, seed, parameters=chosen)
        limit = np.sqrt(6 / 7)
        W = [-limit + 2 * limit * uniform(seed, 0, i) for i in range(12)]
        b = [0.1 * normal(seed, 1, i) for i in range(3)]
        exact = 1e-15 if dtype == "float64" else 1e-7
        np.testing.assert_allclose(found["W1"].ravel(), W, rtol=exact)
        np.testing.assert_allclose(found["b1"], b, rtol=10 * exact)


@pytest.mark.parametrize("name", [n for n in INITIALIZER if n == INITIALIZER[n].name])
def test_every_initializer(name, tmp_path):
    chosen = {"type": name, **MORE.get(name, {})}
    parameter = "b1" if name == "values" else "W1"
    values = begun(tmp_path, parameters={parameter: {"init": chosen}})[parameter]
    assert np.isfinite(values).all()
    match INITIALIZER[name].distribution:
        case "orthogonal":
            np.testing.assert_allclose(values @ values.T, np.eye(3), atol=1e-15)
        case "eye":
            assert np.array_equal(values, np.eye(3, 4))
        case "values":
            assert np.array_equal(values, [1, 2, 3])
        case "constant":
            assert np.array_equal(values, np.full((3, 4), 0.5 * (name == "constant")))
        case "truncated_normal":
            assert 0 < abs(values).max() <= 0.2 and np.unique(values).size == 12
        case _:
            assert np.unique(values).size == 12 and abs(values).max() < 4


def test_a_column_of_biases_begins_at_0(tmp_path):
    values = begun(tmp_path, merge_bias=True)["W1"]
    assert np.array_equal(values[:, 4], np.zeros(3))
    limit = np.sqrt(6 / 7)
    wanted = [-limit + 2 * limit * uniform(7, 0, i) for i in range(12)]
    np.testing.assert_allclose(values[:, :4].ravel(), wanted, rtol=1e-15)
