"""Symbols as data: a tensor, its differential, the derivative by it."""

from __future__ import annotations

from dataclasses import dataclass

ERROR = r"\delta"
DIFFERENTIAL = r"\mathrm{d}"


@dataclass(frozen=True)
class Symbol:
    """A tensor's name in parts, so that subscripts, powers and transposes find their places."""

    base: str
    above: str = ""
    below: str = ""
    rigid: bool = False  # numbers in rows: delimiters grow with it

    def __str__(self) -> str:
        return self.at()

    def inline(self) -> str:
        """For a line of text, where a fraction has no room."""
        return str(self)

    def at(self, subscripts: str = "") -> str:
        """With subscripts."""
        below = ",".join(s for s in (self.below, subscripts) if s)
        above = f"^{{{self.above}}}" if self.above else ""
        return self.base + above + (f"_{{{below}}}" if below else "")


@dataclass(frozen=True)
class Determinant(Symbol):
    """A matrix's determinant, or the logarithm of its size; `base` is the matrix."""

    log: bool = False

    def at(self, subscripts: str = "") -> str:
        """With subscripts, which name the matrix."""
        of = Symbol(self.base, below=self.below).at(subscripts)
        if self.rigid:
            # numbers in rows have parentheses
            return rf"\log\left\lvert\det{of}\right\rvert" if self.log else rf"\det{of}"
        return rf"\log\lvert\det {of}\rvert" if self.log else rf"\det({of})"


@dataclass(frozen=True)
class Change:
    """The differential of a tensor."""

    of: Symbol | Partial

    def __str__(self) -> str:
        return self.at()

    @property
    def above(self) -> str:
        """The superscript of the tensor's letter, such as a layer's number."""
        return self.of.above if isinstance(self.of, Symbol) else ""

    @property
    def rigid(self) -> bool:
        """Never: a differential is one line."""
        return False

    def inline(self) -> str:
        """For a line of text."""
        return str(self)

    def at(self, subscripts: str = "") -> str:
        """With the tensor's subscripts."""
        return DIFFERENTIAL + self.of.at(subscripts)


@dataclass(frozen=True)
class Partial:
    """The derivative of the objective by a tensor."""

    of: Symbol
    by: Symbol | Partial

    def __str__(self) -> str:
        return self.at()

    def inline(self) -> str:
        """For a line of text: with a slash."""
        return rf"\partial {self.of}/\partial {self.by}"

    def at(self, subscripts: str = "") -> str:
        """With the tensor's subscripts."""
        return rf"\frac{{\partial {self.of}}}{{\partial {self.by.at(subscripts)}}}"


def node_symbol(node: str, of: Symbol | Partial | Change) -> Symbol:
    """A matrix's inverse or determinant; a matrix with something above it is put in brackets."""
    plain = of if isinstance(of, Symbol) and not of.above else Symbol(str(of))
    if node == "inv":
        base = plain.base if plain is of else rf"\bigl({plain.base}\bigr)"
        return Symbol(base, above="-1", below=plain.below, rigid=plain.rigid)
    return Determinant(plain.base, below=plain.below, rigid=plain.rigid, log=node == "logdet")
