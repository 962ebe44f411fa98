"""Functions whose arguments are more than arrays: axes, shapes, letters, types."""

from __future__ import annotations

import ast
from collections.abc import Callable
from fractions import Fraction
from typing import Protocol

from derive.arrays.nodes import (
    All,
    Einsum,
    Entrywise,
    Extent,
    Fill,
    Identity,
    Indexed,
    Literal,
    New,
    Norm,
    Pick,
    Product,
    Reduce,
    Reshape,
    Transpose,
    Whole,
)
from derive.arrays.numpy_functions import OTHERS, of_each, softmax, variance
from derive.errors import shorten
from derive.ir.comparisons import COMPARISONS
from derive.ir.notation import Affine
from derive.language.syntax import Place, Refused

Inside = Callable[[ast.expr], Whole]
Options = dict[str, ast.expr]


class Arguments(Protocol):
    """Who reads arguments."""

    def integer(self, node: ast.expr) -> int:
        """A whole number."""

    def extent(self, node: ast.expr) -> Affine | Extent:
        """An extent."""

    def axes(self, node: ast.expr | None) -> tuple[int, ...] | None:
        """`axis=`."""

    def along(
        self, place: Place, name: str, args: list[ast.expr], options: dict[str, ast.expr]
    ) -> tuple[tuple[int, ...] | None, bool]:
        """The axes of a reduction, and whether they stay."""


Special = Callable[[Arguments, Place, list[ast.expr], Options, Inside], Whole]


def last_name(func: ast.expr) -> str:
    """The last part of a function's name."""
    match func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _only(place: Place, name: str, args: list[ast.expr], options: Options, most: int) -> None:
    if options:
        raise Refused(place, f"{name}: '{shorten(min(options))}=' isn't known here")
    if len(args) > most:
        raise Refused(place, f"{name} takes {most} arguments at most, {len(args)} were given")


def _einsum(r: Arguments, place: Place, args: list[ast.expr], options: Options, i: Inside) -> Whole:
    _only(place, "einsum", args, {k: v for k, v in options.items() if k != "optimize"}, 20)
    if not (isinstance(args[0], ast.Constant) and isinstance(args[0].value, str)):
        raise Refused(place, "einsum begins with its letters as text, such as 'ij,jk->ik'")
    letters = "".join(args[0].value.split())
    left, arrow, kept = letters.partition("->")
    each = left.split(",")
    if not arrow:
        kept = "".join(sorted({x for x in left if x.isalpha() and left.count(x) == 1}))
    if any(not (x.isalpha() and x.isascii()) for x in [*each, kept] if x):
        raise Refused(place, "einsum: letters, ',' and '->' are known, '...' isn't")
    if len(each) != len(args) - 1:
        raise Refused(place, f"einsum: letters for {len(each)} arrays, {len(args) - 1} were given")
    return Einsum(tuple(each), kept, tuple(map(i, args[1:])), place=place)


def _transpose(
    r: Arguments, place: Place, args: list[ast.expr], options: Options, i: Inside
) -> Whole:
    rest = [*args[1:], *([options["axes"]] if "axes" in options else [])]
    if len(rest) == 1 and isinstance(rest[0], ast.Tuple | ast.List):
        rest = list(rest[0].elts)
    axes = tuple(map(r.integer, rest)) if rest else None
    return Transpose(i(args[0]), axes, place=place)


def _reshape(
    r: Arguments, place: Place, args: list[ast.expr], options: Options, i: Inside
) -> Whole:
    _only(place, "reshape", args, options, 10)
    rest = args[1:]
    if len(rest) == 1 and isinstance(rest[0], ast.Tuple | ast.List):
        rest = list(rest[0].elts)
    if len(rest) == 1 and isinstance(rest[0], ast.Attribute) and rest[0].attr == "shape":
        return Reshape(i(args[0]), (), i(rest[0].value), place=place)
    shape = tuple(None if _is_open(e) else r.extent(e) for e in rest)
    return Reshape(i(args[0]), shape, place=place)


def _is_open(node: ast.expr) -> bool:
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=1)):
            return True
        case _:
            return False


def _flat(r: Arguments, place: Place, args: list[ast.expr], options: Options, i: Inside) -> Whole:
    _only(place, "ravel", args, options, 1)
    return Reshape(i(args[0]), (None,), place=place)


def _expand(r: Arguments, place: Place, args: list[ast.expr], options: Options, i: Inside) -> Whole:
    axes = r.axes(options.get("axis", args[1] if len(args) > 1 else None))
    if axes is None or len(axes) != 1 or axes[0] not in (0, 1, 2, 3, -1):
        raise Refused(place, "expand_dims takes one axis")
    if axes[0] < 0:
        raise Refused(place, "write the new axis with None, such as x[:, None]")
    picks: list[Pick] = [All(place=place) for _ in range(axes[0])]
    picks.append(New(place=place))
    return Indexed(i(args[0]), tuple(picks), place=place)


def _truth(r: Arguments, place: Place, args: list[ast.expr], options: Options, i: Inside) -> Whole:
    """`np.int64(z > 0)`."""
    return _astype(r, place, [args[0], ast.Constant("int")], options, i)


