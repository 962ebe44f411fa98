"""Expressions over whole arrays as text: for messages, and as NumPy would have it."""

from __future__ import annotations

from fractions import Fraction

from derive.arrays.entries import extent_text
from derive.arrays.nodes import (
    All,
    Array,
    At,
    Count,
    Determinant,
    Diagonal,
    Dot,
    Einsum,
    Entrywise,
    Every,
    Extent,
    Fill,
    Hot,
    Identity,
    Indexed,
    Inverse,
    Known,
    Like,
    Literal,
    New,
    Norm,
    Outer,
    Product,
    Reduce,
    Reshape,
    Trace,
    Transpose,
    Whole,
)
from derive.errors import shorten
from derive.ir.comparisons import COMPARISONS
from derive.ir.notation import Affine

_OR, _AND, _NOT, _COMPARE, _SUM, _TERM, _SIGN, _POWER, _ATOM = range(9)
_OPERATORS = {"+": _SUM, "-": _SUM, "*": _TERM, "/": _TERM, "**": _POWER}


def text(node: Whole) -> str:
    """An expression as it would be written with `@`, `.T` and functions by their bare names."""
    return _text(node)[0]


def in_message(node: Whole) -> str:
    """A short text of a node that can stand in a sentence: in brackets where it has spaces."""
    short = shorten(text(node), 40)
    return short if isinstance(node, Array | Literal) or " " not in short else f"({short})"


def _at_least(node: Whole, level: int) -> str:
    shown, own = _text(node)
    return shown if own >= level else f"({shown})"


def _text(node: Whole) -> tuple[str, int]:
    match node:
        case Array(name=name) | Known(name=name):
            return name, _ATOM
        case Literal(value=value):
            return _number(value)
        case Count(extent=extent):
            return extent_text(extent), _SUM if extent.terms and extent.constant else _ATOM
        case Extent(of=of, axis=axis):
            return f"{_at_least(of, _ATOM)}.shape[{axis}]", _ATOM
        case Entrywise(op="neg", args=(of,)):
            # (-A) @ x is -(A @ x)
            return f"-{_at_least(of, _TERM)}", _SUM if _text(of)[1] == _TERM else _SIGN
        case Entrywise(op="not", args=(of,)):
            return f"not {_at_least(of, _NOT)}", _NOT
        case Entrywise(op="**", args=(base, exponent)):
            return f"{_at_least(base, _ATOM)}**{_at_least(exponent, _SIGN)}", _POWER
        case Entrywise(op="*", args=(left, Product() | Entrywise(op="*" | "/") as right)) if (
            is_plain_number(left)
        ):
            # (2 * A) @ x is 2 * (A @ x)
            return f"{_at_least(left, _TERM)} * {_at_least(right, _TERM)}", _TERM
        case Entrywise(op="*", args=(Product() as left, right)):
            # of one level for Python; people read @ as the tighter one
            return f"({text(left)}) * {_at_least(right, _SIGN)}", _TERM
        case Entrywise(op=op, args=(left, right)) if op in _OPERATORS:
            level = _OPERATORS[op]
            return f"{_at_least(left, level)} {op} {_at_least(right, level + 1)}", level
        case Entrywise(op=op, args=(left, right)) if op in COMPARISONS:
            return f"{_at_least(left, _SUM)} {op} {_at_least(right, _SUM)}", _COMPARE
        case Entrywise(op="and" | "or" as op, args=(left, right)):
            level = _AND if op == "and" else _OR
            return f"{_at_least(left, level)} {op} {_at_least(right, level + 1)}", level
        case Entrywise(op=op, args=args):
            return f"{op}({', '.join(map(text, args))})", _ATOM
        case Product():
            return " @ ".join(_at_least(f, _SIGN) for f in chain(node)), _TERM
        case Dot(left=left, right=right):
            return f"dot({text(left)}, {text(right)})", _ATOM
        case Transpose(of=of, axes=None):
            return f"{_at_least(of, _ATOM)}.T", _ATOM
        case _:
            return _call(node), _ATOM


def chain(node: Whole) -> list[Whole]:
    """The factors of a matrix product, in order."""
    match node:
        case Product(left=left, right=right):
            return [*chain(left), *chain(right)]
        case _:
            return [node]


def is_plain_number(node: Whole) -> bool:
    """Whether a node is a number whatever the arrays are."""
    match node:
        case Literal() | Known() | Count() | Extent() | Trace() | Norm() | Determinant():
            return True
        case Reduce(axes=None):
            return True
        case Entrywise(args=args):
            return all(map(is_plain_number, args))
        case _:
            return False


def _call(node: Whole) -> str:
    match node:
        case Transpose(of=of, axes=axes):
            return f"{_at_least(of, _ATOM)}.transpose{axes}"
        case Reduce(op=op, of=of, axes=axes, keepdims=keep):
            along = "" if axes is None else f", axis={axes[0] if len(axes) == 1 else axes}"
            return f"{op}({text(of)}{along}{', keepdims=True' if keep else ''})"
        case Outer(left=left, right=right):
            return f"outer({text(left)}, {text(right)})"
        case Einsum(letters=letters, kept=kept, args=args):
            return f"einsum('{','.join(letters)}->{kept}', {', '.join(map(text, args))})"
        case Reshape(of=of, like=like) if like is not None:
            return f"{_at_least(of, _ATOM)}.reshape({_at_least(like, _ATOM)}.shape)"
        case Reshape(of=of, shape=shape):
            return f"{_at_least(of, _ATOM)}.reshape({', '.join(map(_length, shape))})"
        case Indexed(of=of, picks=picks):
            return f"{_at_least(of, _ATOM)}[{', '.join(map(_pick, picks))}]"
        case Diagonal(of=of):
            return f"diag({text(of)})"
        case Trace(of=of):
            return f"tr({text(of)})"
        case Norm(of=of, order=order):
            return f"norm{order}({text(of)})"
        case Inverse(of=of):
            return f"inv({text(of)})"
        case Determinant(of=of, log=log):
            return f"{'logdet' if log else 'det'}({text(of)})"
        case Fill(value=value, shape=shape):
            if shape is None:
                return f"vector({_number(value)[0]})"
            lengths = ", ".join(map(_length, shape))
            sides = f"({lengths})" if len(shape) > 1 else lengths
            names = {0: "zeros", 1: "ones"}
            plain = names.get(int(value)) if value in (0, 1) else None
            return f"{plain}({sides})" if plain else f"full({sides}, {_number(value)[0]})"
        case Like(value=value, of=of):
            return f"{'ones' if value else 'zeros'}_like({text(of)})"
        case Identity(size=size):
            return "eye" if size is None else f"eye({_length(size)})"
        case Hot(of=of, classes=classes):
            return f"eye({_length(classes)})[{text(of)}]"
        case _:
            raise AssertionError(f"no text for {type(node).__name__}")


def _pick(pick: All | New | At | Every | Array) -> str:
    match pick:
        case All():
            return ":"
        case New():
            return "None"
        case At(at=at):
            return str(at)
        case Every():
            return "arange"
        case Array(name=name):
            return name


def _length(extent: Affine | Extent | None) -> str:
    if extent is None:
        return "-1"
    return text(extent) if isinstance(extent, Extent) else extent_text(extent)


def _number(value: Fraction) -> tuple[str, int]:
    if value.denominator == 1:
        return str(value.numerator), _SIGN if value < 0 else _ATOM
    decimal = repr(float(value))
    if Fraction(decimal) == value and "e" not in decimal and len(decimal) < 8:
        return decimal, _SIGN if value < 0 else _ATOM
    return f"{value.numerator} / {value.denominator}", _TERM
