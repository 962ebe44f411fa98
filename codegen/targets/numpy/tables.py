"""What NumPy calls things, how tightly its operators bind, how numbers are written."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import prod

from codegen.lowering.limits import FEW
from codegen.program.nodes import (
    Array,
    Chain,
    Choose,
    Count,
    Dot,
    Fold,
    Join,
    Length,
    Load,
    Map,
    Matrix,
    Reduce,
    Reshape,
    Spread,
    Take,
    Value,
    Window,
)
from derive.ir.notation import Axis
from derive.ir.numerals import is_long

CHOICE, COMPARE, SUM, PRODUCT, UNARY, POWER, ATOM = range(7)

FUNCTIONS = {
    "exp": "np.exp",
    "log": "np.log",
    "log1p": "np.log1p",
    "expm1": "np.expm1",
    "sqrt": "np.sqrt",
    "abs": "np.abs",
    "sign": "np.sign",
    "sin": "np.sin",
    "cos": "np.cos",
    "tan": "np.tan",
    "tanh": "np.tanh",
    "sinh": "np.sinh",
    "cosh": "np.cosh",
    "atan": "np.arctan",
    "erf": "erf",
    "sigmoid": "sigmoid",
    "minimum": "np.minimum",
    "maximum": "np.maximum",
}
HELPED = {"sigmoid": "sigmoid", "erf": "erf"}
REDUCE = {"sum": "np.sum", "prod": "np.prod", "max": "np.max", "min": "np.min"}
LINALG = {"inv": "np.linalg.inv", "det": "np.linalg.det", "logdet": "np.linalg.slogdet"}
OVER = {"sum": "np.add", "max": "np.maximum", "min": "np.minimum"}
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")

Code = tuple[str, int]

_RISKY = ("div", "log", "log1p", "sqrt", "pow", "exp", "expm1", "tan", "sinh", "cosh")


def may_fail(array: Array) -> bool:
    """Whether computing an array may divide by zero, overflow or leave the real numbers."""
    match array:
        case Map(function, args, _):
            divides = function == "div" and not isinstance(args[1], Value | Count)
            risky = function in _RISKY and function != "div"
            return divides or risky or any(may_fail(a) for a in args)
        case (
            Window(of=of)
            | Fold(of=of)
            | Reshape(of=of)
            | Take(of=of)
            | Reduce(of=of)
            | Matrix(of=of)
            | Spread(of=of)
        ):
            return may_fail(of)
        case Dot(left, right, _):
            return may_fail(left) or may_fail(right)
        case Choose(_, yes, no, _):
            return may_fail(yes) or (no is not None and may_fail(no))
        case Join(parts=parts) | Chain(parts=parts):
            return any(may_fail(a) for a in parts)
        case _:
            return False


def slides(array: Array, letters: Sequence[Axis]) -> bool:
    """Whether letters run over the few places inside windows of an array."""
    places = prod(a.extent.number or FEW + 1 for a in letters)
    return 1 < places <= FEW and all(_in_window(array, a) for a in letters)


def _in_window(array: Array, letter: Axis) -> bool:
    match array:
        case Window(of=of, runs=runs):
            return any(a == letter for _, a, _ in runs) or _in_window(of, letter)
        case Reshape(of, axes, _):
            return letter in axes and letter not in of.axes
        case Map(_, args, _):
            return any(_in_window(a, letter) for a in args)
        case _:
            return False


_ARITHMETIC = (
    *("add", "mul", "div", "neg", "pow", "//", "%", "float", "sqrt"),
    *("minimum", "maximum"),
)


def is_number(array: Array) -> bool:
    """Whether an array is one of Python's own numbers, which have no dtype."""
    match array:
        case Value() | Length():
            return True
        case Count(axes=axes):
            return not axes
        case Load(constant=constant):
            return constant
        case Map(function, args, _):
            return function in _ARITHMETIC and all(is_number(a) for a in args)
        case Choose(_, yes, no, _):
            return is_number(yes) and no is not None and is_number(no)
        case _:
            return False


def number_code(value: Fraction) -> Code:
    """A rational: an integer, a decimal, or a quotient of short numbers.

    A literal has no dtype of its own, so single precision stays single.
    """
    if value.denominator == 1:
        text = str(value.numerator)
        if len(text) > 15:
            text = repr(float(value))
    elif is_long(value) or Fraction(repr(float(value))) == value:
        text = repr(float(value))
    else:
        return f"{value.numerator} / {value.denominator}", PRODUCT if value > 0 else SUM
    return text, ATOM if value >= 0 else UNARY
