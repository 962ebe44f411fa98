"""The exact check: the objective written out in scalar symbols, differentiated by SymPy.

Nothing of the calculus is used here: the interpreter writes every entry out in one symbol for each
entry of each leaf, and SymPy differentiates that. Each symbol has a number beside it, the witness,
which decides comparisons: near it, `where`, `max`, `abs` and the like are one of their branches.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import sympy

from derive.checks.report import Row
from derive.ir.derivation import Derivation
from derive.ir.functions import ENTRYWISE
from derive.ir.notation import Equation
from derive.semantics.interpreter import Interpreter, Place
from derive.semantics.number_systems import Arithmetic, many_digits, with_forms
from derive.systems.freeze import freeze

DIGITS = 50
TOLERANCE = 1e-30
LONGEST = 12  # a longer entry is named, and the derivative goes through the name
DECIDABLE = 120  # the longest objective or difference that SymPy is asked to decide
MOST_ENTRIES = 4  # of each tensor

_numbers = many_digits(DIGITS)


class Scalar:
    """A number written out in symbols, beside its value at the witness."""

    __slots__ = ("expr", "value")

    def __init__(self, expr: Any, value: Any) -> None:
        self.value = value
        self.expr = expr
        if not -_numbers.constants["inf"] < value < _numbers.constants["inf"]:
            self.expr = sympy.oo if value > 0 else -sympy.oo if value < 0 else sympy.nan

    def __add__(self, other: Scalar) -> Scalar:
        return Scalar(self.expr + other.expr, self.value + other.value)

    def __mul__(self, other: Scalar) -> Scalar:
        return Scalar(self.expr * other.expr, self.value * other.value)

    def __neg__(self) -> Scalar:
        return Scalar(-self.expr, -self.value)


def _number(value: Any) -> Scalar:
    if isinstance(value, Scalar):
        return value
    exact = sympy.Rational(getattr(value, "numerator", value), getattr(value, "denominator", 1))
    return Scalar(exact, _numbers.number(value))


def _function(name: str) -> Callable[[Scalar], Scalar]:
    return lambda x: Scalar(getattr(sympy, name)(x.expr), _numbers.functions[name](x.value))


def _logsumexp(values: list[Scalar]) -> Scalar:
    total = sympy.log(sympy.Add(*(sympy.exp(v.expr) for v in values)))
    return Scalar(total, _numbers.logsumexp([v.value for v in values]))


SYMBOLS = with_forms(
    Arithmetic(
        name="symbols",
        number=_number,
        constants={
            "pi": Scalar(sympy.pi, _numbers.constants["pi"]),
            "inf": Scalar(sympy.oo, _numbers.constants["inf"]),
        },
        power=lambda a, b: Scalar(
            sympy.Pow(a.expr, b.expr) if a.value or b.value >= 0 else sympy.nan,
            _numbers.power(a.value, b.value),
        ),
        compare=lambda op, a, b: _numbers.compare(op, a.value, b.value),
        distance=lambda a, b: _numbers.distance(a.value, b.value),
        functions={name: _function(name) for name in ENTRYWISE if hasattr(sympy, name)},
        logsumexp=_logsumexp,
        eliminates=False,
    )
)


class _Writer(Interpreter):
    """An interpreter that gives long entries a symbol of their own; `names` keeps what they are."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.names: dict[Any, Scalar] = {}

    def _combined(self, equation: Equation, place: Place) -> Scalar:
        result: Scalar = super()._combined(equation, place)
        return self._named(result, f"{equation.tensor}{list(place)}")

    def _inverse(self, equation: Equation, place: Place) -> dict[Place, Scalar]:
        result: dict[Place, Scalar] = super()._inverse(equation, place)
        return {at: self._named(x, f"{equation.tensor}{list(at)}") for at, x in result.items()}

    def _reduce(self, op: str, values: list[Scalar]) -> Scalar:
        named = [self._named(v, op) for v in values]
        if op == "sum":  # at once: one by one SymPy sorts the sum anew each time
            total = sum((v.value for v in named), _numbers.number(0))
            return Scalar(sympy.Add(*(v.expr for v in named)), total)
        result: Scalar = super()._reduce(op, named)
        return result

    def _named(self, scalar: Scalar, name: str) -> Scalar:
        if not scalar.expr.args or not _longer(scalar.expr, LONGEST):
            return scalar
        symbol = sympy.Dummy(name, real=True)
        self.names[symbol] = scalar
        return Scalar(symbol, scalar.value)


