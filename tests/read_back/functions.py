"""What functions and relations mean, of numbers."""

from __future__ import annotations

import math
from typing import Any

NAMED = {
    r"\log": math.log,
    r"\exp": math.exp,
    r"\sin": math.sin,
    r"\cos": math.cos,
    r"\tan": math.tan,
    r"\tanh": math.tanh,
    r"\sinh": math.sinh,
    r"\cosh": math.cosh,
    r"\arctan": math.atan,
    r"\sigma": lambda x: 1 / (1 + math.exp(-x)),
    "erf": math.erf,
    r"\Phi": lambda x: math.erfc(-x / math.sqrt(2)) / 2,
    "normcdf": lambda x: math.erfc(-x / math.sqrt(2)) / 2,
    "sgn": lambda x: float(x > 0) - float(x < 0),
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "softplus": lambda x: math.log1p(math.exp(x)),
    "relu": lambda x: max(x, 0.0),
    "hold": lambda x: x,
}


def slope(function: Any, at: Any) -> Any:
    """What a function with a prime means."""
    step = 1e-6
    return (function(at + step) - function(at - step)) / (2 * step)


def compare(sign: str, a: float, b: float) -> bool:
    equal = a == b or (math.isfinite(a) and math.isfinite(b) and abs(a - b) < 1e-12)
    return {
        "==": equal,
        "!=": not equal,
        "<": a < b and not equal,
        ">": a > b and not equal,
        "<=": a < b or equal,
        ">=": a > b or equal,
    }[sign]