def _astype(r: Arguments, place: Place, args: list[ast.expr], options: Options, i: Inside) -> Whole:
    kind = last_name(args[1]) if len(args) > 1 else ""
    if len(args) > 1 and isinstance(args[1], ast.Constant):
        kind = str(args[1].value)
    if "float" not in kind and kind not in ("double", "int", "int64", "int32", "bool"):
        raise Refused(place, "astype takes a type of numbers, such as float")
    result = i(args[0])
    whole = kind in ("int", "int64", "int32", "bool")
    truth = isinstance(result, Entrywise) and result.op in (*COMPARISONS, "and", "or", "not")
    if whole and not truth:
        raise Refused(place, f"'{kind}' would cut decimals off; only comparisons become whole")
    # as a number: of a condition 1 or 0
    return of_each("*", Literal(Fraction(1), place=place), result, place=place) if truth else result


def _variance(
    r: Arguments, place: Place, args: list[ast.expr], options: Options, i: Inside
) -> Whole:
    axes, keepdims = r.along(place, "var", args, options)
    return variance(i(args[0]), axes, keepdims, place)


def _deviation(
    r: Arguments, place: Place, args: list[ast.expr], options: Options, i: Inside
) -> Whole:
    return of_each("sqrt", _variance(r, place, args, options, i), place=place)


def _norm(r: Arguments, place: Place, args: list[ast.expr], options: Options, i: Inside) -> Whole:
    options = dict(options)
    order = options.pop("ord", args[1] if len(args) > 1 else None)
    frobenius = isinstance(order, ast.Constant) and order.value in (None, "fro")
    which = 2 if order is None or frobenius else r.integer(order)
    if which not in (1, 2):
        raise Refused(place, "of the norms 1, 2 and 'fro' are known")
    axes, keepdims = r.along(place, "norm", args[:1], options)
    of = i(args[0])
    if axes is None and not keepdims:
        return Norm(of, which, of_vector=not (order is None or frobenius), place=place)
    if which == 1:
        return Reduce("sum", of_each("abs", of, place=place), axes, keepdims, place=place)
    squares = of_each("**", of, Literal(Fraction(2), place=place), place=place)
    return of_each("sqrt", Reduce("sum", squares, axes, keepdims, place=place), place=place)


def _softmax(
    r: Arguments, place: Place, args: list[ast.expr], options: Options, i: Inside
) -> Whole:
    axes, _ = r.along(place, "softmax", args, options)
    return softmax(i(args[0]), axes[0] if axes else -1, place)


def _filled(value: int) -> Special:
    def make(
        r: Arguments, place: Place, args: list[ast.expr], options: Options, i: Inside
    ) -> Whole:
        shape = args[0]
        if isinstance(shape, ast.Attribute) and shape.attr == "shape" and len(args) == 1:
            return OTHERS["ones_like" if value else "zeros_like"][1]((i(shape.value),), place)
        if isinstance(shape, ast.Tuple | ast.List):
            args = [*shape.elts, *args[1:]]
        _only(place, "ones" if value else "zeros", args, options, 4)
        return Fill(Fraction(value), tuple(map(r.extent, args)), place=place)

    return make


def _vector(r: Arguments, place: Place, args: list[ast.expr], options: Options, i: Inside) -> Whole:
    _only(place, "vector", args, options, 1)
    value = i(args[0]) if args else Literal(Fraction(1))
    if not isinstance(value, Literal):
        raise Refused(place, "vector takes the number that stands in each entry: vector(1)")
    return Fill(value.value, place=place)


def _eye(r: Arguments, place: Place, args: list[ast.expr], options: Options, i: Inside) -> Whole:
    _only(place, "eye", args, options, 1)
    return Identity(r.extent(args[0]), place=place)


def _len(r: Arguments, place: Place, args: list[ast.expr], options: Options, i: Inside) -> Whole:
    _only(place, "len", args, options, 1)
    return Extent(i(args[0]), 0, place=place)


def _power(r: Arguments, place: Place, args: list[ast.expr], options: Options, i: Inside) -> Whole:
    _only(place, "matrix_power", args, options, 2)
    times = r.integer(args[-1])
    if len(args) != 2 or not 1 <= times <= 20:
        raise Refused(place, "matrix_power takes a matrix and how often, from 1 to 20")
    result = base = i(args[0])
    for _ in range(times - 1):
        result = Product(result, base, place=place)
    return result


SPECIAL: dict[str, Special] = {
    "matrix_power": _power,
    "einsum": _einsum,
    "transpose": _transpose,
    "reshape": _reshape,
    "ravel": _flat,
    "flatten": _flat,
    "expand_dims": _expand,
    "astype": _astype,
    "int64": _truth,
    "int32": _truth,
    "int_": _truth,
    "bool_": _truth,
    "var": _variance,
    "std": _deviation,
    "norm": _norm,
    "softmax": _softmax,
    "zeros": _filled(0),
    "ones": _filled(1),
    "vector": _vector,
    "eye": _eye,
    "identity": _eye,
    "len": _len,
}
