"""Algebra on scalar bodies: never a table of derivatives, only rewriting by solving.

A derivative is written with values that the forward pass already has: where `Y = body` holds and
one transcendental atom of the body occurs linearly in it, the equation is solved for the atom
(sigmoid: `exp(-z) = 1/y - 1`) and the answer put in. The cheapest of the equal forms is taken. A
form is out that divides by what was no divisor before, or that brings in a root, a logarithm or
any other function: it would be cheaper on paper and NaN in a program.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import sympy

from derive.algebra.bodies import abstract, concrete, cost, is_monomial
from derive.algebra.bounded import bounded_forms, by_result
from derive.algebra.sympy_bridge import TRANSCENDENTAL, Leaves, Where, from_sympy, named, to_sympy
from derive.ir.notation import Affine, Axis, Call, Equation, Expr, Number, Pow, Read
from derive.ir.tree import affine_axes, reads, substitute, walk

Sympy = Any
_MOST_FACTORED = 24
_MOST_SYMBOLS = 7
_MOST_CANCELLED = 600  # operations; what cancelling costs grows fast with them
_MOST_NEW = 2  # atoms that solving may bring in
_HALF = sympy.Rational(1, 2)
_SIGMOID = named("sigmoid")
_GROWING = (sympy.exp, sympy.sinh, sympy.cosh)


@dataclass(frozen=True)
class Fact:
    """An element-wise forward equation, `output = body`: what solving may use."""

    axes: tuple[Axis, ...]
    output: Read
    body: Expr

    @cached_property
    def arguments(self) -> tuple[frozenset[str], ...]:
        """The tensors that each of its functions and roots reads."""
        parts = (n for n in walk(self.body) if isinstance(n, Call) or _is_root(n))
        names = (frozenset(r.tensor for r in reads(n)) for n in parts)
        return tuple(dict.fromkeys(n for n in names if n))


def _is_root(node: Expr) -> bool:
    match node:
        case Pow(_, Number(value)):
            return value.denominator > 1
        case _:
            return isinstance(node, Pow)


def simplify(body: Expr) -> Expr:
    """The cheapest of a few equal forms of a scalar body."""
    if is_monomial(body):
        return body
    (shape,), leaves = abstract(body)
    return concrete(_simplify(shape), leaves)


@lru_cache(maxsize=4096)
def _simplify(shape: Expr) -> Expr:
    leaves = Leaves()
    value = to_sympy(shape, leaves)
    return _cheapest([shape], value, leaves)


def _cheapest(given: Iterable[Expr], value: Sympy, leaves: Leaves) -> Expr:
    best = list(given)
    best.extend(from_sympy(form, leaves) for form in _forms(value))
    return min(best, key=cost)


def _forms(value: Sympy) -> Iterator[Sympy]:
    """Equal forms, in order of preference at equal cost."""
    gathered = sympy.factor_terms(value)
    yield gathered
    yield value
    if value.has(Where) or sympy.count_ops(value) > 4 * _MOST_FACTORED:
        return
    whole = sympy.together(gathered)
    yield whole
    yield sympy.factor_terms(whole)
    yield from bounded_forms(value, whole)
    if sympy.count_ops(whole) <= _MOST_FACTORED and len(value.free_symbols) <= _MOST_SYMBOLS:
        over, under = sympy.fraction(whole)
        if not over.atoms(sympy.Function) and over.is_polynomial(*over.free_symbols):
            yield sympy.factor(over) / under


def reexpress(local: Expr, body: Expr, output: Read) -> Expr:
    """A local derivative of `output = body`, written with the output where that is cheaper."""
    if is_monomial(local):
        return local
    if _functions(body) > _most_functions(local):
        return simplify(local)
    shapes, leaves = abstract(local, body, output)
    return concrete(_reexpress(*shapes), leaves)


def _functions(body: Expr) -> int:
    """How many functions and roots a body holds; to SymPy two of them may turn out to be one."""
    return len({n for n in walk(body) if isinstance(n, Call) or _is_root(n)})


def _most_functions(value: Expr) -> int:
    """With more functions than these an equation brings in too many to shorten the value."""
    return 2 * (_functions(value) + _MOST_NEW)


@lru_cache(maxsize=4096)
def _reexpress(local: Expr, body: Expr, output: Expr) -> Expr:
    leaves = Leaves()
    inside = to_sympy(body, leaves)
    result = leaves.symbol(output)
    value = to_sympy(local, leaves)
    bounded = by_result(value, inside, result)
    if bounded is not None:
        return _cheapest([], bounded, leaves)
    best = _cheapest([local], value, leaves)
    for form in (*_forms_by(value, [(inside, result)]), *_bounded_by(value, inside, result)):
        best = _cheapest([best], form, leaves)
    return best


def _bounded_by(value: Sympy, inside: Sympy, result: Sympy) -> Iterator[Sympy]:
    """Bounded forms of a value, told through the output: `-tanh(x)*y` for `1/cosh(x)`."""
    for form in bounded_forms(value, sympy.together(value)):
        yield from _forms_by(form, [(inside, result)])


def _forms_by(value: Sympy, equations: Sequence[tuple[Sympy, Sympy]]) -> Iterator[Sympy]:
    """The value with transcendental atoms solved for, where that is allowed."""
    for inside, result in equations:
        for atom, answer in _solved(inside, result, value):
            form = value.xreplace({atom: answer})
            if isinstance(atom, sympy.exp):
                form = form.subs(sympy.exp(-atom.args[0]), 1 / answer)
            form = sympy.cancel(form) if _rational(form) else form
            if _allowed(form, value, inside):
                yield form
        form = _rooted(value, inside, result)
        if form is not None and _allowed(form, value, inside, _root_divisor(value, inside, result)):
            yield form


def _rooted(value: Sympy, inside: Sympy, result: Sympy) -> Sympy | None:
    """The value with the odd powers of `sqrt(z)` written with `b = sqrt(z)` or `b = 1/sqrt(z)`."""
    if not (inside.is_Pow and abs(inside.exp) == _HALF):
        return None

    def odd(power: Sympy) -> bool:
        return bool(power.is_Pow and power.base == inside.base and (2 * power.exp).is_odd)

    form = value.replace(odd, lambda power: result ** (power.exp / inside.exp))
    if form == value:
        return None
    return sympy.cancel(form) if _rational(form) else form


def _root_divisor(value: Sympy, inside: Sympy, result: Sympy) -> set[Sympy]:
    """The root, where its square is a divisor: it is 0 where that is."""
    square = _divisors(1 / inside.base)
    return {result} if square and square <= _divisors(value) else set()


def _solved(inside: Sympy, result: Sympy, value: Sympy) -> Iterator[tuple[Sympy, Sympy]]:
    """`atom = ...` from `result = inside`, for each atom of a value in which that is linear.

    Where many other atoms would come in with the answer, it is no shorter.
    """
    atoms = _atoms(inside)
    new = [a for a in atoms if not value.has(a)]
    for atom in atoms:
        inverse = 1 / atom
        if _stands_beside_others(atom, inside):
            continue
        if not (value.has(atom) or (inverse != atom and value.has(inverse))):
            continue
        if len(new) - (atom in new) > _MOST_NEW:
            continue
        place = sympy.Dummy()
        flat = inside.xreplace({atom: place})
        if flat.has(*(a for a in (atom, 1 / atom) if not a.is_Symbol)):
            continue
        over, _ = sympy.fraction(sympy.together(flat - result))
        if not over.is_polynomial(place):
            continue
        linear = sympy.Poly(over, place)
        if linear.degree() == 1:
            slope, rest = linear.all_coeffs()
            answer = sympy.cancel(-rest / slope) if _rational(rest / slope) else -rest / slope
            if not _loses_digits(answer, result):
                yield atom, answer


def _stands_beside_others(atom: Sympy, inside: Sympy) -> bool:
    """Whether an atom is in one part of a sum only: what solving finds for it loses digits.

    From `y = 1 - exp(-x)` follows `exp(-x) = 1 - y`, which is 0 where y is nearly 1. A sigmoid's
    slope, `y*(1 - y)`, is as exact by `1 - y` as by itself.
    """
    others = [t for t in inside.args if not t.has(atom)] if inside.is_Add else []
    return any(t.free_symbols or not isinstance(atom, _SIGMOID) for t in others)


def _loses_digits(answer: Sympy, result: Sympy) -> bool:
    """Whether the result stands in a difference with another value, as in `tanh(x) = x - y`.

    Where both are large, nothing is left of what is meant. A number beside it does less harm.
    `tanh(x) = y*cosh(x)` is 0 times infinity far out.
    """
    if any(p.has(result) and p.has(*_GROWING) for p in answer.atoms(sympy.Mul)):
        return True
    sums = [a for a in answer.atoms(sympy.Add) if a.has(result)]
    return any(t.free_symbols and not t.has(result) for a in sums for t in a.args)


def _atoms(value: Sympy) -> list[Sympy]:
    result = [a for a in value.atoms(*TRANSCENDENTAL) if a.free_symbols]
    result.extend(p for p in value.atoms(sympy.Pow) if p.exp == _HALF and p.free_symbols)
    return sorted(result, key=sympy.default_sort_key)


def _rational(value: Sympy) -> bool:
    few = len(value.free_symbols) <= _MOST_SYMBOLS
    return few and not value.has(Where) and sympy.count_ops(value) <= _MOST_CANCELLED


def _allowed(form: Sympy, value: Sympy, inside: Sympy, known: Collection[Sympy] = ()) -> bool:
    """No new divisor, no new function: else the form is worse than it looks."""
    if form.has(sympy.nan, sympy.zoo, sympy.oo):
        return False
    before = _divisors(value) | _divisors(inside) | set(known)
    if not all(_no_zero(d, before) for d in _divisors(form)):
        return False
    functions = {type(f) for f in value.atoms(sympy.Function)}
    roots = {p for p in value.atoms(sympy.Pow) if not p.exp.is_Integer}
    return {type(f) for f in form.atoms(sympy.Function)} <= functions and {
        p for p in form.atoms(sympy.Pow) if not p.exp.is_Integer
    } <= roots


def _divisors(value: Sympy) -> set[Sympy]:
    """The factors of every denominator in a value, signs and powers aside."""
    result = set()
    for part in value.atoms(sympy.Pow) | ({value} if value.is_Pow else set()):
        if part.exp.could_extract_minus_sign() and not isinstance(part, sympy.exp):
            _, base = part.base.as_coeff_Mul()
            for factor in sympy.Mul.make_args(base):
                core = factor.base if factor.is_Pow and factor.exp.is_Integer else factor
                result.add(-core if core.could_extract_minus_sign() else core)
    return result


def _no_zero(divisor: Sympy, before: set[Sympy]) -> bool:
    return divisor in before or divisor.is_number


def tell_through(body: Expr, facts: Mapping[str, Sequence[Fact]]) -> tuple[Expr, tuple[str, ...]]:
    """A body written with other forward values; the tensors whose equations were used.

    `facts` are filed by the first tensor that their bodies read.
    """
    if is_monomial(body):
        return body, ()
    used: list[str] = []
    best = simplify(body)
    for fact in _matching(body, facts):
        (shape, inside, output), leaves = abstract(body, fact.body, fact.output)
        form = _through_fact(shape, inside, output)
        if form is None:
            continue
        candidate = concrete(form, leaves)
        if cost(candidate) < cost(best):
            best = body = candidate
            used.append(fact.output.tensor)
    return best, tuple(used)


@lru_cache(maxsize=4096)
def _through_fact(shape: Expr, inside: Expr, output: Expr) -> Expr | None:
    leaves = Leaves()
    value = to_sympy(shape, leaves)
    equation = (to_sympy(inside, leaves), leaves.symbol(output))
    forms = [_cheapest([], form, leaves) for form in _forms_by(value, [equation])]
    return min(forms, key=cost, default=None)


def _matching(body: Expr, facts: Mapping[str, Sequence[Fact]]) -> Iterator[Fact]:
    """Facts that speak of values read here, with their letters put to the body's."""
    seen: set[tuple[str, tuple[Affine, ...]]] = set()
    names = {r.tensor for r in reads(body)}
    most = _most_functions(body)
    for read in reads(body):
        for fact in facts.get(read.tensor, ()):
            if len(fact.arguments) > most:
                continue
            if not any(argument <= names for argument in fact.arguments):
                continue  # none of its functions can stand in the body
            first = next(r for r in reads(fact.body) if r.tensor == read.tensor)
            places: dict[Axis, Affine] = {}
            for mine, theirs in zip(first.subscripts, read.subscripts, strict=True):
                if mine.axis is None or theirs.axis is None:
                    break
                places[mine.axis] = theirs
            else:
                if set(places) != set(fact.axes):
                    continue
                output = substitute(fact.output, places)
                assert isinstance(output, Read)
                key = (output.tensor, output.subscripts)
                if key not in seen and not _shifted(output):
                    seen.add(key)
                    yield Fact(fact.axes, output, substitute(fact.body, places))


def _shifted(output: Read) -> bool:
    return any(s.axis is None for s in output.subscripts)


def facts_of(equations: Iterable[Equation]) -> dict[str, list[Fact]]:
    """The element-wise forward equations that hold a function, by the tensors they read."""
    result: dict[str, list[Fact]] = {}
    for equation in equations:
        term = equation.terms[0]
        if len(equation.terms) > 1 or term.reduced or term.reduce != "sum" or not term.plain:
            continue
        if is_monomial(term.body):
            continue
        plain = all(s.axis is not None for r in reads(term.body) for s in r.subscripts)
        if not plain:
            continue
        fact = Fact(equation.axes, Read(equation.tensor, term.target), term.body)
        for tensor in dict.fromkeys(r.tensor for r in reads(term.body)):
            full = [r for r in reads(term.body) if r.tensor == tensor]
            walked = {a for s in full[0].subscripts for a in affine_axes(s)}
            if walked == set(equation.axes):
                result.setdefault(tensor, []).append(fact)
    return result
