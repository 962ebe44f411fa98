"""The bridge to SymPy: scalar bodies become SymPy expressions and come back.

A leaf (a read, an index, a held value) is one symbol, interned by what it is, so SymPy never sees
an index or a sum. Its functions at kinks (`Abs`, `sign`, `Max`, `Piecewise`) are those of complex
analysis; ours are classes with real derivatives and the conventions of the language. On the way
back the author's order is restored: factors and terms stand by where their leaves first occur.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache
from operator import eq, ge, gt, le, lt, ne
from typing import Any

import sympy

from derive.ir.functions import ENTRYWISE, FUNCTIONS, Function, X
from derive.ir.notation import Add, Call, Compare, Constant, Expr, Index, Logic, Mul, Number, Pow
from derive.ir.tree import MINUS_ONE, ONE, add, mul, number, power

Sympy = Any
_HALF = sympy.Rational(1, 2)


class Unreal(ArithmeticError):
    """A value that is infinite or no real number, whatever the leaves are."""


class Letter(sympy.Symbol):
    """A letter, or an integer of letters: nothing is differentiated by it."""

    @classmethod
    def class_key(cls) -> Sympy:  # noqa: D102 - SymPy's hook
        return sympy.Symbol.class_key()


_DECIDE = {"==": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}


class Test(sympy.Function):
    """A condition: constant between its boundaries, so its derivative is 0."""

    def _eval_derivative(self, _: Sympy) -> Sympy:
        return sympy.S.Zero

    @property
    def decided(self) -> bool | None:
        """Whether a comparison of two numbers holds; None for all else."""
        op, *sides = self.args
        decide = _DECIDE.get(op.name)
        both = all(isinstance(s, sympy.Rational) for s in sides)
        return bool(decide(*sides)) if decide is not None and both else None


class Where(sympy.Function):
    """`where(condition, a, b)`: the derivative goes into the branches."""

    nargs = (3,)

    @classmethod
    def eval(  # noqa: D102 - SymPy's hook
        cls, condition: Sympy, yes: Sympy, no: Sympy
    ) -> Sympy:
        # of `where(s - s > 0, log(s - s), s)` the first branch is no real number, and never taken
        decided = condition.decided if isinstance(condition, Test) else None
        if decided is not None:
            return yes if decided else no
        return yes if yes == no else None

    def _eval_derivative(self, by: Sympy) -> Sympy:
        condition, yes, no = self.args
        return Where(condition, yes.diff(by), no.diff(by))


class Sign(sympy.Function):
    """The sign, 0 at 0; its derivative is 0, at 0 too by convention."""

    def fdiff(self, _: int = 1) -> Sympy:  # noqa: D102 - SymPy's hook
        return sympy.S.Zero


class AbsoluteValue(sympy.Function):
    """|x|; its derivative is the sign, 0 at 0 by convention."""

    def fdiff(self, _: int = 1) -> Sympy:  # noqa: D102 - SymPy's hook
        return Sign(self.args[0])


def _share(op: str, mine: Sympy, other: Sympy) -> Sympy:
    """1 where mine is chosen, a half at a tie."""
    tie = Where(Test(sympy.Symbol("=="), mine, other), sympy.Rational(1, 2), 0)
    return Where(Test(sympy.Symbol(op), mine, other), 1, tie)


class Maximum(sympy.Function):
    """The larger of two; at a tie each gets half the derivative."""

    def fdiff(self, argindex: int = 1) -> Sympy:  # noqa: D102 - SymPy's hook
        a, b = self.args
        return _share(">", a, b) if argindex == 1 else _share(">", b, a)


class Minimum(sympy.Function):
    """The smaller of two; at a tie each gets half the derivative."""

    def fdiff(self, argindex: int = 1) -> Sympy:  # noqa: D102 - SymPy's hook
        a, b = self.args
        return _share("<", a, b) if argindex == 1 else _share("<", b, a)


class Raised(sympy.Function):
    """A power that isn't a number's, with derivatives that are numbers at a base of 0.

    SymPy's are a**b*b/a and, by the exponent, a**b*log(a); the latter is taken as 0 there, and so
    is b*a**(b - 1) where b is 0 too: a**0 is 1 for all a.
    """

    def fdiff(self, argindex: int = 1) -> Sympy:  # noqa: D102 - SymPy's hook
        a, b = self.args
        if a == 0 and argindex != 1:
            return sympy.zoo  # 0**b is infinite for all b below 0
        slope = b * Raised(a, b - 1) if argindex == 1 else Raised(a, b) * sympy.log(a)
        if _positive(a) or (argindex == 1 and b.is_number):
            return slope
        zero = [Test(sympy.Symbol("=="), v, sympy.S.Zero) for v in self.args[: 3 - argindex]]
        if len(zero) == 2 and all(isinstance(v, Letter) for v in b.free_symbols):
            zero = zero[1:]
        return Where(zero[0] if len(zero) == 1 else Test(sympy.Symbol("and"), *zero), 0, slope)


def slope_of(value: Sympy, symbol: Sympy) -> Sympy:
    """The derivative, powers of any exponent included."""

    def open_(power: Sympy) -> bool:
        return bool(power.is_Pow and not power.exp.is_number)

    result = value.replace(open_, lambda p: Raised(p.base, p.exp)).diff(symbol)
    return result.replace(Raised, sympy.Pow)


def _positive(value: Sympy) -> bool:
    """Whether a value surely is above 0."""
    if value.is_Add:
        return all(map(_not_negative, value.args)) and any(map(_positive, value.args))
    if value.is_Mul:
        return all(map(_positive, value.args))
    if value.is_Pow:
        return _positive(value.base)
    return _range(value) == "positive" or bool(value.is_positive)


def _not_negative(value: Sympy) -> bool:
    even = value.is_Pow and value.exp.is_Integer and value.exp % 2 == 0 and value.exp > 0
    root = value.is_Pow and value.exp == sympy.Rational(1, 2)
    return bool(even or root or _range(value)) or _positive(value)


def _range(value: Sympy) -> str:
    name = _NAMES.get(type(value))
    return FUNCTIONS[name].range if name else ""


class Defined(sympy.Function):
    """A function with a mathematical form: SymPy differentiates the form."""

    def fdiff(self, _: int = 1) -> Sympy:  # noqa: D102 - SymPy's hook
        kind: Sympy = type(self)
        return _derivative_of(kind).subs(_X, self.args[0])


_X = sympy.Dummy("x")
_Y = sympy.Dummy("y")
_OWN: dict[str, Sympy] = {
    "abs": AbsoluteValue,
    "sign": Sign,
    "where": Where,
    "maximum": Maximum,
    "minimum": Minimum,
}


def _class(row: Function) -> Sympy:
    """Our own class, else SymPy's, else one that is differentiated by its form."""
    if row.name in _OWN:
        return _OWN[row.name]
    known = getattr(sympy, row.name, None)
    return known or type(row.name.capitalize(), (Defined,), {"__doc__": f"{row.form}"})


