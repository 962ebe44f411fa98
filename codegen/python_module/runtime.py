"""The functions that an emitted module may call, as it carries them, but for their annotations."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from codegen.python_module.stand_in import DTYPE, Array


def _array(given: Any, name: str, shape: tuple[Any, ...], dtype: Any = DTYPE) -> Array:
    """An argument as an array of the wanted shape; a letter stands for any extent."""
    if isinstance(given, np.ma.MaskedArray) or np.iscomplexobj(given):
        raise ValueError(f"{name} must hold real numbers, none of them masked")
    array = np.asarray(given, dtype=dtype)
    extents = {e: n for e, n in zip(shape, array.shape) if isinstance(e, str)}
    if array.shape != tuple(extents.get(e, e) for e in shape):
        wanted = str(shape).replace("'", "")
        raise ValueError(f"{name} has shape {array.shape}, not {wanted}")
    return array


def _integers(given: Any, name: str, shape: tuple[Any, ...]) -> Array:
    """An argument as an array of whole numbers of the wanted shape."""
    array = _array(given, name, shape, dtype=None)
    if array.dtype.kind in "iu":
        return array.astype(np.intp, copy=False)
    with np.errstate(invalid="ignore"):
        whole = array.astype(np.intp)
    if not np.array_equal(whole, array):
        raise ValueError(f"{name} must hold whole numbers")
    return whole


def _places(
    given: Any,
    name: str,
    shape: tuple[Any, ...],
    count: int,
    besides: Collection[int] = (),
) -> Array:
    """An argument as whole numbers from 0 to count - 1, or among `besides`."""
    array = _integers(given, name, shape)
    inside = (array >= 0) & (array < count)
    for other in besides:
        inside = inside | (array == other)
    if not np.all(inside):
        wrong = array[~inside].flat[0]
        raise ValueError(f"{name} holds {wrong}, which is none of 0 to {count - 1}")
    return array


def sigmoid(z: Array) -> Any:
    """1 / (1 + exp(-z)), accurate at both ends."""
    with np.errstate(over="ignore"):  # where exp(-z) overflows, the result is 0
        return 1 / (1 + np.exp(-z))


_TAIL = (  # (1 + x)*exp(x**2/2)*normcdf(-x) in (x - 5)/(x + 5), Chebyshev's to 8e-17
    2.196032905924892e-09,
    1.6129107766244392e-09,
    -2.6332491672878587e-08,
    -2.1567877175579913e-08,
    1.9124697360088803e-07,
    1.222807738066692e-07,
    -1.3041981291689899e-06,
    -6.645126985386993e-08,
    9.058505485209712e-06,
    -9.897782095693084e-06,
    -5.360723737658505e-05,
    0.00018233460332349368,
    7.791539896184297e-06,
    -0.0016760724212402098,
    0.0065220006738440734,
    -0.015170415395094575,
    0.024536963243297946,
    -0.026401042966674067,
    0.010002352385241659,
    0.0310303684259707,
    -0.09155228183400917,
    0.4615158298500378,
)
_MIDDLE = (  # erf(x)/x - 1 in x**2 up to 1, to 7e-18
    -7.795898827002142e-10,
    1.3720064546777686e-08,
    -1.6208483801871705e-07,
    1.6447424703317362e-06,
    -1.492473690741966e-05,
    0.00012055294904839707,
    -0.0008548325975389692,
    0.0052239776071164225,
    -0.02686617064323777,
    0.11283791670945006,
    -0.37612638903183543,
    0.12837916709551256,
)


def _polynomial(coefficients: Sequence[float], t: Array) -> Array:
    """A polynomial, the highest power first."""
    value = np.full(t.shape, coefficients[0])
    for coefficient in coefficients[1:]:
        value *= t
        value += coefficient
    return value


def _tail(x: Array) -> Array:
    """normcdf(-x) for x from 0 to 40."""
    cut = x.astype(np.float32).astype(np.float64)  # its square is exact
    power = np.exp(-cut * cut / 2) * np.exp((cut - x) * (cut + x) / 2)
    out: Array = _polynomial(_TAIL, (x - 5) / (x + 5)) / (x + 1) * power
    return out


def _in_blocks(function: Callable[[Array], Any], given: Any) -> Any:
    """A function of float64, entry by entry, in blocks that a cache holds."""
    array = np.asarray(given)
    flat = array.ravel()
    out = np.empty(flat.shape, dtype=array.dtype if array.dtype.kind == "f" else DTYPE)
    for start in range(0, flat.size, 4096):
        block = flat[start : start + 4096].astype(np.float64)
        out[start : start + 4096] = function(block)
    return out.reshape(array.shape)[()]


def normcdf(z: Any) -> Any:
    """The standard normal distribution function, accurate at both ends."""

    def block(x: Array) -> Array:
        tail = _tail(np.minimum(np.abs(x), 40))
        return np.where(x > 0, 1 - tail, tail)

    return _in_blocks(block, z)


def erf(z: Any) -> Any:
    """The error function."""

    def block(x: Array) -> Any:
        size = np.abs(x)
        near = np.clip(x, -1, 1)
        middle = near + near * _polynomial(_MIDDLE, near * near)
        outside = 1 - 2 * _tail(np.minimum(size, 8) * 2**0.5)
        return np.where(size < 1, middle, np.copysign(outside, x))

    return _in_blocks(block, z)


def _logsumexp(a: Array, axis: int | tuple[int, ...]) -> Any:
    """log(sum(exp(a))) along axes, shifted by the largest, without overflow."""
    m = np.max(a, axis=axis, keepdims=True)
    m = np.where(np.isfinite(m), m, 0)
    with np.errstate(divide="ignore"):
        total = np.log(np.sum(np.exp(a - m), axis=axis))
    return total + m.reshape(total.shape)


def _window(a: Array, walks: Mapping[int, tuple[Any, ...]], fill: float = 0) -> Array:
    """A view of `a` in which some axes become an axis for each run (step, count).

    `walks` is {axis: (start, run, ...)}. The entry at i, j, ... is that at start
    + step_i*i + step_j*j + ... along the axis, and `fill` where that is outside.
    """
    pad, begin = [(0, 0)] * a.ndim, [slice(None)] * a.ndim
    for axis, (start, *runs) in walks.items():
        reach = [step * (count - 1) for step, count in runs]
        low = start + sum(min(r, 0) for r in reach)
        high = start + sum(max(r, 0) for r in reach)
        pad[axis] = max(-low, 0), max(high + 1 - a.shape[axis], 0)
        begin[axis] = slice(start + pad[axis][0], None)
    if any(before or after for before, after in pad):
        a = np.pad(a, pad, constant_values=fill)
    a = a[tuple(begin)]
    shape, strides = [], []
    for axis, (extent, stride) in enumerate(zip(a.shape, a.strides)):
        _, *runs = walks.get(axis, (0, (1, extent)))
        shape += [count for _, count in runs]
        strides += [stride * step for step, _ in runs]
    return np.lib.stride_tricks.as_strided(a, shape, strides, writeable=False)


def _over(op: np.ufunc, a: Array, axes: Sequence[int]) -> Array:
    """`op.reduce` over a few short axes: place by place, each a whole array."""
    a = np.moveaxis(a, axes, range(len(axes)))
    first, *others = np.ndindex(a.shape[: len(axes)])
    out = a[first].copy()
    for place in others:
        op(out, a[place], out=out)
    return out


def _fold(a: Array, walks: Mapping[int, tuple[Any, ...]]) -> Array:
    """The dual of `_window`: the axes of a walk's runs are added up into one axis.

    `walks` is {axis of the result: (size, start, run, ...)}. The entry at i, j, ...
    goes to start + step_i*i + step_j*j + ..., and is dropped where that is outside.
    """
    shape, inside, begin, short = [], [], [], []
    steps, at = [], 0
    for axis in range(a.ndim - sum(len(walk) - 3 for walk in walks.values())):
        size, start, *runs = walks.get(axis, (a.shape[at], 0, (1, a.shape[at])))
        reach = [step * (count - 1) for step, count in runs]
        low = min(start + sum(min(r, 0) for r in reach), 0)
        high = max(start + sum(max(r, 0) for r in reach), size - 1)
        shape.append(high + 1 - low)
        inside.append(slice(-low, size - low))
        begin.append(slice(start - low, None))
        # the longest run is a slice, the others are a loop
        longest = max(range(len(runs)), key=lambda r: runs[r][1])
        short += [at + r for r in range(len(runs)) if r != longest]
        steps += [(axis, step) for step, _ in runs]
        at += len(runs)
    out = np.zeros(shape, dtype=a.dtype)
    strides = [out.strides[axis] * step for axis, step in steps]
    into = np.lib.stride_tricks.as_strided(out[tuple(begin)], a.shape, strides)
    a, into = (np.moveaxis(x, short, range(len(short))) for x in (a, into))
    for place in np.ndindex(a.shape[: len(short)]):
        into[place] += a[place]
    return out[tuple(inside)]


def _inside(a: Array, indices: Sequence[Array]) -> Any:
    """Where integer places along the first axes of `a` are inside it: nothing wraps."""
    inside = np.True_
    for i, size in zip(indices, a.shape):
        inside = inside & (i >= 0) & (i < size)
    return inside


def _take(a: Array, axes: Sequence[int], indices: tuple[Array, ...]) -> Array:
    """`a` at integer places along `axes`, which go first; 0 where that is outside."""
    a = np.moveaxis(a, axes, range(len(axes)))
    inside = _inside(a, indices)
    if np.all(inside):
        return a[indices]
    found = a[tuple(np.where(inside, i, 0) for i in indices)]
    inside = inside.reshape(inside.shape + (1,) * (found.ndim - inside.ndim))
    return np.where(inside, found, 0)


def _add_at(a: Array, axes: Sequence[int], indices: tuple[Array, ...], values: Array) -> None:
    """Add to `a` at integer places along `axes`; what would be outside is dropped."""
    a = np.moveaxis(a, axes, range(len(axes)))
    inside = _inside(a, indices)
    if not np.all(inside):
        indices = tuple(np.broadcast_to(i, inside.shape)[inside] for i in indices)
        values = np.broadcast_to(values, inside.shape + a.shape[len(axes) :])[inside]
    np.add.at(a, indices, values)


def _truncated_normal(
    rng: np.random.Generator,
    mean: float,
    std: float,
    low: float,
    high: float,
    shape: tuple[int, ...],
) -> Array:
    """Normal numbers, drawn again where they are outside of low .. high."""
    values = rng.normal(mean, std, shape)
    outside = (values < low) | (values > high)
    while outside.any():
        values[outside] = rng.normal(mean, std, np.count_nonzero(outside))
        outside = (values < low) | (values > high)
    return values


def _orthogonal(rng: np.random.Generator, gain: float, shape: tuple[int, ...]) -> Array:
    """Rows, or columns where they are fewer, at right angles and of length `gain`."""
    rows, columns = shape[0], int(np.prod(shape[1:]))
    q, r = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
    q *= np.sign(np.diag(r))
    return gain * (q if rows >= columns else q.T).reshape(shape)
