r"""Symbols of second order: $\dot{W}$ for a change along a direction, and twofold derivatives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from codegen.latex.partial import ERROR, Partial, Symbol
from derive.notation import Earlier, System

_DOT = r"\dot{%s}"


@dataclass(frozen=True)
class Twofold(Partial):
    """A derivative by an entry of a tensor of an entry of another, or of both.

    `of` is what is differentiated, `other` the second tensor; of the subscripts the first `rank`
    belong to the first. `twice`: both are what is differentiated by.
    """

    other: Symbol
    rank: int
    twice: bool

    def __str__(self) -> str:
        return self.between("", "")

    def between(self, first: str, second: str) -> str:
        """With the subscripts of both."""
        one, other = self.by.at(first), self.other.at(second)
        if self.twice:
            below = rf"\partial {one}\,\partial {other}"
            return rf"\frac{{\partial^{{2}} {self.of}}}{{{below}}}"
        return rf"\frac{{\partial {one}}}{{\partial {other}}}"


def dotted(symbol: Symbol) -> Symbol:
    """What a tensor changes by along a direction."""
    return replace(symbol, base=_DOT % symbol.base)


def first_derivatives(system: System) -> dict[str, str]:
    """The tensors of a system that are first derivatives, and what each is the derivative by."""
    earlier = system.earlier
    return {a: of for of, a in earlier.adjoints if a in system.table} if earlier else {}


def of_second_order(
    adjoint: str, of: str, earlier: Earlier, made: Mapping[str, Symbol | Partial]
) -> Symbol | None:
    """The symbol of a derivative by `of` of a derivative along a direction, where it has one.

    That by `dz` is the change of z; that by z, where `dz` is an error term, the change of this.
    """
    if dict(earlier.names).get(of) != adjoint:
        return None
    first = {a: n for n, a in earlier.adjoints}
    if of in first:
        symbol = made[first[of]]
        return dotted(symbol) if isinstance(symbol, Symbol) else None
    error = made.get(dict(earlier.adjoints).get(of, ""))
    is_error = isinstance(error, Symbol) and error.base == ERROR and adjoint.startswith("Hv_")
    return dotted(error) if is_error and isinstance(error, Symbol) else None
