"""Integers of the index calculus to LaTeX: letters, extents, subscripts, entries of tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from codegen.latex.box import ATOM, NESTED, PRODUCT, SUM, TALL, Box, flat, joined
from codegen.latex.second_order_symbols import Twofold
from codegen.latex.symbol import Change, Determinant, Partial, Symbol
from codegen.latex.symbols import Names
from derive.ir.notation import Affine, Axis, Dim, FloorDiv, Mod, Read


class Integers:
    """Prints what stands in subscripts, and whole entries."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def entry(self, tensor: str, subscripts: Sequence[Affine]) -> str:
        """An entry of a tensor."""
        symbol = self.names[tensor]
        if isinstance(symbol, Twofold):
            first, second = subscripts[: symbol.rank], subscripts[symbol.rank :]
            return symbol.between(self.subscripts(first), self.subscripts(second))
        return symbol.at(self.subscripts(subscripts))

    def read(self, tensor: str, subscripts: Sequence[Affine]) -> Box:
        """An entry as a piece of a formula."""
        symbol = self.names[tensor]
        if isinstance(symbol, Twofold):
            return Box(self.entry(tensor, subscripts), PRODUCT, TALL)
        return self.boxed(symbol, self.subscripts(subscripts))

    @staticmethod
    def boxed(symbol: Symbol | Partial | Change, subscripts: str = "") -> Box:
        """A symbol as a piece of a formula."""
        text = symbol.at(subscripts)
        change = symbol.of if isinstance(symbol, Change) else symbol
        if isinstance(change, Partial):
            return Box(text, PRODUCT, TALL)
        assert not isinstance(symbol, Partial)
        turned = None
        if isinstance(symbol, Symbol) and symbol.above == "-1" and not subscripts:
            turned = Integers.boxed(replace(symbol, above=r"-\top"))
        return Box(
            text,
            ATOM,
            NESTED if symbol.above else 0,
            powers=not (symbol.above or (isinstance(symbol, Determinant) and symbol.log)),
            rigid=symbol.rigid,
            turned=turned,
        )

    def subscripts(self, subscripts: Sequence[Affine]) -> str:
        """Subscripts side by side; commas where one of them is more than a letter."""
        texts = [self.integer(s, tight=True).text for s in subscripts]
        letters = all(s.axis is not None for s in subscripts) and all(len(t) == 1 for t in texts)
        return ("" if letters else ",").join(texts)

    def integer(self, value: Affine, tight: bool = False) -> Box:
        """An integer; without spaces around its signs where it is a subscript."""
        terms = sorted(value.terms, key=lambda p: (p[1] < 0, isinstance(p[0], Dim)))
        parts: list[tuple[int, Box]] = []
        for atom, coefficient in terms:
            inner = self.atom(atom)
            if abs(coefficient) != 1:
                inner = inner.at_least(ATOM)
                inner = Box(f"{abs(coefficient)}{inner.text}", PRODUCT, inner.height)
            parts.append((1 if coefficient > 0 else -1, inner))
        if value.constant or not parts:
            constant = (
                1 if value.constant >= 0 else -1,
                Box(str(abs(value.constant)), powers=True),
            )
            first = bool(parts) and parts[0][0] < 0 and value.constant > 0
            parts.insert(0 if first else len(parts), constant)
        box = joined(parts)
        text = flat(box.text)
        if tight:
            text = text.replace(" + ", "+").replace(" - ", "-")
        return replace(box, text=text)

    def atom(self, atom: object) -> Box:
        """One atom of a subscript."""
        match atom:
            case Axis():
                return Box(self.names.letter(atom), powers=True)
            case Dim():
                return Box(self.names.dim(atom), powers=True)
            case Read(tensor, subscripts):
                return self.read(tensor, subscripts)
            case FloorDiv(of, by):
                inner = self.integer(of, tight=True).at_least(PRODUCT)
                return Box(rf"\lfloor {inner.text}/{by}\rfloor")
            case Mod(of, by):
                inner = self.integer(of, tight=True).at_least(PRODUCT)
                return Box(rf"{inner.text} \bmod {by}", SUM)
            case _:
                raise TypeError(f"{type(atom).__name__} has no formula")
