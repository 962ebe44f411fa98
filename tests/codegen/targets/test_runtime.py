"""The functions that modules carry, called where they stand."""

from collections.abc import Callable

import mpmath as mp
import numpy as np
import pytest
from scipy.special import expit, logsumexp

from codegen.python_module import runtime

RNG = np.random.default_rng(5)
WALKS = [
    {1: (0, (1, 3), (1, 4))},
    {1: (-2, (1, 4), (2, 3))},
    {0: (1, (2, 2), (-1, 3)), 2: (-1, (3, 2), (1, 2))},
    {2: (3, (-1, 4), (-1, 2))},
    {1: (-9, (1, 2), (1, 2))},
]


@pytest.mark.parametrize("walks", WALKS)
def test_fold_is_the_transpose_of_window(walks: dict[int, tuple[object, ...]]) -> None:
    a = RNG.standard_normal((4, 6, 5))
    seen = runtime._window(a, walks)
    b = RNG.standard_normal(seen.shape)
    sized = {axis: (a.shape[axis], *walk) for axis, walk in walks.items()}
    assert np.sum(seen * b) == pytest.approx(np.sum(a * runtime._fold(b, sized)))


@pytest.mark.parametrize("walks", WALKS)
def test_window_reads_entry_by_entry(walks: dict[int, tuple[object, ...]]) -> None:
    a = RNG.standard_normal((4, 6, 5))
    seen = runtime._window(a, walks, fill=7)
    for place in np.ndindex(seen.shape):
        letters = iter(place)
        at = []
        for axis in range(3):
            start, *runs = walks.get(axis, (0, (1, a.shape[axis])))
            at.append(start + sum(step * next(letters) for step, _ in runs))  # type: ignore
        inside = all(0 <= i < n for i, n in zip(at, a.shape, strict=True))
        assert seen[place] == (a[tuple(at)] if inside else 7)


def test_add_at_is_the_transpose_of_take() -> None:
    a = RNG.standard_normal((4, 3, 5))
    indices = (RNG.integers(-2, 7, (6, 1)), RNG.integers(-1, 4, (1, 8)))
    seen = runtime._take(a, (2, 1), indices)
    assert seen.shape == (6, 8, 4)
    b = RNG.standard_normal(seen.shape)
    into = np.zeros_like(a)
    runtime._add_at(into, (2, 1), indices, b)
    assert np.sum(seen * b) == pytest.approx(np.sum(a * into))


def test_over_is_the_reduction() -> None:
    a = RNG.standard_normal((3, 2, 4, 5))
    assert np.allclose(runtime._over(np.add, a, (1, 0)), a.sum((0, 1)))
    assert np.array_equal(runtime._over(np.maximum, a, (3,)), a.max(3))


def units(found: float, wanted: mp.mpf) -> float:
    return float(abs(mp.mpf(float(found)) - wanted) / mp.mpf(float(np.spacing(abs(float(wanted))))))


POINTS = np.concatenate(
    [RNG.uniform(-37, 9, 150), RNG.uniform(-2, 2, 150), 10.0 ** RNG.uniform(-300, 0, 20)]
)


@pytest.mark.parametrize(
    ("name", "right", "most"),
    [("erf", mp.erf, 1.3), ("normcdf", lambda x: mp.erfc(-x / mp.sqrt(2)) / 2, 4.2)],
)
def test_erf_and_normcdf_in_forty_digits(
    name: str, right: Callable[[mp.mpf], mp.mpf], most: float
) -> None:
    with mp.workdps(40):
        found = getattr(runtime, name)(POINTS)
        wanted = [right(mp.mpf(float(x))) for x in POINTS]
        assert max(map(units, found, wanted)) < most
    single = getattr(runtime, name)(POINTS.astype(np.float32))
    assert single.dtype == np.float32
    assert np.allclose(
        single, getattr(runtime, name)(POINTS.astype(np.float32).astype(float)), 1e-7
    )


def test_erf_and_normcdf_at_their_ends() -> None:
    ends = np.array([-np.inf, -1e300, -40, -0.0, 0, 40, 1e300, np.inf, np.nan])
    assert runtime.erf(ends)[:8].tolist() == [-1, -1, -1, 0, 0, 1, 1, 1]
    assert np.signbit(runtime.erf(ends)[3])
    assert runtime.normcdf(ends)[:8].tolist() == [0, 0, 0, 0.5, 0.5, 1, 1, 1]
    assert np.isnan(runtime.erf(ends)[8]) and np.isnan(runtime.normcdf(ends)[8])
    assert runtime.erf(np.zeros((2, 0))).shape == (2, 0)
    assert runtime.normcdf(0.0) == 0.5 and np.ndim(runtime.erf(1)) == 0
    many = RNG.standard_normal((3, 5000))
    assert np.array_equal(runtime.erf(many)[2, 7:9], runtime.erf(many[2, 7:9]))


def test_sigmoid_and_logsumexp_at_their_ends() -> None:
    z = np.array([-1e4, -800.0, -30, -1e-9, 0, 2, 40, 1e4])
    assert np.allclose(runtime.sigmoid(z), expit(z), rtol=1e-15, atol=0)
    a = np.array([[1e4, 1e4 - 1, 0], [-np.inf, -np.inf, -np.inf], [-1e4, 3, np.inf]])
    assert np.array_equal(runtime._logsumexp(a, 1), logsumexp(a, axis=1))


def test_draws() -> None:
    rng = np.random.default_rng(3)
    drawn = runtime._truncated_normal(rng, 1.0, 2.0, -1.0, 3.0, (50, 40))
    assert drawn.shape == (50, 40)
    assert -1 <= drawn.min() < drawn.max() <= 3
    for shape in ((3, 5), (5, 3), (4, 2, 3)):
        rows = runtime._orthogonal(rng, 2.0, shape).reshape(shape[0], -1)
        square = rows @ rows.T if len(rows) <= rows.shape[1] else rows.T @ rows
        assert np.allclose(square, 4 * np.eye(len(square)))


@pytest.mark.parametrize(
    ("function", "given", "message"),
    [
        (runtime._array, np.ones((2, 3)), r"a has shape \(2, 3\), not \(N, 2\)"),
        (runtime._array, np.ones((2, 2)) + 0j, "a must hold real numbers, none of them masked"),
        (runtime._array, np.ma.masked_array([[1.0, 2]]), "a must hold real numbers, none of them"),
        (runtime._integers, [[0, 1.5]], "a must hold whole numbers"),
        (runtime._integers, [[0, np.nan]], "a must hold whole numbers"),
    ],
)
def test_arguments_are_checked(function: object, given: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        function(given, "a", ("N", 2))  # type: ignore[operator]


def test_places_are_in_range_or_named() -> None:
    kept = runtime._places([[0, 2.0], [-100, 1]], "t", ("N", 2), 3, besides=(-100,))
    assert kept.dtype == np.intp
    with pytest.raises(ValueError, match="t holds 3, which is none of 0 to 2"):
        runtime._places([[0, 3]], "t", ("N", 2), 3)
