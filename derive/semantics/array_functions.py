"""The language's functions, comparisons and logic on arrays, entry by entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import numpy as np

from derive.ir import functions
from derive.semantics.number_systems import FLOATS

FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    **{n: getattr(np, r.names.numpy) for n, r in functions.FUNCTIONS.items() if r.names.numpy},
    **{
        n: np.vectorize(FLOATS.functions[n], otypes=[float])
        for n, row in functions.ENTRYWISE.items()
        if row.names.scipy
    },
    "sigmoid": lambda x: np.exp(-np.logaddexp(0, -np.asarray(x, float))),
    "softplus": lambda x: np.logaddexp(0, x),
    "relu": lambda x: np.maximum(x, 0),
    "hold": lambda x: x,
    "delta": lambda a, b: np.asarray(a == b, float),
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "and": lambda *parts: reduce(np.logical_and, parts),
    "or": lambda *parts: reduce(np.logical_or, parts),
    "not": np.logical_not,
}
