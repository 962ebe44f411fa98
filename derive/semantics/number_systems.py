"""The number systems in which equations can be worked out: floats, fifty digits, exact rationals.

Arithmetic never raises where NumPy would go on: `1/0` is inf, `0/0` and `log(-1)` are nan. Only the
exact rationals refuse, with `Inexact`, what isn't rational.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, cached_property, reduce
from operator import add, mul
from typing import Any, NoReturn

import mpmath

from derive.ir.comparisons import COMPARISONS
from derive.ir.functions import ENTRYWISE, Function
from derive.ir.notation import Add, Call, Compare, Constant, Expr, Mul, Number, Pow
from derive.ir.tree import walk

DIGITS = 50


class Inexact(ArithmeticError):
    """The value isn't a rational number."""


@dataclass(frozen=True)
class Arithmetic:
    """A number system; its elements add and multiply by `+` and `*`.

    `number` takes integers, rationals and floats into it; `compare` decides `==`, `!=`, `<`, ...;
    `distance` says how far a decision was from going the other way; `functions` by name.
    `eliminates`: whether a determinant comes from elimination, by the largest pivots; else it is
    written out as a polynomial.
    """

    name: str
    number: Callable[[Any], Any]
    constants: Mapping[str, Any]
    power: Callable[[Any, Any], Any]
    compare: Callable[[str, Any, Any], bool]
    distance: Callable[[Any, Any], float]
    functions: Mapping[str, Callable[[Any], Any]]
    logsumexp: Callable[[list[Any]], Any]
    eliminates: bool = True

    @cached_property
    def zero(self) -> Any:
        """Its zero."""
        return self.number(0)

    @cached_property
    def one(self) -> Any:
        """Its one."""
        return self.number(1)


def evaluate(expr: Expr, x: Any, arithmetic: Arithmetic) -> Any:
    """The value of an expression of numbers and of `X`, which is `x`."""

    def inside(part: Expr) -> Any:
        return evaluate(part, x, arithmetic)

    match expr:
        case Number(value):
            return arithmetic.number(value)
        case Constant(name):
            return arithmetic.constants[name]
        case Add(args):
            return reduce(add, map(inside, args))
        case Mul(args):
            return reduce(mul, map(inside, args))
        case Pow(base, exponent):
            return arithmetic.power(inside(base), inside(exponent))
        case Call(function, (one,)):
            return arithmetic.functions[function](inside(one))
        case _:
            return x


def with_forms(arithmetic: Arithmetic) -> Arithmetic:
    """The number system with the functions that it lacks, by their forms."""
    functions = dict(arithmetic.functions)
    whole = replace(arithmetic, functions=functions)

    def by_form(form: Expr) -> Callable[[Any], Any]:
        return lambda x: evaluate(form, x, whole)

    for name, row in ENTRYWISE.items():
        if row.form is not None and not _decides(row.form):
            functions.setdefault(name, by_form(row.form))
    return whole


def _decides(form: Expr) -> bool:
    """Whether it has cases, which are the interpreter's."""
    return any(isinstance(n, Compare) for n in walk(form))


def compared(op: str, left: Any, right: Any) -> bool:
    """A comparison of ordinary numbers."""
    return bool(COMPARISONS[op](left, right))


# ---- floats ----------------------------------------------------------------------------------


def _guarded(function: Callable[[float], float]) -> Callable[[float], float]:
    """A function of `math` that answers inf or nan instead of raising."""

    def call(x: float) -> float:
        try:
            return function(x)
        except OverflowError:
            return math.inf
        except ValueError:
            return math.nan

    return call


def _by_math(row: Function) -> Callable[[float], float]:
    """The function of `math`; one that is odd at |x|, so that an overflow has the right sign."""
    call = _guarded(getattr(math, row.name))
    return (lambda x: call(x) if x >= 0 else -call(-x)) if row.odd else call


_exp = _guarded(math.exp)


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf if x == 0 else math.nan


def _log1p(x: float) -> float:
    return math.log1p(x) if x > -1 else -math.inf if x == -1 else math.nan


def _power(base: float, exponent: float) -> float:
    if exponent == -1 and base:
        return 1 / base
    try:
        return math.pow(base, exponent)
    except OverflowError:
        size = math.inf
    except ValueError:
        if base:
            return math.nan
        size = math.inf
    odd = exponent % 2 == 1
    return math.copysign(size, base) if odd else size


def _sigmoid(x: float) -> float:
    small = _exp(-abs(x))
    return float((1 if x >= 0 else small) / (1 + small))


def _softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(_exp(-abs(x)))


def _logsumexp(values: list[float]) -> float:
    highest = max(values, default=-math.inf)
    if math.isinf(highest) or any(math.isnan(v) for v in values):
        return math.nan if any(math.isnan(v) for v in values) else highest
    return highest + math.log(sum(math.exp(v - highest) for v in values))


