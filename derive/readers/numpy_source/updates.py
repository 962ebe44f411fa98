"""Arrays that are changed in one part, as numbers and as expressions."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any

import numpy as np

from derive.arrays.nodes import All, Extent, Hot, Indexed, Literal, New, Whole
from derive.arrays.numpy_functions import of_each
from derive.language.syntax import Refused
from derive.readers.numpy_source.arrays import FAILS, Arrays, reason
from derive.readers.numpy_source.operators import binary
from derive.readers.numpy_source.values import Number, Unknown, Value, literal, numbers


def with_part(arrays: Arrays, node: ast.AST, old: Value, key: Any, value: Any) -> Value:
    """An array with other numbers in one part."""
    if isinstance(value, Unknown):
        raise Refused(arrays.place(node), value.why)
    array = None
    why: Refused | None = None
    try:
        more = numbers(value)
        new = np.array(numbers(old), dtype=float if more.dtype.kind == "f" else None)
        at = arrays.index(key)
        new[at] = more.reshape(()) if more.size == 1 else more
        array = new
    except FAILS as error:
        why = Refused(arrays.place(node), reason(error, [old, value]))
    expression: Whole | None = None
    if arrays.symbolic and old.node is not None:
        expression = _part_expression(arrays, node, old.node, key, value)
    if array is None and expression is None:
        raise why or Refused(arrays.place(node), "this part isn't known here")
    return arrays.array(array, expression, [old, key, value])


def _part_expression(
    arrays: Arrays, node: ast.AST, old: Whole, key: Any, value: Any
) -> Whole | None:
    """`p[np.arange(n), y] = v`, `dz[z <= 0] = 0`, `x[:] = y` over whole arrays."""
    place = arrays.place(node)
    new = value.node if isinstance(value, Value | Number) else None
    if new is None:
        return None
    match key:
        case slice(start=None, stop=None, step=None):
            return new
        case Value(node=mask) if mask is not None and _is_mask(key):
            return of_each("where", mask, new, old, place=place)
        case (Value(counts=True) | range(), Value(node=classes)) if classes is not None:
            hot = Hot(classes, Extent(old, 1, place=place), True, place=place)
            if isinstance(value, Value) and len(value.shape) == 1:
                new = Indexed(new, (All(place=place), New(place=place)), place=place)
            one = Literal(literal(1, place).node.value, place=place)  # type: ignore[union-attr]
            return of_each("where", of_each("==", hot, one, place=place), new, old, place=place)
        case _:
            return None


def added(
    arrays: Arrays, node: ast.AST, old: Value, key: Any, op: ast.operator, more: Any
) -> Value:
    """`p[np.arange(n), y] -= 1`, `dz[z <= 0] *= 0.1`."""
    part = arrays.picked(node, old, key)
    result = with_part(arrays, node, old, key, binary(arrays, node, op, part, more))
    by = more.node if isinstance(more, Value | Number) else None
    if not arrays.symbolic or old.node is None or by is None:
        return result
    whole = binary(arrays, node, op, Value(None, old.node), Value(None, by))
    match key:
        case (Value(counts=True) | range(), Value(node=classes)) if classes is not None:
            if isinstance(op, ast.Add | ast.Sub):
                place = arrays.place(node)
                hot = Hot(classes, Extent(old.node, 1, place=place), True, place=place)
                if len(part.shape) == 1 and isinstance(more, Value) and more.shape:
                    by = Indexed(by, (All(place=place), New(place=place)), place=place)
                each = Value(None, of_each("*", hot, by, place=place))
                whole = binary(arrays, node, op, Value(None, old.node), each)
                return replace(result, node=whole.node)
        case _:
            pass
    shown = _part_expression(arrays, node, old.node, key, whole)
    return replace(result, node=shown)


def _is_mask(key: Any) -> bool:
    return isinstance(key, Value) and (key.array is None or key.array.dtype.kind == "b")
