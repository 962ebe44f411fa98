"""Integers of the index calculus, and conditions that are known before an array is touched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from derive.ir.comparisons import COMPARISONS
from derive.ir.notation import (
    Add,
    Affine,
    Atom,
    Axis,
    Compare,
    Dim,
    Expr,
    FloorDiv,
    Index,
    Logic,
    Mod,
    Mul,
    Number,
    Read,
)


def integer(value: Affine, dims: Mapping[str, int], letters: Mapping[Axis, int]) -> int:
    """The value of an integer, given run-time extents and the letters of loops."""

    def atom(one: Atom) -> int:
        match one:
            case Dim(name):
                return dims[name]
            case Axis():
                return letters[one]
            case FloorDiv(of, by):
                return integer(of, dims, letters) // by
            case Mod(of, by):
                return integer(of, dims, letters) % by
            case _:
                raise AssertionError("an integer tensor is no plain index")

    return value.constant + sum(c * atom(a) for a, c in value.terms)


def holds(
    expr: Expr, dims: Mapping[str, int], letters: Mapping[Axis, int], tensors: Mapping[str, Any]
) -> bool:
    """Whether a condition holds; of tensors it reads numbers only."""

    def number(one: Expr) -> Any:
        match one:
            case Index(value):
                return integer(value, dims, letters)
            case Number(value):
                return value
            case Read(tensor):
                return tensors[tensor]
            case Add(args):
                return sum(number(a) for a in args)
            case Mul(args):
                product = 1
                for arg in args:
                    product *= number(arg)
                return product
            case _:
                raise AssertionError(f"{type(one).__name__} in a condition on integers")

    match expr:
        case Compare(op, left, right):
            return bool(COMPARISONS[op](number(left), number(right)))
        case Logic("not", (one,)):
            return not holds(one, dims, letters, tensors)
        case Logic(op, args):
            parts = (holds(a, dims, letters, tensors) for a in args)
            return all(parts) if op == "and" else any(parts)
        case _:
            raise AssertionError("a condition is a comparison")
