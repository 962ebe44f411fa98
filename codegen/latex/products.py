r"""Products and quotients to LaTeX: $\frac{1}{2N}\sum\ldots$, numbers in front, one bar at most.

Roots in the coefficient stand below where they can: $\sqrt{5}/5$ is $1/\sqrt{5}$.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from codegen.latex.box import ATOM, PRODUCT, TALL, Box, beside, fraction, number, parenthesised
from codegen.latex.line_breaking import width
from derive.algebra.readable_conditions import of_letters
from derive.ir.notation import Call, Compare, Constant, Expr, Index, Logic, Mul, Number, Pow
from derive.ir.tree import affine_axes, power
from derive.ir.tree import number as of_number

_LONGEST_OVER = 22.0
_SHORT_OVER = 9.0
HALF = Fraction(1, 2)

Factor = Callable[[Expr], Box]


@dataclass
class _Factors:
    """Factors by their place: the coefficient above and below the bar, brackets, all others."""

    value: Fraction
    light_over: list[Expr] = field(default_factory=list)
    light_under: list[Expr] = field(default_factory=list)
    over: list[Expr] = field(default_factory=list)
    under: list[Expr] = field(default_factory=list)
    before: list[Expr] = field(default_factory=list)
    behind: list[Expr] = field(default_factory=list)

    def sort(self, arg: Expr) -> None:
        match arg:
            case Pow(base, Number(value)) if value < 0:
                below = power(base, of_number(-value))
                (self.light_under if _is_light(base) else self.under).append(below)
            case Compare() | Logic():
                (self.before if of_letters(arg) else self.behind).append(arg)
            case _ if _is_light(arg) and not isinstance(arg, Index):
                self.light_over.append(arg)
            case _:
                self.over.append(arg)

    def rationalise(self) -> None:
        for arg in list(self.light_over):
            base = _root(arg)
            if base is not None and self.value.denominator % base == 0:
                self.light_over.remove(arg)
                self.light_under.append(arg)
                self.value *= base

    def coefficient(self) -> tuple[list[Box], list[Box]]:
        """The number above and below the bar; a decimal stands above."""
        shown = number(self.value)
        if shown.height < TALL:
            return ([shown] if self.value != 1 else []), []
        over, under = self.value.numerator, self.value.denominator
        return ([number(Fraction(over))] if over != 1 else []), [number(Fraction(under))]


def coefficient(args: Iterable[Expr]) -> tuple[int, Fraction, tuple[Expr, ...]]:
    """The sign and size of a product's numbers, and the other factors."""
    value = Fraction(1)
    rest: list[Expr] = []
    for arg in args:
        if isinstance(arg, Number):
            value *= arg.value
        else:
            rest.append(arg)
    return (-1 if value < 0 else 1), abs(value), tuple(rest)


def product(value: Fraction, args: Sequence[Expr], factor: Factor, inline: bool = False) -> Box:
    """A product with a positive coefficient; `factor` prints one factor."""
    parts = _Factors(value)
    for arg in args:
        parts.sort(arg)
    parts.rationalise()
    over, under = parts.coefficient()
    over.extend(map(factor, parts.light_over))
    under.extend(map(factor, parts.light_under))
    main = [factor(a).at_least(PRODUCT) for a in parts.over]
    below = [factor(a) for a in parts.under]
    if len(below) + len(under) > 1 or inline:
        below = [b.at_least(PRODUCT) for b in below]
    before = [factor(a) for a in parts.before]
    behind = [factor(a) for a in parts.behind]
    if any(m.reaches for m in main):
        before, behind = [*before, *behind], []
    if inline:
        return _inline([*over, *before, *main, *behind], [*under, *below])
    if below:
        return beside([*before, *_quotient([*over, *main], [*under, *below]), *behind])
    if not under:
        return beside([*over, *before, *main, *behind] or [Box("1", powers=True)])
    if not over and len(main) == 1 and is_short(main[0]):
        shown = factor(parts.over[0])
        return beside([*before, fraction(shown.text, beside(under).text), *behind])
    front = fraction(beside(over).text if over else "1", beside(under).text)
    return beside([front, *before, *main, *behind])


def is_short(box: Box) -> bool:
    """Whether a piece may stand above a bar by itself."""
    return not box.reaches and not box.rigid and box.height < TALL and width(box.text) < _SHORT_OVER


def _quotient(over: Sequence[Box], under: Sequence[Box]) -> list[Box]:
    """A quotient; what reaches far, is tall or long stands behind it."""
    above = [b for b in over if not (b.reaches or b.rigid or b.height >= TALL)]
    behind = [b for b in over if b not in above]
    if sum(width(b.text) for b in above) > _LONGEST_OVER:
        above, behind = [], list(over)
    shown = beside(above).text if above else "1"
    return [fraction(shown, beside(under).text), *behind]


def _inline(over: Sequence[Box], under: Sequence[Box]) -> Box:
    above = beside(over) if over else Box("1", powers=True)
    if not under:
        return above
    below = beside(under)
    shown = below.text if len(under) == 1 and below.level == ATOM else parenthesised(below).text
    return Box(f"{above.at_least(PRODUCT).text}/{shown}", PRODUCT, max(above.height, below.height))


def _root(arg: Expr) -> int | None:
    """The whole number whose square root this is."""
    match arg:
        case Pow(Number(base), Number(exponent)) if exponent == HALF and base.denominator == 1:
            return base.numerator
        case Call("sqrt", (Number(base),)) if base.denominator == 1:
            return base.numerator
        case _:
            return None


def _is_light(expr: Expr) -> bool:
    """Numbers and extents: they make a coefficient."""
    match expr:
        case Number() | Constant():
            return True
        case Index(value):
            return not list(affine_axes(value))
        case Call("sqrt", (one,)):
            return _is_light(one)
        case Pow(base, exponent):
            return _is_light(base) and _is_light(exponent)
        case Mul(args):
            return all(_is_light(a) for a in args)
        case _:
            return False
