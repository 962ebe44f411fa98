"""The derivative of an array by an array, entry by entry.

The engine gives the derivative of `sum(dY * Y)` for any `dY`, which is linear in `dY`: what stands
beside `dY[o]` is the derivative of the entry `Y[o]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from derive.ir.derivation import Derivation
from derive.ir.names import adjoint_of
from derive.ir.notation import (
    Add,
    Affine,
    Axis,
    Call,
    Compare,
    Equation,
    Expr,
    Logic,
    Mul,
    Number,
    Read,
    Reduction,
    Term,
    affine,
    domain_of,
)
from derive.ir.tree import ONE, ZERO, contains, fresh_letter, index, mul, substitute


class NotLinear(Exception):
    """The derivative isn't in a form that is linear in `dY`."""


@dataclass(frozen=True)
class _Part:
    """`sum over run of the factors * dY[at]`."""

    factors: tuple[Expr, ...]
    run: tuple[Axis, ...]
    at: tuple[Affine, ...]

    def beside(self, *more: Expr) -> _Part:
        return _Part((*more, *self.factors), self.run, self.at)

    def where(self, condition: Expr) -> _Part:
        """The part where the condition holds: elsewhere its factors do no harm."""
        body = mul(*self.factors) if self.factors else ONE
        return _Part((Call("where", (condition, body, ZERO)),), self.run, self.at)


def jacobian(derivation: Derivation, of: str, wrt: str) -> Equation:
    """`J[o, x] = ∂of[o] / ∂wrt[x]`: the letters of `of`, then those of `wrt`.

    Raises `KeyError` where there is no dependence, `NotLinear` where it can't be read off.
    """
    adjoints = {e.tensor: e for e in (*derivation.inlined, *derivation.backward)}
    gradient = derivation.gradient(wrt)
    shape = derivation.table[of].shape
    used = {a.letter for a in gradient.axes}
    out: list[Axis] = []
    written = derivation.system.defined[of].axes
    for axis, extent in zip(written, shape, strict=True):
        letter = axis.letter if axis.letter not in used else fresh_letter(used, axis.letter)
        used.add(letter)
        out.append(Axis(letter, extent))
    walker = _Walker(adjoints, adjoint_of(of), {*used})
    axes = (*out, *gradient.axes)
    parts = walker.equation(gradient, tuple(map(affine, gradient.axes)))
    terms = tuple(_placed(part, tuple(out), axes) for part in parts)
    return Equation(f"{adjoint_of(of)}_{adjoint_of(wrt)}", axes, terms)


def _placed(part: _Part, out: tuple[Axis, ...], axes: tuple[Axis, ...]) -> Term:
    body = mul(*part.factors) if part.factors else ONE
    run = list(part.run)
    at = list(part.at)
    for k, letter in enumerate(out):
        axis = at[k].axis
        if axis is not None and axis in run:
            run.remove(axis)
            body = substitute(body, {axis: affine(letter)})
            at = [_moved(a, axis, letter) for a in at]
        elif at[k] != affine(letter):
            when = Compare("==", index(affine(letter)), index(at[k]))
            body = mul(Call("where", (when, ONE, ZERO)), body)
    return Term(tuple(map(affine, axes)), domain_of(axes, run), "sum", body)


def _moved(value: Affine, axis: Axis, letter: Axis) -> Affine:
    times = value.coefficient(axis)
    return value - affine(axis) * times + affine(letter) * times


class _Walker:
    def __init__(self, adjoints: Mapping[str, Equation], seed: str, used: set[str]) -> None:
        self.seed = seed
        self.adjoints: dict[str, Equation] = {}
        while True:
            more = {
                n: e
                for n, e in adjoints.items()
                if n not in self.adjoints and any(self.depends(t.body) for t in e.terms)
            }
            if not more:
                break
            self.adjoints |= more
        self.used = used

    def equation(self, equation: Equation, at: tuple[Affine, ...]) -> list[_Part]:
        """The right side of an adjoint's equation at some place."""
        result = []
        for term in equation.terms:
            if term.reduce != "sum" and any(a in term.reduced for a in term.domain):
                raise NotLinear
            new: dict[Axis, Affine] = {}
            checks: list[tuple[Affine, Affine]] = []
            for target, wanted in zip(term.target, at, strict=True):
                axis = target.axis
                if axis is not None and axis not in new:
                    new[axis] = wanted
                else:
                    checks.append((target, wanted))
            run: list[Axis] = []
            for axis in term.domain:
                if axis not in new:
                    fresh = Axis(fresh_letter(self.used, axis.letter), axis.extent)
                    self.used.add(fresh.letter)
                    new[axis] = affine(fresh)
                    run.append(fresh)
            body = substitute(term.body, new)
            factors: list[Expr] = []
            for target, wanted in checks:
                moved = substitute(index(target), new)
                factors.append(Call("where", (Compare("==", moved, index(wanted)), ONE, ZERO)))
            result += [
                _Part((*factors, *p.factors), (*run, *p.run), p.at) for p in self.parts(body)
            ]
        return result

    def depends(self, expr: Expr) -> bool:
        """Whether a value holds `dY`, or an adjoint that does."""
        return contains(
            expr,
            lambda e: isinstance(e, Read) and (e.tensor == self.seed or e.tensor in self.adjoints),
        )

    def parts(self, expr: Expr) -> list[_Part]:
        """A value as a sum of products with `dY`."""
        match expr:
            case Read(tensor, subscripts) if tensor == self.seed:
                return [_Part((), (), subscripts)]
            case Read(tensor, subscripts) if tensor in self.adjoints:
                return self.equation(self.adjoints[tensor], subscripts)
            case Add(args):
                return [p for a in args for p in self.parts(a)]
            case Mul(args):
                inside = [a for a in args if self.depends(a)]
                if len(inside) != 1:
                    raise NotLinear
                rest = [a for a in args if a is not inside[0]]
                return [p.beside(*rest) for p in self.parts(inside[0])]
            case Reduction("sum", axes, body):
                return [_Part(p.factors, (*axes, *p.run), p.at) for p in self.parts(body)]
            case Call("where", (when, yes, no)) if not self.depends(when):
                result = []
                for condition, value in ((when, yes), (Logic("not", (when,)), no)):
                    if value != ZERO:
                        result += [p.where(condition) for p in self.parts(value)]
                return result
            case Number(value) if value == Fraction(0):
                return []
            case _:
                raise NotLinear
