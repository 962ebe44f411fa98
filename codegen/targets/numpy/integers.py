"""Integers of the index calculus as Python source: extents, loop letters, conditions on them."""

from __future__ import annotations

from collections.abc import Sequence

from codegen.python_module.tables import ATOM, SUM, number_code
from codegen.targets.numpy.names import TRAINING, Names
from derive.algebra.index_rules import bounds, surely_not_negative
from derive.ir.notation import (
    Add,
    Affine,
    Atom,
    Axis,
    Compare,
    Dim,
    Expr,
    FloorDiv,
    Index,
    Logic,
    Mod,
    Mul,
    Number,
    Read,
)


class Indices:
    """Prints what Python decides before an array is touched."""

    def __init__(self, names: Names) -> None:
        self.names = names

    @property
    def dtype(self) -> str:
        """What the kind of the arrays is called."""
        return self.names.dtype

    def index(self, value: Affine) -> str:
        """An integer of the index calculus over loop letters and extents."""
        shown = ""
        for atom, coefficient in sorted(value.terms, key=lambda p: p[1] < 0):
            name = self._atom(atom)
            if coefficient != 1 and isinstance(atom, FloorDiv | Mod):
                name = f"({name})"
            piece = name if abs(coefficient) == 1 else f"{abs(coefficient)} * {name}"
            if not shown:
                shown = piece if coefficient > 0 else f"-{piece}"
            else:
                shown += f" {'+' if coefficient > 0 else '-'} {piece}"
        if value.constant or not shown:
            if not shown:
                return str(value.constant)
            shown += f" {'+' if value.constant > 0 else '-'} {abs(value.constant)}"
        return shown

    @staticmethod
    def level(value: Affine) -> int:
        """How tightly the source of an integer binds."""
        if value.number is not None:
            return ATOM if value.number >= 0 else SUM
        ((atom, coefficient), *others) = value.terms
        alone = not others and coefficient == 1 and not value.constant
        return ATOM if alone and isinstance(atom, Axis | Dim) else SUM

    def _atom(self, atom: Atom) -> str:
        match atom:
            case Dim(name):
                return self.names.dim(name)
            case Axis():
                return self.names.letter(atom)
            case FloorDiv(of, by):
                return (
                    f"({self.index(of)}) // {by}"
                    if of.axis is None
                    else f"{self.index(of)} // {by}"
                )
            case Mod(of, by):
                return (
                    f"({self.index(of)}) % {by}" if of.axis is None else f"{self.index(of)} % {by}"
                )
            case _:
                raise AssertionError("an integer tensor is no plain index")

    def condition(self, expr: Expr) -> str:
        """A condition on integers that Python decides."""
        match expr:
            case Compare(op, Index(value), Number(bound)) if value.constant:
                # `t >= 1` reads better than `t - 1 >= 0`
                moved = Index(value - value.constant), Number(bound - value.constant)
                return f"{self._scalar(moved[0])} {op} {self._scalar(moved[1])}"
            case Compare(">", Read(tensor), Number(bound)) if (
                bound == 0 and self.names.tensor(tensor) == TRAINING
            ):
                return TRAINING
            case Compare(op, left, right):
                return f"{self._scalar(left)} {op} {self._scalar(right)}"
            case Logic("not", (one,)):
                return f"not ({self.condition(one)})"
            case Logic(op, args):
                bare = all(isinstance(a, Compare) for a in args)
                parts = [self.condition(a) for a in args]
                return f" {op} ".join(p if bare else f"({p})" for p in parts)
            case _:
                raise AssertionError("a condition is a comparison")

    def _scalar(self, expr: Expr) -> str:
        match expr:
            case Index(value):
                return self.index(value)
            case Number(value):
                return number_code(value)[0]
            case Read(tensor):
                return self.names.tensor(tensor)
            case Add(args):
                return " + ".join(self._scalar(a) for a in args).replace("+ -", "- ")
            case Mul(args):
                parts = [(a, self._scalar(a)) for a in args]
                return " * ".join(f"({p})" if isinstance(a, Add) else p for a, p in parts)
            case _:
                raise AssertionError(f"{type(expr).__name__} in a condition on integers")

    def length(self, value: Affine) -> str:
        """An integer that is no less than 0: how long something is, or where a slice ends."""
        code = self.index(value)
        reach = bounds(value)
        safe = reach is not None and surely_not_negative(reach[0])
        return code if safe else f"max({code}, 0)"

    def shape(self, lengths: Sequence[Affine]) -> str:
        """A shape tuple."""
        return self.entries([self.length(e) for e in lengths])

    @staticmethod
    def entries(parts: Sequence[str]) -> str:
        """A tuple's source."""
        return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"
