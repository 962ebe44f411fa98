"""Functions and operators of arrays -> NumPy, with no more brackets than it takes."""

from __future__ import annotations

from collections.abc import Sequence

from codegen.program.facts import is_number
from codegen.program.nodes import Array, Count, Dot, Map, Value
from codegen.python_module.tables import (
    ATOM,
    COMPARE,
    NAMES,
    POWER,
    PRODUCT,
    SUM,
    UNARY,
    Code,
    number_code,
)
from codegen.targets.numpy.code import ArrayCode
from derive.ir.comparisons import COMPARISONS
from derive.ir.notation import Axis, Number
from derive.ir.tree import ONE, ZERO


def map_code(array: Map, printer: ArrayCode) -> Code:
    """A function of arrays, entry by entry."""
    args, axes = array.args, array.axes
    match array.function:
        case "add":
            return _sum(printer, args, axes)
        case "mul":
            return " * ".join(
                _product_part(printer, a, axes, k) for k, a in enumerate(args)
            ), PRODUCT
        case "div":
            over = printer.within(args[0], axes, PRODUCT)
            return f"{over} / {printer.within(args[1], axes, UNARY)}", PRODUCT
        case "neg":
            return f"-{printer.within(args[0], axes, _tight(args[0]))}", UNARY if printer.aligned(
                args[0], axes
            )[1] >= UNARY else SUM
        case "pow":
            return _pow(printer, args[0], args[1], axes)
        case "//" | "%":
            over = printer.within(args[0], axes, PRODUCT)
            return f"{over} {array.function} {printer.within(args[1], axes, UNARY)}", PRODUCT
        case "where":
            return _where(printer, args, axes)
        case "and" | "or":
            sign = " & " if array.function == "and" else " | "
            return sign.join(printer.within(a, axes, ATOM) for a in args), COMPARE
        case "not" if not args[0].axes:  # of one of Python's own, `~True` is -2
            return f"(not {printer.within(args[0], axes, ATOM)})", ATOM
        case "not":
            return f"~{printer.within(args[0], axes, ATOM)}", UNARY
        case "float" if is_number(args[0]):
            return printer.aligned(args[0], axes)
        case "float":
            return _as_float(printer, args[0], axes)
        case "delta" if _is_unit_matrix(args, axes):
            return f"np.eye({printer.index(axes[-1].extent)}, dtype={printer.dtype})", ATOM
        case "delta":
            one, other = (printer.within(a, axes, SUM) for a in args)
            return f"np.equal({one}, {other}).astype({printer.dtype})", ATOM
        case "relu":
            return f"np.maximum({_typed(printer, args, axes)}, 0)", ATOM
        case "softplus":
            return f"np.logaddexp(0, {_typed(printer, args, axes)})", ATOM
        case "sqrt" if is_number(args[0]):
            return f"{printer.within(args[0], axes, ATOM)}**0.5", POWER
        case "minimum" | "maximum" if all(is_number(a) for a in args):
            shown = [printer.aligned(a, axes)[0] for a in args]
            return f"{array.function[:3]}({', '.join(shown)})", ATOM
        case op if op in COMPARISONS:
            one, other = (printer.within(a, axes, SUM) for a in args)
            return f"{one} {op} {other}", COMPARE
        case function:
            return f"{NAMES[function]}({_typed(printer, args, axes)})", ATOM


def _typed(printer: ArrayCode, args: Sequence[Array], axes: tuple[Axis, ...]) -> str:
    """Arguments of a NumPy function, which would make a float64 of one of Python's numbers."""
    shown = [printer.aligned(a, axes)[0] for a in args]
    if all(is_number(a) for a in args):
        shown = [f"{printer.dtype}({code})" for code in shown]
    return ", ".join(shown)


def _product_part(printer: ArrayCode, array: Array, axes: tuple[Axis, ...], place: int) -> str:
    # `a * (b @ c)` and `a * (b / c)` keep their parentheses: the order is the author's
    return printer.within(
        array, axes, PRODUCT if place == 0 and not isinstance(array, Dot) else UNARY
    )


def _sum(printer: ArrayCode, args: Sequence[Array], axes: tuple[Axis, ...]) -> Code:
    shown = ""
    for arg in args:
        negative, part = _signed(arg, bool(shown))
        piece = printer.within(part, axes, PRODUCT if negative or shown else SUM)
        if not shown:
            shown = f"-{printer.within(part, axes, _tight(part))}" if negative else piece
        else:
            shown += f" {'-' if negative else '+'} {piece}"
    return shown, SUM


def _pow(printer: ArrayCode, base: Array, exponent: Array, axes: tuple[Axis, ...]) -> Code:
    code = printer.within(base, axes, ATOM)
    if isinstance(exponent, Value) and isinstance(exponent.number, Number):
        value = exponent.number.value
        if value == 3 and code.isidentifier():
            return f"{code} * {code} * {code}", PRODUCT
        shown, level = number_code(value)
        return f"{code}**{shown if level >= UNARY else f'({shown})'}", POWER
    return f"{code} ** {printer.within(exponent, axes, ATOM)}", POWER


def _where(printer: ArrayCode, args: tuple[Array, ...], axes: tuple[Axis, ...]) -> Code:
    condition, yes, no = (printer.aligned(a, axes)[0] for a in args)
    if args[1:] == (Value(ONE), Value(ZERO)):
        return _as_float(printer, args[0], axes)
    code = f"np.where({condition}, {yes}, {no})"
    if all(is_number(a) for a in args[1:]):
        code += f".astype({printer.dtype})"
    return code, ATOM


def _as_float(printer: ArrayCode, array: Array, axes: tuple[Axis, ...]) -> Code:
    """A truth or an integer as a real number; one without axes may be Python's own."""
    if not array.axes:
        return f"{printer.dtype}({printer.aligned(array, axes)[0]})", ATOM
    return f"{printer.within(array, axes, ATOM)}.astype({printer.dtype})", ATOM


def _tight(array: Array) -> int:
    """How tightly an array has to bind behind a minus: -(i // 2) isn't -i // 2."""
    return ATOM if isinstance(array, Map) and array.function in ("//", "%") else PRODUCT


def _signed(array: Array, later: bool) -> tuple[bool, Array]:
    """Whether a term of a sum is subtracted, and what is; a first number keeps its sign."""
    match array:
        case Map("neg", (one,), _):
            return True, one
        case Value(Number(value)) if value < 0 and later:
            return True, Value(Number(-value))
        case _:
            return False, array


def _is_unit_matrix(args: Sequence[Array], axes: Sequence[Axis]) -> bool:
    """Whether two letters are compared that run over all of the last two axes."""
    result = [a.value.axis for a in args if isinstance(a, Count) and not a.spans]
    last = tuple(axes[-2:])
    return (
        len(last) == len(result) == 2
        and last[0].extent == last[1].extent
        and set(result) == set(last)
        and last[0] != last[1]
    )
