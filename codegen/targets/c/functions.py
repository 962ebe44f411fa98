"""Which C function computes what; ours stand in `runtime/`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from derive.ir.comparisons import COMPARISONS
from derive.ir.functions import FUNCTIONS

TRUTHS = (*COMPARISONS, "and", "or", "not")

# those that the text carries
HELPERS = {
    "exp": "exponential",
    "log": "logarithm",
    "tanh": "hyperbolic",
    "sigmoid": "sigmoid",
    "softplus": "softplus",
    "relu": "relu",
    "normcdf": "normcdf",
    "sign": "sign",
    "square": "square",
    "cube": "cube",
    "minimum": "smaller",
    "maximum": "greater",
    "//": "floored",
    "%": "modulus",
}
# and those of <math.h>
LIBRARY = {name: row.names.c for name, row in FUNCTIONS.items() if row.names.c} | {"pow": "pow"}
# of numbers that there are once, in double precision
WIDE = {"exp": "exp", "log": "log", "tanh": "tanh", "minimum": "fmin", "maximum": "fmax"}
_NEEDS = {
    "product": ("tile", "packed", "added", "small_product", "by_blas"),
    "by_blas": ("gemm",),
    "inverse": ("pivoted",),
    "upper": ("pivoted",),
    "determinant": ("upper",),
    "logdet": ("upper",),
    "uniform": ("bits_of_place",),
    "normal": ("uniform",),
    "truncated_normal": ("normal",),
    "reduced": ("bits",),
    "hyperbolic": ("reduced",),
    "exponential": ("reduced",),
    "logarithm": ("bits",),
    "sigmoid": ("exponential",),
    "softplus": ("exponential", "logarithm"),
}


@cache
def pieces(single: bool, small: bool = False) -> dict[str, str]:
    """The functions of `runtime/`, by name, in the order in which they stand there."""
    result: dict[str, str] = {}
    kind = "single.h" if single else "double.h"
    more = ("small.h",) if small else ()
    for file in ("integers.h", "random.h", kind, "reals.h", "matrices.h", *more):
        text = Path(__file__).with_name("runtime").joinpath(file).read_text(encoding="utf-8")
        for piece in text.split("\n\n/* == ")[1:]:
            name, body = piece.split(" == */\n", 1)
            result[name] = body.rstrip("\n")
    return result


def carried(names: set[str], single: bool, small: bool = False) -> list[str]:
    """The text of functions and of what they call themselves."""
    wanted: set[str] = set()
    left = sorted(names)
    while left:
        name = left.pop()
        if name not in wanted:
            wanted.add(name)
            left += [] if small and name == "product" else _NEEDS.get(name, ())
    return [body for name, body in pieces(single, small).items() if name in wanted]
