"""A formula over whole arrays as equations by indices."""

from __future__ import annotations

from dataclasses import replace

from derive.arrays.nodes import (
    Array,
    Determinant,
    Diagonal,
    Entrywise,
    Fill,
    Inverse,
    Norm,
    Outer,
    Product,
    Reduce,
    Trace,
    Transpose,
    Whole,
)
from derive.arrays.to_equations import Elaborator
from derive.language.syntax import Refused, Written
from derive.readers.latex.by_array.values import right_side
from derive.readers.latex.by_index.left_sides import Left, left_of
from derive.readers.latex.context import Formula
from derive.readers.latex.syntax.nodes import Relation
from derive.readers.reading import AS_THE_MODEL
from derive.readers.vocabulary import Vocabulary


def array_equations(formula: Formula, tree: Relation) -> list[Written]:
    """The formula, with the equations that it needs first.

    Vectors are columns, as in matrix notation; where that doesn't fit, shapes go together as
    NumPy's do, as a bias beside a batch in rows. Raises `Refused`.
    """
    vocabulary = formula.names.vocabulary
    assert vocabulary is not None
    left = left_of(formula, tree.sides[0], tree.signs[0], whole=True)
    if left.letters:
        raise formula.refuse(
            tree,
            "the left side has subscripts, and an array on the right has none; write all of "
            "them or none",
        )
    formula.left = left.tensor
    problem: Refused | None = None
    # one sample has no rows to repeat a vector over
    columns = (True, False) if vocabulary.batch is not None else (True,)
    for column in (False,) if formula.names.orientation.columns else columns:
        formula.deep = 0
        try:
            return _elaborated(formula, tree, left, vocabulary, column)
        except Refused as refused:
            problem = problem or refused
    assert problem is not None
    raise problem


def _elaborated(
    formula: Formula, tree: Relation, left: Left, vocabulary: Vocabulary, column: bool
) -> list[Written]:
    names = formula.names
    elaborator = Elaborator(
        dict(names.shapes),
        column=column,
        batch=vocabulary.batch,
        taken=set(names.own.values()),
    )
    node = right_side(formula, elaborator, vocabulary, tree.sides[-1])
    place = formula.place(tree)
    if left.is_change:
        node = Entrywise("+", (Array(left.tensor, place=place), node), place=place)
    node = names.layout.back(left.tensor, node)
    if not column and names.orientation == AS_THE_MODEL and _tells_columns(node, elaborator):
        raise Refused(place, "vectors are columns here, and shapes don't fit")
    known = names.shapes.get(left.tensor)
    written = elaborator.equation(left.tensor, node, place, "", known)
    if known is None:
        names.own_shapes[left.tensor] = elaborator.entries(node).shape
    return [*elaborator.before, replace(written, is_next=left.is_next)]


def _tells_columns(node: Whole, elaborator: Elaborator) -> bool:
    """Whether a formula has vectors that are columns for certain: ones, and transposed ones."""
    match node:
        case Fill():
            return True
        case Transpose(of=of) if elaborator.entries(of).rank < 2:
            return True
        case Entrywise(args=args):
            return any(_tells_columns(a, elaborator) for a in args)
        case Product(left=left, right=right) | Outer(left=left, right=right):
            return _tells_columns(left, elaborator) or _tells_columns(right, elaborator)
        case (
            Transpose(of=of)
            | Reduce(of=of)
            | Diagonal(of=of)
            | Trace(of=of)
            | Norm(of=of)
            | Inverse(of=of)
            | Determinant(of=of)
        ):
            return _tells_columns(of, elaborator)
        case _:
            return False
