"""NumPy's functions on numbers: what may be called, and how large it may become."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from derive.ir.functions import FUNCTIONS as LANGUAGE
from derive.semantics.array_functions import FUNCTIONS as VALUES

MOST_ENTRIES = 100_000
MOST_PRODUCTS = 50 * MOST_ENTRIES  # of entries, while sums of them are formed


class TooLarge(Exception):
    """An array would have too many entries."""


def bounded(shape: Sequence[Any]) -> None:
    """Raises `TooLarge` for a shape with too many entries."""
    if len(shape) > 12 or math.prod(max(1, abs(int(n))) for n in shape) > MOST_ENTRIES:
        raise TooLarge


def _shape(shape: Any) -> tuple[int, ...]:
    result = tuple(int(n) for n in np.atleast_1d(np.asarray(shape)))
    bounded(result)
    return result


def _softmax(x: Any, axis: Any = None) -> Any:
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def _logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    top = np.max(x, axis=axis, keepdims=True)
    result = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return result if keepdims else np.squeeze(result, axis=axis)


def _log_softmax(x: Any, axis: Any = None) -> Any:
    return x - _logsumexp(x, axis, True)


def _einsum(letters: str, *arrays: Any, optimize: Any = None) -> Any:
    longest: dict[str, int] = {}
    for part, array in zip(letters.replace(" ", "").split("->")[0].split(","), arrays, strict=True):
        for letter, extent in zip(part.replace(".", ""), np.shape(array), strict=False):
            longest[letter] = max(extent, longest.get(letter, 1))
    if math.prod(longest.values()) > MOST_PRODUCTS:
        raise TooLarge
    return np.einsum(letters, *arrays)


def _outer(a: Any, b: Any) -> Any:
    bounded((np.size(a), np.size(b)))
    return np.outer(a, b)


def _kron(a: Any, b: Any) -> Any:
    bounded((np.size(a), np.size(b)))
    return np.kron(a, b)


def _diag(x: Any) -> Any:
    if np.ndim(x) == 1:
        bounded((np.size(x), np.size(x)))
    return np.diag(x)


def _pad(x: Any, width: Any, mode: str = "constant", constant_values: Any = 0) -> Any:
    grown = np.broadcast_to(np.asarray(width, int), (np.ndim(x), 2))
    bounded([n + int(a) + int(b) for n, (a, b) in zip(np.shape(x), grown, strict=True)])
    if mode == "constant":
        return np.pad(x, grown, mode="constant", constant_values=constant_values)
    return np.pad(x, grown, mode=mode)  # type: ignore[call-overload]


def _repeat(x: Any, times: Any, axis: Any = None) -> Any:
    bounded((np.size(x), int(np.max(times))))
    return np.repeat(x, np.asarray(times, int), axis=axis)


def _tile(x: Any, times: Any) -> Any:
    bounded((np.size(x), *np.atleast_1d(times)))
    return np.tile(x, times)


def _arange(*ends: Any) -> Any:
    length = (ends[1] - ends[0] if len(ends) > 1 else ends[0]) / (ends[2] if len(ends) > 2 else 1)
    bounded((math.ceil(length),))
    return np.arange(*(e.item() if isinstance(e, np.ndarray) else e for e in ends))


def _linspace(start: Any, stop: Any, num: Any = 50) -> Any:
    return np.linspace(start, stop, _shape(num)[0])


def _eye(rows: Any, columns: Any = None) -> Any:
    high, wide = _shape([rows, rows if columns is None else columns])
    return np.eye(high, wide)


def _full(shape: Any, value: Any) -> Any:
    return np.full(_shape(shape), value)


def _filled(value: float) -> Callable[[Any], Any]:
    return lambda shape: np.full(_shape(shape), value)


def _reshape(x: Any, *shape: Any) -> Any:
    return np.reshape(x, tuple(int(n) for n in np.concatenate([np.atleast_1d(s) for s in shape])))


def _transpose(x: Any, *axes: Any) -> Any:
    order = [int(a) for s in axes for a in np.atleast_1d(s)]
    return np.transpose(x, order or None)


def _power(x: Any, y: Any) -> Any:
    if np.asarray(x).dtype.kind in "iub" and np.any(np.asarray(y) < 0):
        x = np.asarray(x, float)
    return np.power(x, y)


def _clip(x: Any, a_min: Any = None, a_max: Any = None) -> Any:
    return np.clip(x, a_min, a_max)


def _where(when: Any, *values: Any) -> Any:
    if not values:
        raise TypeError
    return np.where(when, *values)


def _convolved(x: Any, y: Any, mode: str = "full") -> Any:
    bounded((np.size(x), np.size(y)))
    return np.convolve(x, y, mode)  # type: ignore[call-overload]


def _array(x: Any, *_: Any, **__: Any) -> Any:
    return np.array(x)


def _copy(x: Any, *_: Any) -> Any:
    return np.array(x)


def _number(x: Any = 0) -> Any:
    result = np.asarray(x, float)
    return result.reshape(()) if result.size == 1 else result


def _whole(x: Any = 0) -> Any:
    return np.asarray(x).astype(int)


def _truth(x: Any) -> Any:
    return np.asarray(x).astype(bool)


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    return np.linalg.norm(x, ord, axis, keepdims)


# one row a function: its name, and what it does at one point
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    **{
        name: VALUES[n]
        for n, row in LANGUAGE.items()
        if row.is_entrywise or row.names.numpy
        for name in (n, row.names.numpy, row.names.scipy)
        if name
    },
    **{
        name: getattr(np, name)
        for name in """
        log2 log10 cbrt arctan2 arcsin arccos arctanh square reciprocal negative floor ceil round
        rint absolute isnan isfinite fmax fmin multiply add subtract divide true_divide floor_divide
        mod greater greater_equal less less_equal equal not_equal logical_and logical_or
        logical_not logical_xor hypot logaddexp heaviside
        sum mean average max min amax amin prod var std any all median ptp cumsum cumprod argmax
        argmin argsort sort diff trace diagonal tril triu cross count_nonzero
        zeros_like ones_like full_like empty_like
        ravel squeeze expand_dims swapaxes moveaxis rollaxis flip fliplr flipud roll rot90
        atleast_1d atleast_2d broadcast_to take take_along_axis nan_to_num
        """.split()  # noqa: SIM905 - a list of words reads better so
    },
    "fabs": np.abs,
    **dict.fromkeys(("array", "asarray", "asanyarray", "ascontiguousarray"), _array),
    **dict.fromkeys(("float", "float64", "float32", "double", "item"), _number),
    **dict.fromkeys(("int", "int64", "int32", "int_", "long"), _whole),
    **dict.fromkeys(("bool", "bool_"), _truth),
    **dict.fromkeys(("flatten",), np.ravel),
    **dict.fromkeys(("expit", "logistic"), VALUES["sigmoid"]),
    **dict.fromkeys(("log_softmax", "logsoftmax"), _log_softmax),
    "diag": _diag,
    "power": _power,
    "float_power": _power,
    "pow": _power,
    "copy": _copy,
    "dot": np.dot,
    "vdot": np.vdot,
    "inner": np.inner,
    "matmul": np.matmul,
    "outer": _outer,
    "kron": _kron,
    "einsum": _einsum,
    "tensordot": np.tensordot,
    "concatenate": np.concatenate,
    "concat": np.concatenate,
    "stack": np.stack,
    "hstack": np.hstack,
    "vstack": np.vstack,
    "column_stack": np.column_stack,
    "dstack": np.dstack,
    "append": np.append,
    "pad": _pad,
    "repeat": _repeat,
    "tile": _tile,
    "arange": _arange,
    "linspace": _linspace,
    "eye": _eye,
    "identity": _eye,
    "full": _full,
    "zeros": _filled(0.0),
    "ones": _filled(1.0),
    "empty": _filled(0.0),
    "reshape": _reshape,
    "transpose": _transpose,
    "clip": _clip,
    "where": _where,
    "softmax": _softmax,
    "logsumexp": _logsumexp,
    "convolve": _convolved,
    "inv": np.linalg.inv,
    "pinv": np.linalg.pinv,
    "det": np.linalg.det,
    "logdet": lambda x: np.linalg.slogdet(x)[1],
    "solve": np.linalg.solve,
    "norm": _norm,
    "multi_dot": np.linalg.multi_dot,
    "matrix_power": lambda x, k: np.linalg.matrix_power(x, min(int(k), 100)),
    "xlogy": lambda x, y: np.where(np.asarray(x) == 0, 0.0, x * np.log(y)),
}

# those that give several arrays
SEVERAL: Mapping[str, Callable[..., Any]] = {
    "slogdet": lambda x: tuple(np.linalg.slogdet(x)),
    "split": np.split,
    "array_split": np.array_split,
    "hsplit": np.hsplit,
    "vsplit": np.vsplit,
    "meshgrid": np.meshgrid,
    "nonzero": np.nonzero,
}

DRAWN = frozenset(
    [
        "rand",
        "randn",
        "random",
        "normal",
        "uniform",
        "standard_normal",
        "randint",
        "binomial",
        "choice",
        "permutation",
        "random_sample",
        "shuffle",
        "bernoulli",
        "integers",
        "ranf",
        "multivariate_normal",
    ]
)
METHODS = frozenset(
    """
    sum mean max min prod std var dot copy transpose reshape astype ravel flatten trace diagonal
    clip cumsum squeeze swapaxes argmax argmin any all repeat item round take argsort conj
    """.split()  # noqa: SIM905 - a list of words reads better so
)


_PRODUCTS = (np.dot, np.matmul, np.tensordot, np.inner, np.linalg.multi_dot)


def at_point(function: Callable[..., Any], args: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """What a function gives. Raises `TooLarge`, or whatever NumPy raises."""
    arrays = [np.shape(a) for a in args if isinstance(a, np.ndarray)]
    if len(arrays) > 1 and isinstance(function, np.ufunc) and function is not np.matmul:
        bounded(np.broadcast_shapes(*arrays))
    if function in _PRODUCTS and len(arrays) > 1:
        inner = arrays[0][-1] if arrays[0] else 1
        if math.prod(map(math.prod, arrays)) > MOST_PRODUCTS * max(1, inner) ** 2:
            raise TooLarge
    if function is np.broadcast_to:
        _shape(args[1])
    if isinstance(options.get("axis"), list):
        options = {**options, "axis": tuple(options["axis"])}
    with np.errstate(all="ignore"):
        result = function(*args, **options)
    if isinstance(result, tuple | list):
        return [np.asarray(f) for f in result]
    result = np.asarray(result)
    if result.dtype.kind not in "fiub" or result.size > MOST_ENTRIES:
        raise TooLarge
    return result
