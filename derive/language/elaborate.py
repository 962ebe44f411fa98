"""The meaning of resolved syntax: values as expressions, subscripts as integers of letters."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction

from derive.errors import shorten
from derive.ir.comparisons import COMPARISONS
from derive.ir.notation import (
    Affine,
    Axis,
    Call,
    Compare,
    Constant,
    Expr,
    Index,
    Logic,
    Number,
    Read,
    Reduction,
    affine,
)
from derive.ir.tree import add, divide, floordiv, index, modulo, mul, negative, number, power
from derive.language.extent_inference import Extents, axis_name
from derive.language.occurrences import bound_letters
from derive.language.printer import expr_text
from derive.language.scope import Scoped
from derive.language.syntax import (
    CONSTANTS,
    Bound,
    Fn,
    Letter,
    LetterVar,
    Name,
    Num,
    Op,
    Place,
    Ref,
    Refused,
    Syntax,
)
from derive.semantics.constant_value import is_undefined

LARGEST_EXTENT = 2**31
_SMALLEST, _LARGEST = Fraction(1, 10**300), Fraction(10**300)


class Meaning:
    """Gives resolved syntax its meaning, extents and ranks being known.

    `scope` is that of the equation at hand: its letters are asked first. Every method raises
    `Refused` for what has no meaning.
    """

    def __init__(
        self,
        scoped: Sequence[Scoped],
        extents: Extents,
        rank: Mapping[str, int],
        constants: Mapping[str, Fraction],
        integers: Collection[str],
    ) -> None:
        self.scoped = scoped
        self.extents = extents
        self.rank = rank
        self.constants = constants
        self.integers = integers
        self.axes: dict[LetterVar, Axis] = {}
        self.scope = ""

    def axis(self, var: LetterVar) -> Axis:
        """The axis that a letter runs over."""
        result = self.axes.get(var)
        if result is None:
            extent = self.extents.get(var)
            if extent is None:
                raise Refused(
                    var.place,
                    f"the extent of letter '{var.name}' is open: it walks no axis by itself whose "
                    f"size is known; give it in sizes, such as {var.name} = 5",
                )
            result = self.axes[var] = Axis(var.name, extent)
        return result

    def value(self, node: Syntax) -> Expr:
        """A value as an expression."""
        match node:
            case Num(place=place, value=value):
                if value and not _SMALLEST <= abs(value) <= _LARGEST:
                    raise Refused(
                        place, "this number is no float64; take one from 1e-300 to 1e300 in size"
                    )
                return Number(value)
            case Letter(var=var):
                return Index(affine(self.axis(var)))
            case Name(name=name):
                return Constant(name) if name in CONSTANTS else Read(name)
            case Ref(name=name, subscripts=parts):
                return Read(name, tuple(self.subscript(p) for p in parts))
            case Fn(place=place, name="size"):
                return index(self.extent(node, place))
            case Fn(place=place, name=name, args=args):
                return self.function(place, name, args)
            case Bound(op=op, vars=vars_, body=body):
                axes = tuple(self.axis(v) for v in vars_)
                inner = self.value(body)
                inner = as_value(inner)
                if op == "mean":
                    count = mul(*(power(index(a.extent), number(-1)) for a in axes))
                    return mul(count, Reduction("sum", axes, inner))
                return Reduction(op, axes, inner)
            case Op(place=place, op=op, args=args):
                return self.operator(place, op, args)
            case _:
                raise Refused(node.place, "this is no value")

    def function(self, place: Place, name: str, args: Sequence[Syntax]) -> Expr:
        """A function of values."""
        parts = [self.value(a) for a in args]
        if name == "where":
            if not isinstance(parts[0], Compare | Logic):
                raise Refused(
                    place, "the first argument of where is a condition, such as x[n,i] > 0"
                )
            return Call(name, (parts[0], as_value(parts[1]), as_value(parts[2])))
        return self.finite(place, Call(name, tuple(as_value(p) for p in parts)))

    @staticmethod
    def finite(place: Place, expr: Expr) -> Expr:
        """The expression; refused where it is a constant that is infinite or no real number."""
        if is_undefined(expr):
            text = shorten(expr_text(expr))
            raise Refused(place, f"{text} is infinite or no real number; take another value")
        return expr

    def operator(self, place: Place, op: str, args: Sequence[Syntax]) -> Expr:
        """An operator between values, letters and integers kept apart from real numbers."""
        if op in ("//", "%"):
            return index(self.subscript(Op(place, op, tuple(args))))
        parts = [self.value(a) for a in args]
        if op in ("and", "or", "not"):
            for part in parts:
                if not isinstance(part, Compare | Logic):
                    raise Refused(place, f"'{op}' joins conditions, such as i < 3")
            return Logic(op, tuple(parts))
        parts = [as_value(p) for p in parts]
        if op in COMPARISONS:
            return Compare(op, parts[0], parts[1])
        whole = _index_arithmetic(op, parts)
        if whole is not None:
            return whole
        if op == "neg":
            return negative(parts[0])
        if op == "+":
            return add(*parts)
        if op == "-":
            return add(parts[0], negative(parts[1]))
        if op == "*":
            return mul(*parts)
        if op == "/":
            if parts[1] == number(0):
                raise Refused(place, "division by zero")
            return self.finite(place, divide(*parts))
        return self.power(place, parts[0], parts[1])

    def power(self, place: Place, base: Expr, exponent: Expr) -> Expr:
        """A power, of bounded size where it is a number."""
        if isinstance(base, Number) and isinstance(exponent, Number):
            large = (
                abs(exponent.value) > 64
                or max(abs(base.value.numerator), base.value.denominator) > 10**15
            )
            if large:
                raise Refused(place, "this number is too large; write it in decimals")
            if not base.value and exponent.value <= 0:
                raise Refused(place, "zero to a power of zero or less is not defined")
        elif isinstance(exponent, Number) and abs(exponent.value) > 1000:
            raise Refused(place, "the exponent is too large; at most 1000")
        elif isinstance(base, Number) and not _real_base(base.value, exponent):
            raise Refused(
                place,
                f"a power of {base.value} is real for some exponents only; take a base above 0",
            )
        return self.finite(place, power(base, exponent))

    def subscript(self, node: Syntax) -> Affine:
        """An integer of the index calculus."""
        match node:
            case Num(place=place, value=value):
                if value.denominator != 1:
                    raise Refused(place, "a subscript is an integer")
                if abs(value) >= LARGEST_EXTENT:
                    raise Refused(place, "this subscript is too large; take one below 2147483648")
                return affine(int(value))
            case Letter(var=var):
                return affine(self.axis(var))
            case Name(place=place, name=name) if name in self.constants:
                value = self.constants[name]
                if value.denominator != 1:
                    raise Refused(place, f"'{name}' is no integer; a subscript is one")
                return affine(int(value))
            case Ref(place=place, name=name, subscripts=parts):
                if name not in self.integers:
                    raise Refused(
                        place,
                        f"'{name}' stands in a subscript; name it in integers, or write a letter",
                    )
                return affine(Read(name, tuple(self.subscript(p) for p in parts)))
            case Name(place=place, name=name):
                if name in self.integers:
                    return affine(Read(name))
                raise Refused(
                    place, f"'{name}' can't stand in a subscript; write a letter or an integer"
                )
            case Fn(place=place, name="size"):
                return self.extent(node, place)
            case Op(place=place, op=op, args=args):
                sides = [self.subscript(a) for a in args]
                match op:
                    case "neg":
                        return -sides[0]
                    case "+":
                        return sides[0] + sides[1]
                    case "-":
                        return sides[0] - sides[1]
                    case "*":
                        for one, other in (sides, sides[::-1]):
                            if one.number is not None:
                                return other * one.number
                        raise Refused(place, "a subscript has letters times integers only")
                    case "//" | "%":
                        by = sides[1].number
                        if by is None or by <= 0:
                            raise Refused(
                                place, f"right of '{op}' stands a positive integer of known size"
                            )
                        return floordiv(sides[0], by) if op == "//" else modulo(sides[0], by)
        raise Refused(
            node.place,
            "a subscript is made of letters, sizes, integers and integer tensors with + - * // %",
        )

    def extent(self, node: Fn, place: Place) -> Affine:
        """The extent that `size(...)` asks for."""
        first = node.args[0]
        if len(node.args) == 2:
            assert isinstance(first, Name)
            assert isinstance(node.args[1], Num)
            position = int(node.args[1].value)
            if not 0 <= position < self.rank.get(first.name, 0):
                raise Refused(
                    place, f"'{first.name}' has {self.rank.get(first.name, 0)} axes, from 0"
                )
            result = self.extents.get((first.name, position))
            if result is None:
                raise Refused(place, f"the extent of {axis_name((first.name, position))} is open")
            return result
        if isinstance(first, Letter):
            return self.axis(first.var).extent
        assert isinstance(first, Name)
        everywhere: set[Affine] = set()
        known: set[Affine] = set()
        for scoped in self.scoped:
            for var in (*scoped.left, *bound_letters(scoped.right)):
                result = self.extents.get(var)
                if var.name == first.name and result is not None:
                    everywhere.add(result)
                    if var.scope == self.scope:
                        known.add(result)
        known = known or everywhere
        if len(known) == 1:
            return next(iter(known))
        raise Refused(
            place,
            f"size({first.name}): letter '{first.name}' isn't walked here and has "
            f"{len(known) or 'no'} extents elsewhere; write size(tensor, position)",
        )


def _real_base(base: Fraction, exponent: Expr) -> bool:
    """Whether a power of a number is real; below 0 it is for integers, as `(-1)**i`."""
    return base > 0 or (base < 0 and isinstance(exponent, Index))


def as_value(expr: Expr) -> Expr:
    """A condition used as a number is 1 where it holds and 0 elsewhere."""
    if isinstance(expr, Compare | Logic):
        return Call("where", (expr, number(1), number(0)))
    return expr


def _index_arithmetic(op: str, parts: Sequence[Expr]) -> Expr | None:
    """Sums and differences of letters and integers stay integers of the index calculus."""
    if op not in ("+", "-") or not any(isinstance(p, Index) for p in parts):
        return None
    whole = []
    for part in parts:
        if isinstance(part, Index):
            whole.append(part.value)
        elif isinstance(part, Number) and part.value.denominator == 1:
            whole.append(affine(int(part.value)))
        else:
            return None
    return index(whole[0] + whole[1] if op == "+" else whole[0] - whole[1])
