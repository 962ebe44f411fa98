"""Operators and comparisons between the values of a text."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from derive.arrays.nodes import Literal
from derive.arrays.numpy_functions import of_each
from derive.language.syntax import Refused
from derive.readers.numpy_source.arrays import FAILS, LONGEST, Arrays
from derive.readers.numpy_source.numbers import FUNCTIONS
from derive.readers.numpy_source.values import Number, Unknown, Value, literal, numbers, plain

_UFUNCS: dict[type[ast.AST], np.ufunc] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.true_divide,
    ast.FloorDiv: np.floor_divide,
    ast.Mod: np.mod,
    ast.MatMult: np.matmul,
    ast.BitAnd: np.logical_and,
    ast.BitOr: np.logical_or,
    ast.BitXor: np.logical_xor,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.USub: np.negative,
    ast.UAdd: np.positive,
    ast.Not: np.logical_not,
    ast.Invert: np.logical_not,
}


def binary(arrays: Arrays, node: ast.AST, op: ast.operator, one: Any, other: Any) -> Any:
    """Two values and an operator between them."""
    place = arrays.place(node)
    match one, op, other:
        case (
            (str(), ast.Add(), str()) | (list(), ast.Add(), list()) | (tuple(), ast.Add(), tuple())
        ):
            return (one + other)[:LONGEST]
        case (list() | tuple(), ast.Mult(), Number(value=int() as times)):
            return (one * min(times, LONGEST))[:LONGEST]
        case (Number(value=int() as times), ast.Mult(), list() | tuple()):
            return (other * min(times, LONGEST))[:LONGEST]
        case (str(), ast.Mod(), _):
            parts = other if isinstance(other, tuple) else (other,)
            try:
                return (one % tuple(map(plain, parts)))[:LONGEST]
            except FAILS:
                raise Refused(place, "this text isn't known here") from None
        case (Number() | bool(), _, Number() | bool()):
            return _of_numbers(arrays, node, op, _as_number(one), _as_number(other))
        case _:
            pass
    if isinstance(op, ast.Pow):
        return arrays.apply(node, FUNCTIONS["power"], [one, other], "**")
    if type(op) not in _UFUNCS:
        raise Refused(place, "this operator isn't known between arrays")
    return arrays.apply(node, _UFUNCS[type(op)], [one, other], op)


def _of_numbers(
    arrays: Arrays, node: ast.AST, op: ast.operator, one: Number, other: Number
) -> Number:
    """Two numbers that no array decides."""
    place = arrays.place(node)
    a, b = one.value, other.value
    try:
        match op:
            case ast.Pow():
                if abs(b) > 1000 or (isinstance(a, int) and abs(a) > 10**6 and abs(b) > 40):
                    raise Refused(place, "this number is too large")
                result = a**b
            case ast.Add():
                result = a + b
            case ast.Sub():
                result = a - b
            case ast.Mult():
                result = a * b
            case ast.Div():
                result = a / b
            case ast.FloorDiv():
                result = a // b
            case ast.Mod():
                result = a % b
            case _:
                raise Refused(place, "this operator isn't known between numbers")
    except ArithmeticError:
        raise Refused(place, "this is no number") from None
    if isinstance(result, complex) or (isinstance(result, int) and result.bit_length() > 1000):
        raise Refused(place, "this number is too large")
    node_ = None
    if (
        isinstance(one.node, Literal)
        and isinstance(other.node, Literal)
        and isinstance(result, int)
    ):
        node_ = literal(result, place).node
    elif arrays.symbolic and one.node is not None and other.node is not None:
        with suppress(Refused):
            node_ = arrays.expression(node, [one, other], op)
    return Number(result, node_)


def unary(arrays: Arrays, node: ast.AST, op: ast.unaryop, of: Any) -> Any:
    """`-x`, `~x`."""
    if isinstance(of, Number) and isinstance(op, ast.USub | ast.UAdd):
        if isinstance(op, ast.UAdd):
            return of
        shown = (
            literal(-of.value, arrays.place(node)).node if isinstance(of.node, Literal) else None
        )
        if shown is None and of.node is not None:
            shown = of_each("neg", of.node, place=arrays.place(node))
        return Number(-of.value, shown)
    return arrays.apply(node, _UFUNCS[type(op)], [of], op)


def compared(arrays: Arrays, node: ast.AST, sides: list[Any], ops: Sequence[ast.cmpop]) -> Any:
    """A chain of comparisons."""
    result: Any = True
    for one, op, other in zip(sides, ops, sides[1:], strict=False):
        test = _comparison(arrays, node, op, one, other)
        result = (
            test
            if result is True
            else arrays.apply(node, np.logical_and, [result, test], ast.BitAnd())
        )
    return result


def _comparison(arrays: Arrays, node: ast.AST, op: ast.cmpop, one: Any, other: Any) -> Any:
    """One comparison."""
    match op:
        case ast.Is() | ast.IsNot():
            if isinstance(one, Unknown) and other is None:
                raise Refused(arrays.place(node), one.why)
            same = one is other if other is None or isinstance(other, bool) else False
            return same == isinstance(op, ast.Is)
        case ast.In() | ast.NotIn():
            if isinstance(other, dict | list | tuple | str):
                try:
                    return (plain(one) in [plain(o) for o in other]) == isinstance(op, ast.In)
                except TypeError:
                    pass
            raise Refused(arrays.place(node), "'in' isn't known between arrays")
        case _:
            pass
    if isinstance(one, Number | bool) and isinstance(other, Number | bool):
        return bool(_UFUNCS[type(op)](_as_number(one).value, _as_number(other).value))
    one, other = _class_of(one, other), _class_of(other, one)
    if not isinstance(one, Value) and not isinstance(other, Value):
        if isinstance(op, ast.Eq | ast.NotEq):
            return (plain(one) == plain(other)) == isinstance(op, ast.Eq)
        raise Refused(arrays.place(node), "these can't be compared")
    return arrays.apply(node, _UFUNCS[type(op)], [one, other], op)


def _class_of(value: Any, beside: Any) -> Any:
    """Beside a number a row of targets is the number of its class."""
    if isinstance(value, Value) and value.classes and not isinstance(beside, Value):
        array = np.argmax(numbers(value), axis=-1)
        return Value(array, None, value.behind)
    return value


def _as_number(value: Any) -> Number:
    """A truth value as a number."""
    return value if isinstance(value, Number) else Number(int(value))