def _longer(expr: Any, most: int) -> bool:
    return any(k >= most for k, _ in enumerate(sympy.preorder_traversal(expr)))


def check_exact(
    derivation: Derivation, values: Mapping[str, np.ndarray], extents: Mapping[str, int]
) -> Iterator[Row]:
    """A row for each gradient: is it the derivative of the written-out objective?"""
    symbols: dict[Any, Scalar] = {}
    given = {name: _symbols(name, derivation, values, symbols) for name in values}
    frozen = freeze(derivation.forward, derivation.table)
    everything = (
        *derivation.forward,
        *derivation.backward,
        *derivation.inlined,
        *frozen.held,
    )
    whole = _Writer(everything, frozen.table, given, SYMBOLS, extents)
    kept: dict[Any, Any] = {}
    still = dict(given)
    for equation in frozen.held:
        array = whole.array(equation.tensor)
        for place in np.ndindex(*array.shape):
            symbol = sympy.Dummy(f"{equation.tensor}{list(place)}", real=True)
            value: Any = array[place]
            kept[symbol] = value.expr
            array[place] = symbols[symbol] = Scalar(symbol, value.value)
        still[equation.tensor] = array
    forward = _Writer(frozen.equations, frozen.table, still, SYMBOLS, extents)
    objective = _objective(derivation, forward, whole)
    slope = _Slope(objective, forward.names, symbols)
    for name in derivation.wrt:
        yield _row(name, derivation, whole, given[name], slope, kept)


def _symbols(
    name: str,
    derivation: Derivation,
    values: Mapping[str, np.ndarray],
    symbols: dict[Any, Scalar],
) -> np.ndarray:
    """The leaf with a symbol for each entry; integers stay what they are."""
    array = values[name]
    if derivation.table[name].integer:
        return array
    result = as_symbols(name, array)
    symbols.update((scalar.expr, scalar) for scalar in result.flat)
    return result


def as_symbols(name: str, array: np.ndarray) -> np.ndarray:
    """A symbol for each entry of a tensor, beside its number."""
    result = np.empty(array.shape, dtype=object)
    for place in np.ndindex(*array.shape):
        symbol = sympy.Symbol(f"{name}{list(place)}", real=True)
        result[place] = Scalar(symbol, _numbers.number(array[place]))
    return result


def _objective(derivation: Derivation, forward: Interpreter, whole: Interpreter) -> Scalar:
    """The objective; for a tensor with axes, the sum with its upstream derivative."""
    shape = forward.shape(derivation.objective)
    if not shape:
        result: Scalar = forward.value(derivation.objective)
        return result
    upstream = upstream_of(derivation)
    total = _number(0)
    for place in np.ndindex(*shape):
        total += whole.value(upstream, place) * forward.value(derivation.objective, place)
    return total


def upstream_of(derivation: Derivation) -> str:
    """The tensor that holds the derivative by an objective with axes."""
    return next(
        t.name
        for t in derivation.tensors
        if t.role == "input" and t.name not in derivation.system.table
    )


