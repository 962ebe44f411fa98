"""Values that may be infinite or undefined though all that is given is finite.

A quotient, a root, a logarithm or an exponential is sound where its argument's sign is known: by
its form, or by that of the equation that defines it. What can't be told is taken for unsound.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from derive.algebra.index_rules import bounds, surely_not_negative
from derive.algebra.readable_conditions import of_letters
from derive.ir.functions import FUNCTIONS
from derive.ir.notation import (
    Add,
    Call,
    Compare,
    Constant,
    Equation,
    Expr,
    Index,
    Logic,
    Mul,
    Number,
    Pow,
    Read,
    Tensor,
    Term,
)
from derive.ir.tree import children, factors, negative, substitute, walk

ANY, NOT_NEGATIVE, POSITIVE = 0, 1, 2


class Hazards:
    """Signs of values, and values that may be undefined, as a system's equations tell them."""

    def __init__(self, equations: Iterable[Equation], tensors: Mapping[str, Tensor]) -> None:
        self._equations: dict[str, Equation] = {}
        self._signs = {n: _given(t) for n, t in tensors.items()}
        self._unsound: set[str] = set()
        for equation in equations:
            self._signs[equation.tensor] = ANY
            sign = self._total(equation.terms)
            if any(self.unsound(t.body) for t in equation.terms):
                self._unsound.add(equation.tensor)
            self._signs[equation.tensor] = sign
            self._equations[equation.tensor] = equation

    @property
    def unsound_tensors(self) -> frozenset[str]:
        """The tensors that may be infinite or undefined."""
        return frozenset(self._unsound)

    def _total(self, terms: tuple[Term, ...]) -> int:
        signs = [self._summed(t) for t in terms]
        return POSITIVE if POSITIVE in signs and ANY not in signs else min(signs, default=ANY)

    def _summed(self, term: Term) -> int:
        if term.reduce not in ("sum", "prod", "max", "min"):
            return ANY
        sign = self.sign(term.body)
        return sign if term.plain else min(sign, NOT_NEGATIVE)

    def sign(self, expr: Expr) -> int:
        """Whether a value is surely positive, or surely not negative."""
        match expr:
            case Number(value):
                return POSITIVE if value > 0 else NOT_NEGATIVE if value == 0 else ANY
            case Constant():
                return POSITIVE
            case Index(value):
                reach = bounds(value)
                if reach is None or not surely_not_negative(reach[0]):
                    return ANY
                return POSITIVE if surely_not_negative(reach[0] - 1) else NOT_NEGATIVE
            case Read(tensor, subscripts):
                sign = self._signs.get(tensor, ANY)
                return sign if all(s.axis for s in subscripts) else min(sign, NOT_NEGATIVE)
            case Add(args):
                signs = [self.sign(a) for a in args]
                return max(signs) if ANY not in signs else ANY
            case Mul(args):
                return self._product(args)
            case Pow(base, exponent):
                return self._power(base, exponent)
            case Call():
                return self._call(expr)
            case _:
                return ANY

    def _product(self, args: tuple[Expr, ...]) -> int:
        single = [a for a in args if args.count(a) % 2]
        signs = [self.sign(a) for a in single]
        signs.extend(NOT_NEGATIVE for a in args if a not in single)
        return min(signs)

    def _power(self, base: Expr, exponent: Expr) -> int:
        below = self.sign(base)
        even = isinstance(exponent, Number) and exponent.value % 2 == 0
        return below or (NOT_NEGATIVE if even else ANY)

    def _call(self, call: Call) -> int:
        match call:
            case Call(name, (inside,)) if FUNCTIONS[name].range == "positive":
                # what is infinite below gives 0
                return NOT_NEGATIVE if self.unsound(inside) else POSITIVE
            case Call(name, (inside,)) if FUNCTIONS[name].range:
                return max(self.sign(inside), NOT_NEGATIVE)
            case Call("delta", _):
                return NOT_NEGATIVE
            case Call("sqrt" | "hold", (inside,)):
                return self.sign(inside)
            case Call("maximum", args):
                return max(self.sign(a) for a in args)
            case Call("minimum", args) | Call("where", (_, *args)):
                return min(self.sign(a) for a in args)
            case _:
                return ANY

    def singular(self, expr: Expr) -> bool:
        """Whether a value may be infinite or undefined though all that it reads is sound."""
        return any(self._pole(node) for node in walk(expr))

    def unsound(self, expr: Expr) -> bool:
        """Whether a value may be infinite or undefined, by itself or by what it reads."""
        match expr:
            case Read(tensor, _):
                return tensor in self._unsound
            case Call("where", (condition, yes, no)) if of_letters(condition):
                # a mask on letters, as that of a causal attention, leaves something to read
                return any(self.unsound(a) for a in (yes, no) if not _infinite(a))
            case Compare() | Logic():
                return False
            case _:
                return self._pole(expr) or any(self.unsound(part) for part in children(expr))

    def _pole(self, expr: Expr) -> bool:
        match expr:
            case Constant(name):
                return name == "inf"
            case Pow(base, Number(value)) if value >= 0:
                return self.sign(base) < (ANY if value.denominator == 1 else NOT_NEGATIVE)
            case Pow(base, _):
                return self.sign(base) < POSITIVE
            case Call(name, (inside, *_)):
                return self._at_risk(FUNCTIONS[name].risk, inside)
            case _:
                return False

    def _at_risk(self, risk: str, inside: Expr) -> bool:
        match risk:
            case "positive":
                return self.sign(inside) < POSITIVE
            case "not negative":
                return self.sign(inside) < NOT_NEGATIVE
            case "large":
                return not (self.sign(negative(inside)) or self._below_maximum(inside))
            case _:
                return bool(risk)

    def _below_maximum(self, expr: Expr) -> bool:
        """Whether a value is one of several less the greatest of them: `z[n,i] - m[n]`."""
        match expr:
            case Add((Read() as value, Mul((Number(minus), Read() as most)))) if minus == -1:
                equation = self._equations.get(most.tensor)
                return equation is not None and _among(value, most, equation)
            case _:
                return False


def _among(value: Read, most: Read, equation: Equation) -> bool:
    """Whether a value is among those whose maximum is read."""
    term = equation.terms[0]
    body = term.body
    while isinstance(body, Call) and body.function == "hold":
        (body,) = body.args
    if term.reduce != "max" or not isinstance(body, Read) or body.tensor != value.tensor:
        return False
    body = substitute(body, dict(zip(equation.axes, most.subscripts, strict=True)))
    assert isinstance(body, Read)
    return all(
        one == other or other.axis in term.reduced
        for one, other in zip(value.subscripts, body.subscripts, strict=True)
    )


def _infinite(expr: Expr) -> bool:
    return Constant("inf") in factors(expr)


def _given(tensor: Tensor) -> int:
    """A constant's sign, and that of a running statistic, which is taken for a mean of squares."""
    if tensor.value is not None:
        return POSITIVE if tensor.value > 0 else NOT_NEGATIVE if tensor.value == 0 else ANY
    return NOT_NEGATIVE if tensor.role == "buffer" else ANY
