"""The functions of NumPy and of matrix notation, as nodes."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from derive.arrays.nodes import (
    Determinant,
    Diagonal,
    Dot,
    Entrywise,
    Inverse,
    Like,
    Literal,
    Norm,
    Outer,
    Product,
    Reduce,
    Trace,
    Transpose,
    Whole,
)
from derive.ir import functions
from derive.language.syntax import Place

# NumPy's name, and ours: functions of each entry, with the number of arguments
ENTRYWISE: dict[str, tuple[str, int]] = {
    **{n: (n, 1) for n in functions.ENTRYWISE},
    **{
        name: (n, row.arity[0])
        for n, row in functions.FUNCTIONS.items()
        for name in (row.names.numpy, row.names.scipy)
        if name
    },
    "absolute": ("abs", 1),
    "fabs": ("abs", 1),
    "expit": ("sigmoid", 1),
    "negative": ("neg", 1),
    "logical_not": ("not", 1),
    "multiply": ("*", 2),
    "add": ("+", 2),
    "subtract": ("-", 2),
    "divide": ("/", 2),
    "true_divide": ("/", 2),
    "power": ("**", 2),
    "float_power": ("**", 2),
    "greater": (">", 2),
    "greater_equal": (">=", 2),
    "less": ("<", 2),
    "less_equal": ("<=", 2),
    "equal": ("==", 2),
    "not_equal": ("!=", 2),
    "logical_and": ("and", 2),
    "logical_or": ("or", 2),
}

# reductions, which take `axis` and `keepdims`
REDUCTIONS = {
    "sum": "sum",
    "mean": "mean",
    "average": "mean",
    "max": "max",
    "amax": "max",
    "min": "min",
    "amin": "min",
    "prod": "prod",
    "logsumexp": "logsumexp",
}


def of_each(op: str, *args: Whole, place: Place) -> Entrywise:
    """An operator or a function of each entry."""
    return Entrywise(op, args, place=place)


def _number(value: int, place: Place) -> Literal:
    return Literal(Fraction(value), place=place)


def _square(args: tuple[Whole, ...], place: Place) -> Whole:
    return of_each("**", args[0], _number(2, place), place=place)


def _reciprocal(args: tuple[Whole, ...], place: Place) -> Whole:
    return of_each("/", _number(1, place), args[0], place=place)


def _log_of(base: int) -> Callable[[tuple[Whole, ...], Place], Whole]:
    def make(args: tuple[Whole, ...], place: Place) -> Whole:
        under = of_each("log", _number(base, place), place=place)
        return of_each("/", of_each("log", args[0], place=place), under, place=place)

    return make


def _clip(args: tuple[Whole, ...], place: Place) -> Whole:
    least = of_each("maximum", args[0], args[1], place=place)
    return of_each("minimum", least, args[2], place=place)


def _size(args: tuple[Whole, ...], place: Place) -> Whole:
    # as many as there are entries: the sum of that many ones
    return Reduce("sum", Like(Fraction(1), args[0], place=place), place=place)


Maker = Callable[[tuple[Whole, ...], Place], Whole]

# the rest: the number of arguments, and what is made of them
OTHERS: dict[str, tuple[int, Maker]] = {
    "square": (1, _square),
    "reciprocal": (1, _reciprocal),
    "log2": (1, _log_of(2)),
    "log10": (1, _log_of(10)),
    "clip": (3, _clip),
    "size": (1, _size),
    "copy": (1, lambda a, _: a[0]),
    "array": (1, lambda a, _: a[0]),
    "asarray": (1, lambda a, _: a[0]),
    "float": (1, lambda a, _: a[0]),
    "float64": (1, lambda a, _: a[0]),
    "float32": (1, lambda a, _: a[0]),
    "dot": (2, lambda a, p: Dot(a[0], a[1], place=p)),
    "vdot": (2, lambda a, p: Dot(a[0], a[1], place=p)),
    "matmul": (2, lambda a, p: Product(a[0], a[1], place=p)),
    "outer": (2, lambda a, p: Outer(a[0], a[1], place=p)),
    "tr": (1, lambda a, p: Trace(a[0], place=p)),
    "trace": (1, lambda a, p: Trace(a[0], place=p)),
    "diag": (1, lambda a, p: Diagonal(a[0], place=p)),
    "diagonal": (1, lambda a, p: Diagonal(a[0], place=p)),
    "inv": (1, lambda a, p: Inverse(a[0], place=p)),
    "det": (1, lambda a, p: Determinant(a[0], place=p)),
    "logdet": (1, lambda a, p: Determinant(a[0], log=True, place=p)),
    "norm1": (1, lambda a, p: Norm(a[0], 1, place=p)),
    "norm2": (1, lambda a, p: Norm(a[0], 2, place=p)),
    "transpose": (1, lambda a, p: Transpose(a[0], place=p)),
}


def zeros_like(value: int) -> Maker:
    """`zeros_like`, `ones_like`."""
    return lambda args, place: Like(Fraction(value), args[0], place=place)


OTHERS["zeros_like"] = (1, zeros_like(0))
OTHERS["ones_like"] = (1, zeros_like(1))


def softmax(of: Whole, axis: int, place: Place) -> Whole:
    """Exponentials over their sum, as a person would write it out."""
    powers = of_each("exp", of, place=place)
    total = Reduce("sum", powers, (axis,), True, place=place)
    return of_each("/", powers, total, place=place)


def variance(of: Whole, axes: tuple[int, ...] | None, keepdims: bool, place: Place) -> Whole:
    """The mean of the squared distances to the mean."""
    mean = Reduce("mean", of, axes, True, place=place)
    away = _square((of_each("-", of, mean, place=place),), place)
    return Reduce("mean", away, axes, keepdims, place=place)