_CLASSES = {n: _class(row) for n, row in FUNCTIONS.items() if n in _OWN or n in ENTRYWISE}
_NAMES = {kind: n for n, kind in _CLASSES.items() if n != "sqrt"}
TRANSCENDENTAL = tuple(_CLASSES[n] for n, row in ENTRYWISE.items() if row.is_costly and n != "sqrt")


def named(name: str) -> Sympy:
    """SymPy's class for a function of the language."""
    return _CLASSES[name]


class Leaves:
    """Leaves as symbols, interned: the same leaf is the same symbol."""

    def __init__(self) -> None:
        self._symbols: dict[Expr, Sympy] = {}
        self.leaves: dict[Sympy, Expr] = {}

    def symbol(self, leaf: Expr) -> Sympy:
        """The symbol of a leaf; symbols are numbered by first occurrence."""
        result = self._symbols.get(leaf)
        if result is None:
            kind = Letter if isinstance(leaf, Index) else sympy.Symbol
            result = kind(f"v{len(self._symbols):04d}")
            self._symbols[leaf] = result
            self.leaves[result] = leaf
        return result

    def position(self, symbol: Sympy) -> int:
        """The rank of the leaf by first occurrence."""
        return int(symbol.name[1:]) if symbol in self.leaves else -1


def to_sympy(expr: Expr, leaves: Leaves) -> Sympy:
    """An expression as SymPy's, a symbol a leaf."""
    match expr:
        case Number(value):
            return sympy.Rational(value.numerator, value.denominator)
        case Constant("pi"):
            return sympy.pi
        case Add(args):
            return sympy.Add(*(to_sympy(a, leaves) for a in args))
        case Mul(args):
            return sympy.Mul(*(to_sympy(a, leaves) for a in args))
        case Pow(base, exponent):
            return sympy.Pow(to_sympy(base, leaves), to_sympy(exponent, leaves))
        case Compare(op, left, right):
            return Test(sympy.Symbol(op), to_sympy(left, leaves), to_sympy(right, leaves))
        case Logic(op, args):
            return Test(sympy.Symbol(op), *(to_sympy(a, leaves) for a in args))
        case Call("hold" | "delta", _):
            return leaves.symbol(expr)
        case Call(function, args):
            return _CLASSES[function](*(to_sympy(a, leaves) for a in args))
        case _:
            return leaves.symbol(expr)


@cache
def _form(kind: Sympy) -> Sympy:
    """The form of a defined function, at `_X`."""
    form = FUNCTIONS[_NAMES[kind]].form
    assert form is not None
    leaves = Leaves()
    return to_sympy(form, leaves).xreplace({leaves.symbol(X): _X})