def _float_distance(left: float, right: float) -> float:
    return abs(left - right) if math.isfinite(left) and math.isfinite(right) else math.inf


FLOATS = with_forms(
    Arithmetic(
        name="floats",
        number=float,
        constants={"pi": math.pi, "inf": math.inf},
        power=_power,
        compare=compared,
        distance=_float_distance,
        functions={
            **{n: _by_math(row) for n, row in ENTRYWISE.items() if hasattr(math, n)},
            "log": _log,
            "log1p": _log1p,
            "normcdf": lambda x: math.erfc(-x / math.sqrt(2)) / 2,
            "sigmoid": _sigmoid,
            "softplus": _softplus,
        },
        logsumexp=_logsumexp,
    )
)


# ---- many digits -----------------------------------------------------------------------------


@cache
def many_digits(digits: int = DIGITS) -> Arithmetic:
    """Floating point of any precision, by mpmath; its own context, nothing global."""
    mp = mpmath.MPContext()
    mp.dps = digits

    def number(value: Any) -> Any:
        if isinstance(value, Fraction):
            return mp.mpf(value.numerator) / value.denominator
        if isinstance(value, int) or hasattr(value, "_mpf_"):
            return mp.mpf(value)
        return mp.mpf(float(value))

    def real(function: Callable[[Any], Any], least: int) -> Callable[[Any], Any]:
        """A function of real numbers: nan below `least`, where its value would be complex."""
        return lambda x: function(x) if x >= least else mp.nan

    def power(base: Any, exponent: Any) -> Any:
        if not base and exponent < 0:
            return mp.inf
        if base < 0 and not mp.isint(exponent):
            return mp.nan
        return base ** (int(exponent) if mp.isint(exponent) else exponent)

    def sigmoid(x: Any) -> Any:
        small = mp.exp(-abs(x))
        return (1 if x >= 0 else small) / (1 + small)

    def softplus(x: Any) -> Any:
        return max(x, mp.zero) + mp.log1p(mp.exp(-abs(x)))

    def log1p(x: Any) -> Any:
        return -mp.inf if x == -1 else mp.log1p(x)

    def logsumexp(values: list[Any]) -> Any:
        highest = max(values, default=-mp.inf)
        if mp.isinf(highest):
            return highest
        return highest + mp.log(mp.fsum(mp.exp(v - highest) for v in values))

    return with_forms(
        Arithmetic(
            name=f"{digits} digits",
            number=number,
            constants={"pi": +mp.pi, "inf": mp.inf},
            power=power,
            compare=compared,
            distance=lambda a, b: _float_distance(float(a), float(b)),
            functions={
                **{n: getattr(mp, n) for n in ENTRYWISE if hasattr(mp, n)},
                "log": real(mp.log, 0),
                "log1p": real(log1p, -1),
                "sqrt": real(mp.sqrt, 0),
                "normcdf": mp.ncdf,
                "sigmoid": sigmoid,
                "softplus": softplus,
            },
            logsumexp=logsumexp,
        )
    )


# ---- exact rationals -------------------------------------------------------------------------


def _exact_power(base: Fraction, exponent: Fraction) -> Fraction:
    if not base and exponent < 0:
        raise Inexact("division by zero")
    whole = base**exponent.numerator
    if exponent.denominator == 1:
        return whole
    parts = [_root(part, exponent.denominator) for part in (whole.numerator, whole.denominator)]
    return Fraction(*parts)


def _root(whole: int, degree: int) -> int:
    """The root of an integer. Raises `Inexact` where it isn't one."""
    low, high = 0, max(whole, 1)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if middle**degree >= whole else (middle + 1, high)
    if low**degree != whole:
        raise Inexact(f"the root of degree {degree} of {whole} is irrational")
    return low


def _refuse(name: str, at_zero: int | None = None) -> Callable[[Fraction], Fraction]:
    def call(x: Fraction) -> Fraction:
        if at_zero is None or x:
            raise Inexact(f"{name}({x}) is no rational number")
        return Fraction(at_zero)

    return call


def _no_logsumexp(values: list[Fraction]) -> NoReturn:
    raise Inexact("a logsumexp is no rational number")


EXACT = with_forms(
    Arithmetic(
        name="exact",
        number=Fraction,
        constants={},
        power=_exact_power,
        compare=compared,
        distance=lambda a, b: float(min(abs(a - b), 1)),
        functions={
            **{
                n: _refuse(n, 0 if row.odd else None)
                for n, row in ENTRYWISE.items()
                if not row.form
            },
            **{n: _refuse(n, 1) for n in ("exp", "cos")},
            "log": lambda x: Fraction(0) if x == 1 else _refuse("log")(x),
            "sqrt": lambda x: _exact_power(x, Fraction(1, 2)),
        },
        logsumexp=_no_logsumexp,
    )
)
