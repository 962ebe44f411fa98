"""One spelling of an expression, whoever wrote it: `sqrt(2/pi)*(z + z**3)` or multiplied out."""

from __future__ import annotations

from functools import lru_cache

import sympy

from derive.algebra.sympy_bridge import Leaves, Unreal, from_sympy, to_sympy
from derive.ir.notation import Add, Expr, Mul, Read
from derive.ir.tree import reads, walk

_MOST_SUMS = 6  # multiplying out doubles the terms with each


@lru_cache(maxsize=4096)
def one_spelling(expr: Expr) -> Expr:
    """An equal expression, the same for expressions that differ in how products are written."""
    if isinstance(expr, Read):
        return expr
    if (
        sum(isinstance(a, Add) for n in walk(expr) if isinstance(n, Mul) for a in n.args)
        > _MOST_SUMS
    ):
        return expr
    leaves = Leaves()
    for read in sorted(dict.fromkeys(reads(expr)), key=lambda r: r.tensor):
        leaves.symbol(read)
    try:
        return from_sympy(sympy.expand_mul(to_sympy(expr, leaves)), leaves)
    except Unreal:
        return expr
