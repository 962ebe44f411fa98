"""Error terms of each sample's own loss: `dz = p - t`, then `dW = dz.T @ y / N`.

Where the objective is a mean, the derivative by what belongs to one sample has a `1/N`. Many
courses leave it out there and divide where samples are summed. Each such formula alone is wrong by
`N`, and the text is right: in it every error term means `N` times the derivative.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from derive.ir.names import primal_of
from derive.ir.notation import Affine
from derive.language.syntax import SYNTAX, Fn, Name, Op, Ref, Syntax, Written, size_of_axis
from derive.readers.vocabulary import Shape, Translation, Vocabulary


def error_terms(shapes: Mapping[str, Shape], batch: Affine | None) -> dict[str, int]:
    """The derivatives by what each sample has of its own, and which of their axes is the batch."""
    return {
        name: shape.index(batch)
        for name, shape in shapes.items()
        if batch is not None and primal_of(name) in shapes and shape.count(batch) == 1
    }


def of_the_batch(
    written: Sequence[Written], terms: Mapping[str, int], shapes: Mapping[str, Shape]
) -> tuple[Written, ...] | None:
    """The text in terms of the derivatives: a term is divided by `N`, and read `N` times.

    None where a left side has other axes than its term.
    """
    for one in written:
        plain = all(isinstance(letter, Name) for letter in one.letters)
        if one.tensor in terms and not (plain and len(one.letters) == len(shapes[one.tensor])):
            return None
    return tuple(_scaled(w, terms) for w in written)


def of_own_losses(translation: Translation, vocabulary: Vocabulary) -> Translation:
    """A text whose error terms are those of each sample, in terms of the derivatives."""
    terms = error_terms(vocabulary.shapes, vocabulary.batch)
    equations = of_the_batch(translation.equations, terms, vocabulary.shapes)
    if equations is None:
        return translation
    names = {
        name: f"n*{t}" if t.removesuffix(".T") in terms else t
        for name, t in translation.names.items()
    }
    return replace(translation, equations=equations, names=names)


def _scaled(written: Written, terms: Mapping[str, int]) -> Written:
    right = _read_scaled(written.right, terms)
    if written.tensor in terms:
        letter = written.letters[terms[written.tensor]]
        right = Op(written.place, "/", (right, Fn(written.place, "size", (letter,))))
    return replace(written, right=right)


def _read_scaled(node: Syntax, terms: Mapping[str, int]) -> Syntax:
    def change(part: Syntax) -> Syntax | None:
        if not isinstance(part, Ref) or part.name not in terms:
            return None
        return Op(part.place, "*", (size_of_axis(part.place, part.name, terms[part.name]), part))

    return SYNTAX.transform(node, change)
