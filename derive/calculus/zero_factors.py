"""Warnings of products with a factor that is 0 just where another one, or its slope, is undefined.

A condition that multiplies selects nothing: `(i != j)*c[j]/(y[i] - y[j])` has 0 times 1/0 in it.
What is told is sure: letters are put together, and what is undefined follows by cancelling.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from derive.algebra.conditions import decide, integer, settled
from derive.errors import shorten
from derive.ir.functions import FUNCTIONS
from derive.ir.notation import (
    Add,
    Affine,
    Axis,
    Call,
    Compare,
    Equation,
    Expr,
    Index,
    Logic,
    Mul,
    Number,
    Pow,
    Read,
    affine,
)
from derive.ir.tree import (
    MINUS_ONE,
    ONE,
    ZERO,
    children,
    factors,
    index,
    letters,
    mul,
    negative,
    reads,
    substitute,
)
from derive.language.printer import expr_text

_DEEP = 12  # equations that are read through, one after another
_ZERO_AT_ZERO = ("sqrt", "abs", "relu", "hold")


@dataclass(frozen=True)
class _Tie:
    """A letter put in one place: that of another letter, or the first."""

    letter: Axis
    place: Affine

    def of(self, expr: Expr) -> Expr:
        """What an expression is there."""
        return settled(substitute(expr, {self.letter: self.place}))

    def condition(self, op: str) -> Compare:
        """`i == j`, or the opposite."""
        return Compare(op, Index(affine(self.letter)), index(self.place))


def zero_factor_warnings(
    equations: Sequence[Equation],
    active: Collection[str],
    mask: Callable[[Equation], Expr | None],
) -> Iterator[str]:
    """A line for each equation with such a product, if what it gives is read there.

    `active` tensors are differentiated; `mask` tells where an equation's derivative isn't 0.
    """
    at = _At({e.tensor: e for e in equations}, active)
    for equation in equations:
        if equation.tensor not in active:
            continue
        for tie, line in _undefined_products(equation, at):
            around = mask(equation)
            if around is None or decide(tie.of(around)):
                yield f"{equation.tensor}: {line}"
                break


def _undefined_products(equation: Equation, at: _At) -> Iterator[tuple[_Tie, str]]:
    for term in equation.terms:
        if term.reduce == "sum":
            for product, conditions in _products(term.body, ()):
                yield from _judged(product, conditions, at)


def _products(expr: Expr, conditions: tuple[Expr, ...]) -> Iterator[tuple[Mul, tuple[Expr, ...]]]:
    """The products in an expression, and the conditions around each."""
    match expr:
        case Call("where", (condition, yes, no)):
            yield from _products(yes, (*conditions, condition))
            yield from _products(no, (*conditions, Logic("not", (condition,))))
            return
        case Mul():
            yield expr, conditions
    for part in children(expr):
        yield from _products(part, conditions)


def _judged(product: Mul, conditions: Sequence[Expr], at: _At) -> Iterator[tuple[_Tie, str]]:
    parts = factors(product)
    for k, part in enumerate(parts):
        rest = mul(*parts[:k], *parts[k + 1 :])
        for tie in () if any(reads(part)) else _ties(part):
            if integer(tie.of(part)) != affine(0):
                continue
            # a condition chooses where a slope is used, too
            chosen = isinstance(part, Call) and part.function == "where"
            what = at.undefined(tie.of(rest), slope=not chosen)
            if what and all(decide(tie.of(c)) for c in conditions):
                yield (
                    tie,
                    f"a factor is 0 where {expr_text(tie.condition('=='))}, and another has {what} "
                    "there: the product is undefined, not 0; write "
                    f"{shorten(expr_text(_chosen(part, rest, product, tie)), 160)}",
                )


def _chosen(part: Expr, rest: Expr, product: Expr, tie: _Tie) -> Expr:
    """The product with a factor's zero as a choice, without a factor that did no more."""
    condition: Expr = tie.condition("!=")
    match part:
        case Call("where", (own, yes, no)) if no == ZERO:
            return Call("where", (own, mul(yes, rest), ZERO))
        case Add((one, Mul((minus, Call("delta", _) as delta)))) if (one, minus) == (
            ONE,
            MINUS_ONE,
        ):
            if set(letters(delta)) == set(letters(condition)):
                return Call("where", (condition, rest, ZERO))
    return Call("where", (condition, product, ZERO))


def _ties(part: Expr) -> Iterator[_Tie]:
    those = tuple(dict.fromkeys(letters(part)))
    for k, one in enumerate(those):
        yield from (_Tie(one, affine(b)) for b in those[k + 1 :] if b.extent == one.extent)
    yield from (_Tie(a, affine(0)) for a in those)


@dataclass(frozen=True)
class _At:
    """What is surely 0 or undefined, once letters are tied."""

    defined: Mapping[str, Equation]
    active: Collection[str]
    _undefined: dict[tuple[Read, bool], str] = field(default_factory=dict)
    _zero: dict[Read, bool] = field(default_factory=dict)

    def undefined(self, expr: Expr, slope: bool, deep: int = _DEEP) -> str:
        """`an infinite value` or `an infinite slope`, if some part surely has it."""
        match expr:
            case Call("where" | "delta", _) | Compare() | Logic():
                return ""  # what is chosen may be sound
            case Pow(base, Number(power)) if power < 0 and self.zero(base):
                return "an infinite value"
            case Call("log", (inside,)) if self.zero(inside):
                return "an infinite value"
            case Pow(inside, Number(power)) if slope and 0 < power < 1 and self._moves(inside):
                return "an infinite slope"
            case Call("sqrt", (inside,)) if slope and self._moves(inside):
                return "an infinite slope"
            case Call("hold", _):
                slope = False
        if isinstance(expr, Read):
            if deep and (expr, slope) not in self._undefined:
                those = (self.undefined(b, slope, deep - 1) for b in self._through(expr))
                self._undefined[expr, slope] = next(filter(None, those), "")
            return self._undefined.get((expr, slope), "")
        parts = (self.undefined(p, slope, deep) for p in children(expr))
        return next(filter(None, parts), "")

    def _moves(self, inside: Expr) -> bool:
        return self.zero(inside) and any(r.tensor in self.active for r in reads(inside))

    def zero(self, expr: Expr, deep: int = _DEEP) -> bool:
        """Whether a value is surely 0."""
        if integer(expr) == affine(0):
            return True
        match expr:
            case Read():
                if deep and expr not in self._zero:
                    bodies = self._through(expr)
                    self._zero[expr] = bool(bodies) and all(self.zero(b, deep - 1) for b in bodies)
                return self._zero.get(expr, False)
            case Mul(args):
                return any(self.zero(a, deep) for a in args)
            case Pow(base, Number(power)):
                return power > 0 and self.zero(base, deep)
            case Call(name, (inside,)) if name in _ZERO_AT_ZERO or FUNCTIONS[name].odd:
                return self.zero(inside, deep)
            case Add(args):
                left = list(args)
                for arg in args:
                    if arg in left and negative(arg) in left:
                        left.remove(arg)
                        left.remove(negative(arg))
                return all(self.zero(a, deep) for a in left)
            case _:
                return False

    def _through(self, read: Read) -> tuple[Expr, ...]:
        """What an equation, if it is one of sums, has at the place that is read."""
        equation = self.defined.get(read.tensor)
        if equation is None:
            return ()
        whole = tuple(map(affine, equation.axes))
        if any(t.reduce != "sum" or t.target != whole for t in equation.terms):
            return ()
        places = dict(zip(equation.axes, read.subscripts, strict=True))
        return tuple(settled(substitute(t.body, places)) for t in equation.terms)
