r"""Symbols of second order: $\dot{W}$ for a change along a direction, and twofold derivatives."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, replace

from codegen.latex.symbol import ERROR, Partial, Symbol
from derive.ir.system import Block, Earlier, System

_DOT = r"\dot{%s}"
_ALL = (r"\theta", r"\vartheta", r"\omega", r"\varpi", r"\mathrm{all}")


@dataclass(frozen=True)
class Twofold(Partial):
    """A derivative by an entry of a tensor of an entry of another, or of both.

    `of` is what is differentiated, `other` the second tensor; of the subscripts the first `rank`
    belong to the first. `twice`: both are what is differentiated by; else the first is
    differentiated by the second, or the second by the first, `turned`.
    """

    other: Symbol
    rank: int
    twice: bool
    turned: bool = False

    def __str__(self) -> str:
        return self.between("", "")

    def inline(self) -> str:
        """For a line of text: with a slash where that is short."""
        if self.twice:
            return str(self)
        one, other = (self.other, self.by) if self.turned else (self.by, self.other)
        return rf"\partial {one}/\partial {other}"

    def between(self, first: str, second: str) -> str:
        """With the subscripts of both."""
        one, other = self.by.at(first), self.other.at(second)
        if self.twice:
            below = rf"\partial {one}\,\partial {other}"
            return rf"\frac{{\partial^{{2}} {self.of}}}{{{below}}}"
        if self.turned:
            one, other = other, one
        return rf"\frac{{\partial {one}}}{{\partial {other}}}"


def dotted(symbol: Symbol) -> Symbol:
    """The symbol of a tensor's change along a direction."""
    return replace(symbol, base=_DOT % symbol.base)


def first_derivatives(system: System) -> dict[str, str]:
    """The tensors of a system that are first derivatives, and what each is the derivative by."""
    earlier = system.earlier
    return {a: of for of, a in earlier.adjoints if a in system.table} if earlier else {}


def changes_in(system: System) -> set[str]:
    """The tensors that are changes along a direction, or derivatives by two tensors."""
    earlier = system.earlier
    if earlier is None:
        return set()
    moving = {system.objective} if earlier.directions and system.objective else set()
    return {*moving, *(v for _, v in earlier.directions), *(b.tensor for b in earlier.blocks)}


def symbols_of(
    system: System, objective: Symbol, of: Callable[[str], Symbol]
) -> dict[str, Symbol | Partial]:
    """The symbols of what `changes_in` names; `of` has those of the tensors."""
    earlier = system.earlier
    assert earlier is not None
    result: dict[str, Symbol | Partial] = {}
    for tensor, change in earlier.directions:
        result[change] = dotted(of(tensor))
    if earlier.directions and system.objective:
        result[system.objective] = dotted(objective)
    for block in earlier.blocks:
        rank = system.table[block.first].rank
        one, other = of(block.first), of(block.second)
        result[block.tensor] = Twofold(objective, one, other, rank, block.twice)
    return result


def all_together(used: Container[str]) -> Symbol:
    """The symbol of the vector of all parameters: one that isn't used."""
    return Symbol(next(x for x in _ALL if x not in used))


def by_all(objective: Symbol, together: Symbol, of: Symbol, block: Block) -> Twofold:
    """The symbol of a derivative by that vector."""
    return Twofold(objective, together, of, 1, block.twice, turned=True)


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