class _Slope:
    """The derivative of the objective by one symbol, through the names of long entries."""

    def __init__(
        self, objective: Scalar, names: Mapping[Any, Scalar], symbols: Mapping[Any, Scalar]
    ) -> None:
        self.objective = objective
        self.names = names
        self.point = {
            s: sympy.Float(str(v.value), DIGITS + 5) for s, v in {**symbols, **names}.items()
        }
        self._unfolded = unfolded(objective.expr, names)
        self._partials: dict[Any, dict[Any, Any]] = {}
        self._inside: dict[Any, frozenset[Any]] = {}

    def written(self, symbol: Any) -> Any | None:
        """As an expression in the leaves' symbols; None where that is too long."""
        if self._unfolded is None:
            return None
        return self._unfolded.diff(symbol)

    def value(self, symbol: Any) -> Any:
        """At the witness."""
        rates: dict[Any, Any] = {symbol: _numbers.number(1)}
        for name, scalar in self.names.items():
            rate = self._rate(name, scalar, rates)
            if rate:
                rates[name] = rate
        return self._rate(None, self.objective, rates)

    def _rate(self, name: Any, scalar: Scalar, rates: Mapping[Any, Any]) -> Any:
        if name not in self._inside:
            self._inside[name] = frozenset(scalar.expr.free_symbols)
        partials = self._partials.setdefault(name, {})
        total = _numbers.number(0)
        for symbol in sorted(self._inside[name] & set(rates), key=str):
            if symbol not in partials:
                partial = scalar.expr.diff(symbol).xreplace(self.point)
                partials[symbol] = _digits(partial)
            total += partials[symbol] * rates[symbol]
        return total


def _digits(value: Any) -> Any:
    if value.has(sympy.zoo, sympy.nan):  # a pole
        return _numbers.number(math.nan)
    return _numbers.number(value.evalf(DIGITS + 5)._to_mpmath(4 * DIGITS))


def _row(
    name: str,
    derivation: Derivation,
    whole: _Writer,
    given: np.ndarray,
    slope: _Slope,
    kept: Mapping[Any, Any],
) -> Row:
    adjoint = derivation.adjoint[name]
    proved = checked = 0
    for place in spread(given.shape):
        symbol = given[place].expr
        mine = whole.value(adjoint, place)
        theirs = slope.value(symbol)
        if not near(mine.value, theirs, TOLERANCE):
            shown = f"{adjoint}{list(place)} is {float(mine.value):.9g}"
            return Row(name, "exact", "wrong", f"{shown}, SymPy has {float(theirs):.9g}")
        checked += 1
        written = slope.written(symbol)
        ours = None if written is None else unfolded(mine.expr, whole.names)
        if written is not None and ours is not None:
            proved += vanishes(written.xreplace(dict(kept)) - ours)
    whole_of = "entries" if checked == given.size else f"of {given.size} entries"
    if proved == checked:
        return Row(name, "exact", "identical", f"{checked} {whole_of}, symbol for symbol")
    return Row(name, "exact", "agrees", f"{checked} {whole_of}, {DIGITS} digits")


def spread(shape: Place, most: int = MOST_ENTRIES) -> list[Place]:
    """Some places of an array: the first, the last, and others between."""
    places = list(np.ndindex(*shape))
    if len(places) <= most:
        return places
    step = (len(places) - 1) / (most - 1)
    return [places[round(k * step)] for k in range(most)]


def near(one: Any, other: Any, tolerance: float) -> bool:
    """Whether two numbers agree, absolutely or relatively; nan agrees with nothing."""
    size = abs(one) + abs(other)
    if not size < _numbers.constants["inf"]:
        return bool(one == other)
    return bool(abs(one - other) <= tolerance * (1 + size))


def unfolded(expr: Any, names: Mapping[Any, Scalar]) -> Any | None:
    """The expression with its names written out; None where it becomes too long."""
    for name, scalar in reversed(list(names.items())):
        if expr.has(name):
            expr = expr.xreplace({name: scalar.expr})
            if _longer(expr, DECIDABLE):
                return None
    return expr


def vanishes(expr: Any) -> bool:
    """Whether SymPy can tell quickly that an expression is 0."""
    if expr == 0:
        return True
    if expr.count_ops() > DECIDABLE:
        return False
    whole = sympy.together(expr)
    return bool(sympy.expand(sympy.fraction(whole)[0]) == 0 or sympy.cancel(whole) == 0)
