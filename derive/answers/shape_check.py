"""Do a formula's letters fit the axes that they walk?

A letter that stands alone as a subscript walks its axis plainly. Where the letters on the left walk
axes of other extents on the right, both shapes are given, and where they come from. Ranks come
first: they also show whether a formula is about the batch or about one sample.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from derive.ir.notation import Affine
from derive.language.extent_inference import show
from derive.language.occurrences import refs
from derive.language.syntax import SYNTAX, Dots, Name, Red, Ref, Syntax, Written
from derive.readers.vocabulary import Shape


@dataclass(frozen=True)
class Walk:
    """A letter that walks an axis of a tensor plainly."""

    letter: str
    tensor: str
    axis: int
    extent: Affine

    @property
    def sentence(self) -> str:
        """In words."""
        return f"'{self.letter}' walks axis {self.axis} of {self.tensor} ({show(self.extent)})"


@dataclass(frozen=True)
class Misfit:
    """A mismatch: both shapes where they are known, and the reason in a clause."""

    derived: Shape
    written: Shape | None
    reason: str


def rank_problems(written: Sequence[Written], shapes: Mapping[str, Shape]) -> list[str]:
    """A clause for each place where a known tensor has another number of subscripts."""
    result: dict[str, None] = {}
    for equation in written:
        sides = [Ref(equation.place, equation.tensor, equation.letters), *refs(equation.right)]
        for ref in sides:
            if ref.name not in shapes or any(isinstance(s, Dots) for s in ref.subscripts):
                continue
            given, wanted = len(ref.subscripts), len(shapes[ref.name])
            if given != wanted:
                axes = f"{ref.name} has {_count(wanted)}, {shape_text(shapes[ref.name])}"
                result.setdefault(f"{axes}; here it has {_count(given, 'subscript')}")
    return list(result)


def misfit(written: Written, own: Sequence[Written], shapes: Mapping[str, Shape]) -> Misfit | None:
    """The first letter that walks axes of two extents; None where all fit."""
    known = dict(shapes)
    for equation in own:
        shape = _shape(equation, known)
        if shape is not None:
            known[equation.tensor] = shape
    for equation in (*own, written):
        clash = _clash(equation, known)
        if clash is not None:
            one, other = clash
            given = known.get(written.tensor, ())
            where = f"in {equation.tensor}, " if equation is not written else ""
            return Misfit(
                given, _shape(written, known), f"{where}{one.sentence} and {_also(other)}"
            )
    return None


def shape_text(shape: Shape) -> str:
    """A shape as people write it, such as `(n, 3)`."""
    return f"({', '.join(map(show, shape))})"


def _also(walk: Walk) -> str:
    return f"axis {walk.axis} of {walk.tensor} ({show(walk.extent)})"


def _count(number: int, what: str = "axis") -> str:
    many = "axes" if what == "axis" else f"{what}s"
    return f"{number} {what if number == 1 else many}"


def _clash(written: Written, shapes: Mapping[str, Shape]) -> tuple[Walk, Walk] | None:
    first: dict[Binding, Walk] = {}
    left = {x.name: (x.name, 0, 0) for x in written.letters if isinstance(x, Name)}
    walks = [*_left(written, shapes), *_walks(written.right, left, shapes)]
    for binding, walk in walks:
        before = first.setdefault(binding, walk)
        if before.extent != walk.extent:
            return before, walk
    return None


Binding = tuple[str, int, int]


def _left(written: Written, shapes: Mapping[str, Shape]) -> Iterator[tuple[Binding, Walk]]:
    shape = shapes.get(written.tensor)
    if shape is None or len(shape) != len(written.letters):
        return
    for k, (letter, extent) in enumerate(zip(written.letters, shape, strict=True)):
        if isinstance(letter, Name):
            yield (letter.name, 0, 0), Walk(letter.name, written.tensor, k, extent)


def _walks(
    node: Syntax, bound: Mapping[str, Binding], shapes: Mapping[str, Shape]
) -> Iterator[tuple[Binding, Walk]]:
    match node:
        case Ref(name=name, subscripts=parts):
            shape = shapes.get(name)
            if shape is not None and len(shape) == len(parts):
                for k, (part, extent) in enumerate(zip(parts, shape, strict=True)):
                    if isinstance(part, Name) and part.name in bound:
                        yield bound[part.name], Walk(part.name, name, k, extent)
            for part in parts:
                yield from _walks(part, bound, shapes)
        case Red(place=place, letters=letters, body=body):
            # a letter that is bound anew is another letter
            new = {
                x.name: (x.name, place.line, place.column) for x in letters if isinstance(x, Name)
            }
            yield from _walks(body, {**bound, **new}, shapes)
        case _:
            for part in SYNTAX.children(node):
                yield from _walks(part, bound, shapes)


def _shape(written: Written, shapes: Mapping[str, Shape]) -> Shape | None:
    """The shape that the right side gives the left one, as far as plain walks show it."""
    left = {x.name: (x.name, 0, 0) for x in written.letters if isinstance(x, Name)}
    extents: dict[Binding, Affine] = {}
    for binding, walk in _walks(written.right, left, shapes):
        extents.setdefault(binding, walk.extent)
    result = [extents.get((x.name, 0, 0)) for x in written.letters if isinstance(x, Name)]
    known = [e for e in result if e is not None]
    return tuple(known) if len(known) == len(written.letters) else None