@cache
def _derivative_of(kind: Sympy) -> Sympy:
    """The derivative of a defined function, written with sigmoid where that is possible."""
    raw = _form(kind).diff(_X)
    sigmoid = _CLASSES["sigmoid"]
    if kind in (sigmoid, _CLASSES["softplus"]):
        # exp(-x) = 1/y - 1 with y = sigmoid(x), by solving the definition
        place = sympy.Dummy()
        form = _form(sigmoid).xreplace({sympy.exp(-_X): place})
        slope, rest = sympy.Poly(sympy.fraction(sympy.together(form - _Y))[0], place).all_coeffs()
        solved = -rest / slope
        slope_in_y = raw.subs(sympy.exp(-_X), solved).subs(sympy.exp(_X), 1 / solved)
        raw = sympy.factor(sympy.cancel(slope_in_y)).subs(_Y, sigmoid(_X))
    return raw


def from_sympy(value: Sympy, leaves: Leaves) -> Expr:
    """The way back, the author's order restored."""
    if value.is_Rational:
        return number(Fraction(int(value.p), int(value.q)))
    if value.is_Symbol:
        return leaves.leaves[value]
    if value is sympy.pi:
        return Constant("pi")
    if value is sympy.oo:
        return Constant("inf")
    if value is sympy.S.NegativeInfinity:
        return mul(MINUS_ONE, Constant("inf"))
    if value is sympy.E:
        return Call("exp", (ONE,))
    if value.is_Add:
        terms = sorted(value.args, key=lambda t: _term_key(t, leaves))
        if terms[0].is_number and len(terms) > 1 and not terms[1].could_extract_minus_sign():
            terms = [*terms[1:], terms[0]]
        return add(*(from_sympy(t, leaves) for t in terms))
    if value.is_Mul:
        return _product(value, leaves)
    if value.is_Pow:
        return _power(value.base, value.exp, leaves)
    if isinstance(value, Test):
        op = value.args[0].name
        parts = tuple(from_sympy(a, leaves) for a in value.args[1:])
        return Logic(op, parts) if op in ("and", "or", "not") else Compare(op, *parts)
    name = _NAMES.get(type(value))
    if name is None:
        if value.is_number and value.is_finite is not True:
            raise Unreal(str(value))
        raise AssertionError(f"SymPy answered {type(value).__name__}, which has no name here")
    return Call(name, tuple(from_sympy(a, leaves) for a in value.args))


def _power(base: Sympy, exponent: Sympy, leaves: Leaves) -> Expr:
    below = from_sympy(base, leaves)
    if exponent == sympy.Rational(1, 2):
        return Call("sqrt", (below,))
    if exponent == sympy.Rational(-1, 2):
        return power(Call("sqrt", (below,)), MINUS_ONE)
    return power(below, from_sympy(exponent, leaves))


def _product(value: Sympy, leaves: Leaves) -> Expr:
    coefficient, rest = value.as_coeff_Mul()
    parts = sorted(sympy.Mul.make_args(rest), key=lambda f: _factor_key(f, leaves))
    if coefficient.is_negative:
        for k, part in enumerate(parts):
            # -(a - b) reads better as (b - a)
            if part.is_Add and any(t.could_extract_minus_sign() for t in part.args):
                coefficient = -coefficient
                parts[k] = sympy.Add(*(-t for t in part.args))
                break
    roots = [p for p in parts if p.is_number and p.is_Pow and abs(p.exp) == _HALF]
    if len(roots) < 2:
        return mul(from_sympy(coefficient, leaves), *(from_sympy(p, leaves) for p in parts))
    rest = [from_sympy(p, leaves) for p in parts if p not in roots]
    return mul(*_joined(coefficient, roots, leaves), *rest)


def _joined(coefficient: Sympy, roots: Sequence[Sympy], leaves: Leaves) -> Iterator[Expr]:
    """Numbers under roots as one root above and one below: sqrt(2)/(2*sqrt(pi)) is 1/sqrt(2*pi)."""
    if coefficient.is_negative:
        yield MINUS_ONE
    over, under = sympy.fraction(coefficient**2 * sympy.Mul(*(r**2 for r in roots)))
    for square, exponent in ((over, ONE), (under, MINUS_ONE)):
        root = sympy.sqrt(square)
        value = root if root.is_Rational else None
        shown = from_sympy(value, leaves) if value else Call("sqrt", (from_sympy(square, leaves),))
        yield power(shown, exponent)


def _first(value: Sympy, leaves: Leaves) -> int:
    known = (leaves.position(s) for s in value.free_symbols if s in leaves.leaves)
    return min(known, default=-1)


def _factor_key(value: Sympy, leaves: Leaves) -> tuple[bool, int, Any]:
    divides = value.is_Pow and value.exp.could_extract_minus_sign()
    return divides, _first(value, leaves), sympy.default_sort_key(value)


def _term_key(value: Sympy, leaves: Leaves) -> tuple[bool, int, Any]:
    return value.could_extract_minus_sign(), _first(value, leaves), sympy.default_sort_key(value)
