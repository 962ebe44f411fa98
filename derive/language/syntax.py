"""Checked syntax: its nodes, and the words of the language.

`grammar.py` makes them of text, `scope.py` resolves their letters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from derive.ir.functions import FUNCTIONS
from derive.ir.notation import MATRIX, REDUCTIONS
from derive.ir.walk import Tree

REDUCING = (*REDUCTIONS, "mean")
CONSTANTS = ("pi", "inf")
RESERVED = frozenset((*FUNCTIONS, *REDUCING, *CONSTANTS, "next"))


@dataclass(frozen=True)
class Place:
    """A place in a text: the user's name for the text, line and column from 1."""

    text: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.text}, line {self.line}, column {self.column}"


@dataclass(frozen=True)
class Num:
    """A number."""

    place: Place
    value: Fraction


@dataclass(frozen=True)
class Name:
    """A bare name: a letter in scope, else a scalar tensor, else a constant."""

    place: Place
    name: str


@dataclass(frozen=True)
class Dots:
    """`...`: any axes in between."""

    place: Place


@dataclass(frozen=True)
class Ref:
    """A tensor with subscripts, or its matrices' inverse or determinant: `inv(X)`, `det(X)`."""

    place: Place
    name: str
    subscripts: tuple[Syntax, ...]

    @property
    def of(self) -> str:
        """The tensor: of `inv(X)` that is `X`."""
        return parted(self.name)[1]


@dataclass(frozen=True)
class Op:
    """An operator over values: `+ - * / ** // % neg`, a comparison, `and or not`."""

    place: Place
    op: str
    args: tuple[Syntax, ...]


@dataclass(frozen=True)
class Fn:
    """A function of values."""

    place: Place
    name: str
    args: tuple[Syntax, ...]


@dataclass(frozen=True)
class Red:
    """A reduction that binds letters."""

    place: Place
    op: str
    letters: tuple[Name | Dots, ...]
    body: Syntax


@dataclass(frozen=True, eq=False)
class LetterVar:
    """One binding of a letter: on the left of an equation, or by a reduction."""

    name: str
    place: Place
    scope: str
    on_left: bool


@dataclass(frozen=True)
class Letter:
    """A letter that has been resolved to its binding."""

    place: Place
    var: LetterVar


@dataclass(frozen=True)
class Bound:
    """A reduction over resolved letters."""

    place: Place
    op: str
    vars: tuple[LetterVar, ...]
    body: Syntax


# `Name`, `Dots` and `Red` as read; `Letter` and `Bound` instead of them once letters are resolved
Syntax = Num | Name | Dots | Ref | Op | Fn | Red | Letter | Bound
SYNTAX: Tree[Syntax] = Tree(Syntax, apart=("letters",))  # the letters of a `Red` are bound there


@dataclass(frozen=True)
class Written:
    """One equation as written: the left side's tensor and letters, and the right side."""

    place: Place
    tensor: str
    letters: tuple[Name | Dots, ...]
    right: Syntax
    text: str
    is_next: bool = False
    scope: str = ""


def size_of_axis(place: Place, tensor: str, axis: int) -> Fn:
    """`size(tensor, axis)`."""
    return Fn(place, "size", (Name(place, tensor), Num(place, Fraction(axis))))


def parted(name: str) -> tuple[str, str]:
    """A name in two parts: `inv(X)` is "inv" of "X", a plain `X` is "" of "X"."""
    for node in MATRIX:
        if name.startswith(f"{node}(") and name.endswith(")"):
            return node, name[len(node) + 1 : -1]
    return "", name


def renamed(name: str, new: Mapping[str, str]) -> str:
    """The name of a read, its tensor under another name: `inv(X)` becomes `inv(Z)`."""
    node, tensor = parted(name)
    tensor = new.get(tensor, tensor)
    return f"{node}({tensor})" if node else tensor


class Refused(Exception):
    """A problem found in one equation; gathered with the others."""

    def __init__(self, place: Place, message: str) -> None:
        super().__init__(f"{place}: {message}")
        self.place = place
