"""Expressions that are one number: is it a finite real one?"""

from __future__ import annotations

import math
from functools import reduce
from operator import add, mul

from derive.ir.notation import Add, Call, Constant, Expr, Mul, Number, Pow
from derive.ir.tree import walk
from derive.semantics.number_systems import FLOATS

_PARTS = (Number, Constant, Add, Mul, Pow, Call)


def is_undefined(expr: Expr) -> bool:
    """Whether an expression is a constant that is infinite or no real number, as log(0) is.

    Infinity that was written as such is meant.
    """
    nodes = list(walk(expr))
    if isinstance(expr, Constant) or not all(isinstance(n, _PARTS) for n in nodes):
        return False
    return Constant("inf") not in nodes and not math.isfinite(_worked(expr))


def _worked(expr: Expr) -> float:
    match expr:
        case Number(value):
            try:
                return float(value)
            except OverflowError:
                return math.inf
        case Constant(name):
            return float(FLOATS.constants[name])
        case Add(args):
            return float(reduce(add, map(_worked, args)))
        case Mul(args):
            return float(reduce(mul, map(_worked, args)))
        case Pow(base, exponent):
            return float(FLOATS.power(_worked(base), _worked(exponent)))
        case Call(function, (one,)) if function in FLOATS.functions:
            return float(FLOATS.functions[function](_worked(one)))
        case _:
            return 0.0  # of several arguments: finite where these are
