"""Python's operators between arrays of any library."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

OPERATORS: Mapping[str, Callable[[Sequence[Any]], Any]] = {
    "add": lambda args: reduce(operator.add, args),
    "mul": lambda args: reduce(operator.mul, args),
    "div": lambda args: args[0] / args[1],
    "neg": lambda args: -args[0],
    "pow": lambda args: args[0] ** args[1],
    "//": lambda args: args[0] // args[1],
    "%": lambda args: args[0] % args[1],
    "and": lambda args: reduce(operator.and_, args),
    "or": lambda args: reduce(operator.or_, args),
    "==": lambda args: args[0] == args[1],
    "!=": lambda args: args[0] != args[1],
    "<": lambda args: args[0] < args[1],
    "<=": lambda args: args[0] <= args[1],
    ">": lambda args: args[0] > args[1],
    ">=": lambda args: args[0] >= args[1],
}
