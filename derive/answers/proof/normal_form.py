"""A normal form of formulas: sums of monomials over products of sums.

Two formulas with one normal form are equal whatever the numbers are. Its generators are the symbols
that are given (an entry of a tensor each) and what can't be written by them: exponentials of
monomials, logarithms, roots, sines. Between those the rules that hold are kept: `exp(a + b) =
exp(a)*exp(b)`, `log(a*b) = log(a) + log(b)`, `sqrt(a)**2 = a`, `sin(a)**2 = 1 - cos(a)**2`, and
tanh, sigmoid and their like are written by exponentials. Each form has a number beside it, its
value where the symbols have theirs: it decides comparisons.

The form is one for the interpreter: `number_system` writes any equation out in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import sympy

from derive.answers.proof.laurent import (
    UNIT,
    Frozen,
    Sum,
    add_to,
    added,
    constant,
    generator,
    inverted,
    multiplied,
    primitive,
    scaled,
)
from derive.answers.proof.laurent_text import quotient_text, sum_text
from derive.semantics.number_systems import many_digits

MOST_PRODUCTS = 30_000  # products of two terms, in all: a second
LONGEST_TEXT = 240

_numbers = many_digits()


class Undecided(ArithmeticError):
    """No normal form: it would be too long, or isn't finite."""


@dataclass(frozen=True, slots=True)
class Form:
    """`over / product of sums ** power`, and its value at the numbers at hand."""

    forms: Forms
    over: Sum
    under: dict[Frozen, int]
    value: Any

    def __add__(self, other: Form) -> Form:
        return self.forms.add(self, other)

    def __mul__(self, other: Form) -> Form:
        return self.forms.multiply(self, other)

    def __neg__(self) -> Form:
        return Form(self.forms, scaled(self.over, UNIT, Fraction(-1)), self.under, -self.value)


