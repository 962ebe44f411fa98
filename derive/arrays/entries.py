"""Expressions over whole arrays, entry by entry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from derive.ir.notation import Affine, Dim, affine
from derive.language.occurrences import mentions
from derive.language.syntax import Fn, Name, Num, Op, Place, Red, Ref, Refused, Syntax

Shape = tuple[Affine, ...]
Subscripts = tuple[Syntax, ...]

ANY = affine(Dim("as long as needed"))  # the extent of ones that take the length of what is beside
ONE = affine(1)
_LETTERS = ("i", "j", "k", "l", "m", "p", "q", "r", "s", "u", "v", "w", "a", "b", "c", "g", "h")


@dataclass(frozen=True)
class Scope:
    """The letters that are in use, and the words that are no letters here."""

    taken: frozenset[str]
    batch: Affine | None = None
    batch_letter: str = "n"

    def fresh(self, extent: Affine) -> tuple[str, Scope]:
        """A letter that isn't in use, and the scope in which it is."""
        if extent == self.batch and self.batch_letter not in self.taken:
            letter = self.batch_letter
        else:
            many = (f"{x}{k}" for k in range(2, 99) for x in _LETTERS)
            letters = [x for x in _LETTERS if x not in self.taken]
            letter = letters[0] if letters else next(x for x in many if x not in self.taken)
        return letter, self.having((letter,))

    def having(self, letters: Iterable[str]) -> Scope:
        """The scope with more letters in use."""
        return replace(self, taken=self.taken | frozenset(letters))


Entry = Callable[[Subscripts, Scope], Syntax]


@dataclass(frozen=True)
class Entries:
    """An array: its shape, and its entry at given subscripts.

    `lies` says of a vector in matrix notation whether it is a "column" or a "row"; "" is either.
    `name` is there for what has a name of its own. `condition` marks truth values. Of a diagonal
    matrix `diagonal` is the vector on it, of a vector of ones `ones` is true.
    """

    shape: Shape
    at: Entry
    lies: str = ""
    name: str | None = None
    condition: bool = False
    diagonal: Entries | None = None
    ones: bool = False

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def value(self, subscripts: Subscripts, scope: Scope) -> Syntax:
        """An entry as a number: of a truth value 1 or 0."""
        entry = self.at(subscripts, scope)
        if not self.condition:
            return entry
        place = entry.place
        return Fn(place, "where", (entry, number(place, 1), number(place, 0)))


def number(place: Place, value: int | Fraction) -> Num:
    """A number."""
    return Num(place, Fraction(value))


def scalar(entry: Callable[[Scope], Syntax], name: str | None = None) -> Entries:
    """A single number."""
    return Entries((), lambda _, scope: entry(scope), name=name)


def named(place: Place, name: str, shape: Shape, lies: str = "") -> Entries:
    """A named array."""

    def at(subscripts: Subscripts, scope: Scope) -> Syntax:
        return Ref(place, name, subscripts) if subscripts else Name(place, name)

    return Entries(shape, at, lies if len(shape) == 1 else "", name)


class Lengths:
    """Extents as values: a number, or the size of a named array's axis."""

    def __init__(self, shapes: Mapping[str, Shape]) -> None:
        self.shapes = shapes

    def __call__(self, place: Place, extent: Affine) -> Syntax:
        """An extent as a value. Raises `Refused` where no array has it."""
        if extent == ANY:
            raise Refused(place, "nothing here says how long these ones are; write ones(n)")
        value: Syntax | None = number(place, extent.constant) if extent.constant else None
        for atom, coefficient in extent.terms:
            size = self.size(place, affine(atom))
            part = size if abs(coefficient) == 1 else times(number(place, abs(coefficient)), size)
            if value is None:
                value = part if coefficient > 0 else Op(place, "neg", (part,))
            else:
                value = Op(place, "+" if coefficient > 0 else "-", (value, part))
        return number(place, 0) if value is None else value

    def size(self, place: Place, extent: Affine) -> Syntax:
        """The size of the first axis that is as long."""
        for name, shape in self.shapes.items():
            for position, known in enumerate(shape):
                if known == extent:
                    return Fn(place, "size", (Name(place, name), number(place, position)))
        raise Refused(place, f"no array has an axis of length {extent_text(extent)}; declare one")


def times(left: Syntax, right: Syntax) -> Syntax:
    """A product of two values; of two sums the sum of products, so that chains stay flat."""
    letters: list[Name] = []
    sides = []
    for side in (left, right):
        if isinstance(side, Red) and side.op == "sum":
            letters.extend(x for x in side.letters if isinstance(x, Name))
            sides.append(side.body)
        else:
            sides.append(side)
    place = left.place
    if isinstance(sides[0], Num) and sides[0].value == 1:
        body = sides[1]
    elif isinstance(sides[1], Num) and sides[1].value == 1:
        body = sides[0]
    else:
        body = Op(place, "*", (sides[0], sides[1]))
    return Red(place, "sum", tuple(letters), body) if letters else body


def reduced(
    place: Place, op: str, run: Iterable[tuple[str, Affine]], body: Syntax, length: Lengths
) -> Syntax:
    """A reduction over letters; over one that the body doesn't have, what that comes to."""
    letters: list[Name] = []
    for letter, extent in run:
        if mentions(body, letter):
            letters.append(Name(place, letter))
            continue
        if extent == ONE:
            continue
        match op:
            case "sum":
                size = length(place, extent)
                body = size if body == number(body.place, 1) else Op(place, "*", (size, body))
            case "prod":
                body = Op(place, "**", (body, length(place, extent)))
            case "logsumexp":
                body = Op(place, "+", (body, Fn(place, "log", (length(place, extent),))))
            case _:
                pass
    if not letters:
        return body
    if isinstance(body, Red) and op == body.op == "sum":
        return Red(place, "sum", (*letters, *body.letters), body.body)
    return Red(place, op, tuple(letters), body)


def extent_text(extent: Affine) -> str:
    """An extent for a message."""
    if extent == ANY:
        return "?"
    parts = []
    for atom, coefficient in extent.terms:
        name = atom.name if isinstance(atom, Dim) else "?"
        parts.append(name if coefficient == 1 else f"{coefficient}*{name}")
    if extent.constant or not parts:
        parts.append(str(extent.constant))
    return " + ".join(parts)


def shape_text(entries: Entries) -> str:
    """A shape for a message: `3 x n`, a column of 3, a number."""
    if not entries.shape:
        return "a number"
    if entries.lies:
        return f"a {entries.lies} of {extent_text(entries.shape[0])}"
    if entries.rank == 1:
        return f"a vector of {extent_text(entries.shape[0])}"
    return " x ".join(map(extent_text, entries.shape))
