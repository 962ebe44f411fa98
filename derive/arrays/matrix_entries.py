"""Matrices made of arrays, and numbers made of matrices, entry by entry: diagonals, traces, norms,
inverses, determinants, ones."""

from __future__ import annotations

from fractions import Fraction
from typing import Protocol

from derive.arrays.broadcast import same
from derive.arrays.entries import (
    ANY,
    Entries,
    Lengths,
    Scope,
    Shape,
    number,
    reduced,
    scalar,
    shape_text,
)
from derive.arrays.nodes import (
    Determinant,
    Diagonal,
    Entrywise,
    Extent,
    Fill,
    Hot,
    Identity,
    Inverse,
    Like,
    Literal,
    Norm,
    Reduce,
    Trace,
    Transpose,
    Whole,
)
from derive.arrays.printer import in_message, text
from derive.arrays.shaping import diagonal, identity, one_hot, square, transposed
from derive.ir.notation import Affine
from derive.language.syntax import Fn, Name, Place, Ref, Refused, Syntax


class Elaborates(Protocol):
    """An elaborator: it knows the entries of every expression."""

    column: bool
    length: Lengths

    def entries(self, node: Whole) -> Entries:
        """An expression, entry by entry."""

    def extent(self, extent: Affine | Extent) -> Affine:
        """An extent as a number or a name."""

    def name(self, node: Whole) -> str:
        """The name of an array, which may be given to it here."""


def special(known: Elaborates, node: Whole) -> Entries:
    """The entries of a node of this kind. Raises `Refused` where shapes don't fit."""
    place = node.place
    match node:
        case Diagonal(of=of):
            return diagonal(place, known.entries(of), text(of))
        case Trace(of=of):
            return _trace(known, place, of)
        case Norm():
            return _norm(known, node)
        case Inverse(of=Inverse(of=inner)):
            return known.entries(inner)
        case Inverse(of=Transpose(of=inner, axes=None)):
            turned = known.entries(Inverse(inner, place=place))
            return transposed(place, turned, None, text(node))
        case Inverse(of=of):
            shape, name = _square(known, place, of, "inv")
            return Entries(shape, lambda s, _: Ref(place, f"inv({name})", s))
        case Determinant(of=Transpose(of=inner, axes=None), log=log):
            return known.entries(Determinant(inner, log, place=place))
        case Determinant(of=of, log=log):
            word = "logdet" if log else "det"
            shape, name = _square(known, place, of, word)
            return Entries(shape[:-2], lambda s, _: Ref(place, f"{word}({name})", s))
        case Fill(value=value, shape=None):
            return _filled(known, place, value, (ANY,))
        case Fill(value=value, shape=tuple(shape)):
            return _filled(known, place, value, tuple(map(known.extent, shape)))
        case Like(value=value, of=of):
            return _filled(known, place, value, known.entries(of).shape)
        case Identity(size=size):
            return identity(place, ANY if size is None else known.extent(size))
        case Hot(of=of, classes=classes):
            rows, count = known.entries(of), known.extent(classes)
            if node.one_for_each and rows.rank > 1 and same(rows.shape[-1], count):
                return rows  # the model's targets are such rows already
            return one_hot(place, rows, count)
        case _:
            raise AssertionError(f"no entries for {type(node).__name__}")


def squared(of: Whole, place: Place) -> Whole:
    """The sum of the squares of all entries."""
    two = Literal(Fraction(2), place=place)
    return Reduce("sum", Entrywise("**", (of, two), place=place), None, place=place)


def _filled(known: Elaborates, place: Place, value: Fraction, shape: Shape) -> Entries:
    """One number everywhere."""
    lies = "column" if known.column and len(shape) == 1 else ""
    return Entries(shape, lambda _, __: number(place, value), lies, ones=value == 1)


def _norm(known: Elaborates, norm: Norm) -> Entries:
    """A norm of all entries."""
    place, inner = norm.place, known.entries(norm.of)
    if norm.of_vector and inner.rank != 1:
        problem = f"{in_message(norm.of)} is {shape_text(inner)}"
        raise Refused(place, f"{problem}; norms of order {norm.order} are those of a vector")
    if norm.order == 1:
        sizes = Entrywise("abs", (norm.of,), place=place)
        return known.entries(Reduce("sum", sizes, None, place=place))
    squares = known.entries(squared(norm.of, place))
    return scalar(lambda scope: Fn(place, "sqrt", (squares.value((), scope),)))


def _trace(known: Elaborates, place: Place, of: Whole) -> Entries:
    """The sum of a diagonal."""
    inner = known.entries(of)
    if known.column and not inner.rank:
        return inner  # of a number, a matrix of one entry
    square(place, inner, f"tr({text(of)})")

    def at(scope: Scope) -> Syntax:
        letter, scope = scope.fresh(inner.shape[0])
        k = Name(place, letter)
        run = [(letter, inner.shape[0])]
        vector = inner.diagonal
        body = vector.value((k,), scope) if vector else inner.value((k, k), scope)
        return reduced(place, "sum", run, body, known.length)

    if inner.rank > 2:
        raise Refused(place, f"{text(of)} is {shape_text(inner)}; tr takes one matrix")
    return scalar(at)


def _square(known: Elaborates, place: Place, of: Whole, word: str) -> tuple[Shape, str]:
    """The shape of a square matrix and its name, for `inv`, `det` and `logdet` of it."""
    inner = known.entries(of)
    square(place, inner, f"{word}({text(of)})")
    return inner.shape, known.name(of)
