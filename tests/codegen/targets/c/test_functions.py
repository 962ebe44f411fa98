"""The functions that a C text carries: how exact they are, and products of any layout."""

import ctypes
import math
import subprocess
from pathlib import Path

import numpy as np
import pytest

from codegen.targets.c.functions import carried
from tests.codegen.targets.c.compiled import STRICT, needs_compiler, pointer

pytestmark = needs_compiler

HEAD = """#include <math.h>
#include <stddef.h>
#include <stdint.h>
#define SUM(total)
#define PRAGMA(text) _Pragma(#text)
typedef {kind} real;
typedef ptrdiff_t integer;
"""
LOOP = """
void {name}_all(integer n, const real *restrict a, real *restrict b)
{{
    for (integer i = 0; i < n; i++)
        b[i] = {name}(a[i]);
}}
"""
# the largest error, in units in the last place
EXACT = {"exponential": 1.5, "logarithm": 1.5, "sigmoid": 3, "hyperbolic": 3}
MEANT = {
    "exponential": math.exp,
    "logarithm": math.log,
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)) if x > -700 else math.exp(x),
    "hyperbolic": math.tanh,
}
KINDS = {"float32": "float", "float64": "double"}


def compiled(folder, kind, *flags):
    """The functions as a library of a kind of numbers."""
    text = HEAD.format(kind=KINDS[kind])
    text += "\n\n".join(carried({*EXACT, "product"}, kind == "float32"))
    text = text.replace("static void product", "void product")
    text += "".join(LOOP.format(name=name) for name in EXACT)
    (folder / "f.c").write_text(text)
    command = ["gcc", *STRICT, "-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math"]
    command += ["-shared", "-fPIC", "-o", folder / "f.so", folder / "f.c", *flags, "-lm"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:3000]
    return ctypes.CDLL(str(folder / "f.so")), np.dtype(kind)


@pytest.fixture(scope="module", params=KINDS)
def library(request, tmp_path_factory):
    return compiled(tmp_path_factory.mktemp("functions"), request.param)


def applied(library, name, values):
    lib, kind = library
    given = np.ascontiguousarray(values, kind)
    result = np.empty_like(given)
    lib[f"{name}_all"](ctypes.c_ssize_t(given.size), pointer(given), pointer(result))
    return given, result


@pytest.mark.parametrize("name", EXACT)
def test_how_exact(library, name):
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(size=4000) * s for s in (1e-6, 0.1, 1, 20)])
    if name == "logarithm":
        values = np.concatenate([np.exp(values), abs(values)])
    given, result = applied(library, name, values)
    wanted = np.array([MEANT[name](float(x)) for x in given])
    unit = np.spacing(abs(wanted).astype(library[1])).astype(float)
    error = abs(result.astype(float) - wanted) / unit
    assert error.max() <= EXACT[name]


def test_special_values(library):
    inf, nan = np.inf, np.nan
    for name, row in {
        "exponential": {inf: inf, -inf: 0, 0: 1, 1e4: inf, -1e4: 0, nan: nan},
        "logarithm": {inf: inf, 0: -inf, 1: 0, -1: nan, -inf: nan, nan: nan},
        "sigmoid": {inf: 1, -inf: 0, 0: 0.5, nan: nan},
        "hyperbolic": {inf: 1, -inf: -1, 0: 0, 50: 1, nan: nan},
    }.items():
        _, result = applied(library, name, list(row))
        np.testing.assert_array_equal(result, np.array(list(row.values()), result.dtype), name)


def products(library, sizes, layouts=8):
    """What `product` makes of random matrices of any layout, beside what NumPy makes of them."""
    lib, kind = library
    rng = np.random.default_rng(1)
    for trial, (m, n, k) in enumerate(sizes):
        a, b, c = (rng.normal(size=s).astype(kind) for s in ((m, k), (k, n), (m, n)))
        bits = trial % layouts
        turned = [np.asfortranarray(v) if bits >> p & 1 else v for p, v in enumerate((a, b, c))]
        wanted = turned[2] + turned[0] @ turned[1]
        given = [ctypes.c_ssize_t(int(size)) for size in (m, n, k)]
        for array in turned:
            strides = [ctypes.c_ssize_t(s // array.itemsize) for s in array.strides]
            given += [pointer(array), *strides]
        lib.product(*given)
        yield turned[2], wanted


def drawn_sizes():
    rng = np.random.default_rng(2)
    return [rng.integers(*((1, 60) if t < 110 else (190, 300)), 3) for t in range(120)]


def test_products_of_any_layout(library):
    exact = 1e-10 if library[1] == np.float64 else 2e-3
    for found, wanted in products(library, drawn_sizes()):
        np.testing.assert_allclose(found, wanted, rtol=exact, atol=exact)


def test_threads_change_no_bit(tmp_path_factory):
    sizes = [(300, 200, 70), (40, 1000, 300), (513, 130, 257), (7, 7, 7)]
    one, *others = (
        [found for found, _ in products(compiled(folder, "float32", *flags), sizes)]
        for folder, flags in (
            (tmp_path_factory.mktemp("one"), ()),
            *(
                (tmp_path_factory.mktemp("more"), ("-fopenmp", f"-DNET_THREADS={count}"))
                for count in (2, 3)
            ),
        )
    )
    for other in others:
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.skipif(not list(Path("/usr/include").rglob("cblas.h")), reason="no cblas.h")
def test_products_by_a_blas(tmp_path):
    library = compiled(tmp_path, "float64", "-DNET_CBLAS", "-lopenblas")
    for found, wanted in products(library, drawn_sizes()):
        np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-10)