@dataclass
class Forms:
    """The generators of one comparison, their rules and the work done so far.

    `chosen` says whether a comparison between values was decided by the numbers at hand.
    """

    names: list[str] = field(default_factory=list)
    chosen: bool = False
    products: int = 0
    most: int = MOST_PRODUCTS
    _known: dict[Any, int] = field(default_factory=dict)
    _rules: dict[int, tuple[int, Form]] = field(default_factory=dict)
    _logs: dict[int, Form] = field(default_factory=dict)
    _exponents: dict[int, Form] = field(default_factory=dict)
    _inside: dict[int, tuple[Sum, ...]] = field(default_factory=dict)

    # ---- generators --------------------------------------------------------------------------

    def symbol(self, name: str, value: Any) -> Form:
        """A symbol with its value; one of that name is always the same."""
        which = self.named(("symbol", name), name)
        return Form(self, generator(which), {}, _numbers.number(value))

    def number(self, value: Any) -> Form:
        """A rational number; a form is what it is."""
        if isinstance(value, Form):
            return value
        if not isinstance(value, int | Fraction):
            raise Undecided(f"{value} is no rational number")
        return Form(self, constant(Fraction(value)), {}, _numbers.number(Fraction(value)))

    def named(self, key: Any, name: str) -> int:
        """The generator of that key, with a name to be read."""
        if key not in self._known:
            self._known[key] = len(self.names)
            self.names.append(name)
        return self._known[key]

    # ---- sums and products -------------------------------------------------------------------

    def add(self, one: Form, other: Form) -> Form:
        """Over what both need below."""
        if one.under == other.under:
            return self._form(added(one.over, other.over), one.under, one.value + other.value)
        under = dict(one.under)
        for factor, power in other.under.items():
            under[factor] = max(under.get(factor, 0), power)
        left, right = (self._raised(f, under) for f in (one, other))
        return self._form(added(left, right), under, one.value + other.value)

    def multiply(self, one: Form, other: Form) -> Form:
        """Sums below that stand above by themselves are divided out."""
        under = dict(one.under)
        for factor, power in other.under.items():
            under[factor] = under.get(factor, 0) + power
        over = self._product(one.over, other.over)
        return self._form(over, under, one.value * other.value)

    def _raised(self, form: Form, under: dict[Frozen, int]) -> Sum:
        over = form.over
        for factor, power in under.items():
            for _ in range(power - form.under.get(factor, 0)):
                over = self._product(over, dict(factor))
        return over

    def _form(self, over: Sum, under: dict[Frozen, int], value: Any) -> Form:
        if not over:
            return Form(self, {}, {}, value)
        under = {f: p for f, p in under.items() if p}
        if len(over) > 1 and under:
            leading, shared, rest = primitive(over)
            if rest in under:
                over = {shared: leading}
                under[rest] -= 1
                under = {f: p for f, p in under.items() if p}
        return Form(self, over, under, value)

    def _product(self, one: Sum, other: Sum) -> Sum:
        self.products += len(one) * len(other)
        if self.products > self.most:
            raise Undecided("the normal form is too long")
        return self._reduced(multiplied(one, other))

    def _reduced(self, over: Sum) -> Sum:
        """Powers of a root, written by what it is the root of."""
        if not self._rules:
            return over
        result: Sum = {}
        for monomial, coefficient in over.items():
            rest, roots = [], []
            for which, exponent in monomial:
                degree, base = self._rules.get(which, (0, None))
                if base is not None and exponent >= degree:
                    roots += [base.over] * (exponent // degree)
                left = exponent if base is None or exponent < degree else exponent % degree
                rest += [(which, left)] if left else []
            # all roots are taken out first, for a product is reduced in its turn
            part: Sum = {tuple(rest): coefficient}
            for root in roots:
                part = self._product(part, root)
            add_to(result, part)
        return result

    # ---- powers ------------------------------------------------------------------------------

    def power(self, base: Form, exponent: Form) -> Form:
        """Whole powers and roots; another exponent by way of the logarithm."""
        wanted = rational(exponent)
        if wanted is None:
            return self.exp(self.log(base) * exponent)
        if not base.over:
            if wanted > 0:
                return self.number(0)
            if wanted == 0:
                return self.number(1)
            raise Undecided("division by zero")
        power = base
        if wanted.denominator != 1:
            power = self._root(base, wanted.denominator)
        whole = wanted.numerator
        if whole < 0:
            power = self._inverse(power)
        if abs(whole) > 40:
            raise Undecided("a high power")
        result = self.number(1)
        for _ in range(abs(whole)):
            result = result * power
        return result

    def _inverse(self, form: Form) -> Form:
        leading, shared, rest = primitive(form.over)
        above: Sum = {UNIT: Fraction(1)}
        under: dict[Frozen, int] = {}
        if len(rest) > 1:
            under[rest] = 1
        plain = []
        for which, exponent in shared:
            degree, base = self._rules.get(which, (0, None))
            if base is None:
                plain.append((which, exponent))
                continue
            # one over a root is the root's other powers over what it is the root of
            times = -(-exponent // degree)
            above = self._product(above, generator(which, times * degree - exponent))
            first, monomial, factor = primitive(base.over)
            for _ in range(times):
                above = scaled(above, inverted(monomial), 1 / first)
            for _ in range(-times):
                above = self._product(above, base.over)
            if len(factor) > 1 and times > 0:
                under[factor] = under.get(factor, 0) + times
        above = scaled(above, inverted(tuple(plain)), 1 / leading)
        for factor, power in form.under.items():
            for _ in range(power):
                above = self._product(above, dict(factor))
        return self._form(above, under, _numbers.power(form.value, -1))

    def _root(self, form: Form, degree: int) -> Form:
        value = _numbers.power(form.value, _numbers.number(Fraction(1, degree)))
        above = form.over
        below = self.number(1)
        for factor, power in form.under.items():
            whole, rest = divmod(power, degree)
            one = Form(self, dict(factor), {}, _numbers.number(1))
            for _ in range(whole + bool(rest)):
                below = below * one
            for _ in range((degree - rest) % degree):
                above = self._product(above, dict(factor))
        root = self._root_of_sum(above, degree)
        result = root * self._inverse(below)
        return Form(self, result.over, result.under, value)

    def _root_of_sum(self, over: Sum, degree: int) -> Form:
        leading, shared, rest = primitive(over)
        outside = {g: e for g, e in shared if g in self._exponents}  # these are positive
        inside: Sum = scaled(
            dict(rest),
            tuple(p for p in shared if p[0] not in outside),
            Fraction(1 if leading > 0 else -1),
        )
        result = self._root_of_number(abs(leading), degree)
        for which, exponent in outside.items():
            result = result * self.exp(
                self._exponents[which] * self.number(Fraction(exponent, degree))
            )
        if inside == {UNIT: Fraction(1)}:
            return result
        return result * self._new_root(inside, degree)

    def _root_of_number(self, value: Fraction, degree: int) -> Form:
        result = self.number(1)
        for prime, exponent in sorted(
            sympy.factorrat(sympy.Rational(value.numerator, value.denominator)).items()
        ):
            whole, rest = divmod(int(exponent), degree)
            result = result * self.number(Fraction(int(prime)) ** whole)
            for _ in range(rest):
                result = result * self._new_root(constant(Fraction(int(prime))), degree)
        return result

    def _new_root(self, inside: Sum, degree: int) -> Form:
        key = ("root", degree, tuple(sorted(inside.items())))
        which = self.named(key, f"({sum_text(inside, self.names)})**(1/{degree})")
        negative = [e for m in inside for _, e in m if e < 0]
        if negative:
            raise Undecided("a root of a quotient")
        self._rules[which] = degree, Form(self, inside, {}, _numbers.number(1))
        self._inside[which] = (inside,)
        return Form(self, generator(which), {}, _numbers.number(1))

    # ---- functions ---------------------------------------------------------------------------

    def exp(self, form: Form) -> Form:
        """A product: one exponential for each monomial."""
        result = self.number(1)
        below = tuple(sorted(form.under.items()))
        for monomial, coefficient in form.over.items():
            if not below and len(monomial) == 1 and monomial[0][1] == 1:
                inside = self._logs.get(monomial[0][0])
                if inside is not None:
                    result = result * self.power(inside, self.number(coefficient))
                    continue
            unit = Fraction(1, coefficient.denominator)
            key = ("exp", monomial, below, unit.denominator)
            inner = Form(self, {monomial: unit}, form.under, _numbers.number(0))
            which = self.named(key, f"exp({self.text(inner)})")
            self._exponents[which] = inner
            self._inside[which] = (inner.over, *map(dict, form.under))
            part = Form(self, generator(which, coefficient.numerator), {}, _numbers.number(0))
            result = result * part
        return Form(self, result.over, result.under, _numbers.functions["exp"](form.value))

    def log(self, form: Form) -> Form:
        """A sum: one logarithm for each factor, above less below."""
        if not form.over:
            raise Undecided("the logarithm of 0")
        leading, shared, rest = primitive(form.over)
        total = self.number(0)
        rational = sympy.Rational(abs(leading).numerator, abs(leading).denominator)
        for prime, exponent in sorted(sympy.factorrat(rational).items()):
            part = self._new_log(self.number(int(prime)))
            total = total + part * self.number(int(exponent))
        for which, exponent in shared:
            total = total + self._log_of(which) * self.number(exponent)
        if len(rest) > 1:
            total = total + self._new_log(Form(self, dict(rest), {}, _numbers.number(1)))
        for factor, power in sorted(form.under.items()):
            one = self._new_log(Form(self, dict(factor), {}, _numbers.number(1)))
            total = total + one * self.number(-power)
        return Form(self, total.over, total.under, _numbers.functions["log"](form.value))

    def _log_of(self, which: int) -> Form:
        if which in self._exponents:
            return self._exponents[which]
        if which in self._rules:
            degree, base = self._rules[which]
            return self.log(base) * self.number(Fraction(1, degree))
        return self._new_log(Form(self, generator(which), {}, _numbers.number(1)))

    def _new_log(self, inside: Form) -> Form:
        key = ("log", tuple(sorted(inside.over.items())))
        which = self.named(key, f"log({sum_text(inside.over, self.names)})")
        self._logs[which] = inside
        self._inside[which] = (inside.over,)
        return Form(self, generator(which), {}, _numbers.number(1))

    def opaque(self, name: str, form: Form, odd: bool) -> Form:
        """A function about which nothing else is known than whether it is odd or even."""
        flipped = bool(form.over) and min(form.over.items())[1] < 0
        inside = -form if flipped else form
        key = (name, tuple(sorted(inside.over.items())), tuple(sorted(inside.under.items())))
        which = self.named(key, f"{name}({self.text(inside)})")
        self._inside[which] = (inside.over, *map(dict, inside.under))
        sign = Fraction(-1 if flipped and odd else 1)
        return Form(
            self, scaled(generator(which), UNIT, sign), {}, _numbers.functions[name](form.value)
        )

    def sin(self, form: Form) -> Form:
        """The sine; its square is written by the cosine's."""
        if not form.over:
            return self.number(0)
        result, cosine = self.opaque("sin", form, odd=True), self.opaque("cos", form, odd=False)
        (((which, _),),) = result.over
        square = self._product(cosine.over, cosine.over)
        rest = added(constant(Fraction(1)), scaled(square, UNIT, Fraction(-1)))
        self._rules[which] = 2, Form(self, rest, {}, _numbers.number(1))
        return result

    def logsumexp(self, values: list[Form]) -> Form:
        """As it is defined."""
        total = self.number(0)
        for value in values:
            total = total + self.exp(value)
        return self.log(total)

    def symbols_in(self, form: Form) -> set[int]:
        """The generators of a form, and those inside its exponentials, roots and the like."""
        result: set[int] = set()
        work = [form.over, *map(dict, form.under)]
        while work:
            for monomial in work.pop():
                for which, _ in monomial:
                    if which not in result:
                        result.add(which)
                        work.extend(self._inside.get(which, ()))
        return result

    def text(self, form: Form) -> str:
        """A form in the equation language, each entry a name."""
        return quotient_text(form.over, form.under, self.names)


def rational(form: Form) -> Fraction | None:
    """The number that a form is, if it is one."""
    if form.under or any(m != UNIT for m in form.over):
        return None
    return form.over.get(UNIT, Fraction(0))


def shortest(text: str) -> str:
    """A normal form that a person would still read, else nothing."""
    return text if len(text) <= LONGEST_TEXT else ""
