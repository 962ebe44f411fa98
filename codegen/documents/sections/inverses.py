"""Sentences about a matrix's inverse and its determinant."""

from __future__ import annotations

from collections.abc import Iterator

from codegen.documents.blocks import Math, Text
from codegen.documents.context import DocumentContext
from codegen.latex.index_printer import SIGN_OF_PERMUTATION
from codegen.latex.orientation import INVERSE, TRANSPOSED_INVERSE
from derive.ir.notation import Equation, affine


def reason(context: DocumentContext, equation: Equation) -> Text:
    """Why an inverse or a determinant changes as it does; nothing for any other equation."""
    term = equation.terms[0]
    if term.matrix is None:
        return ()
    names, integers = context.names, context.index.integers
    first = term.target[:-2] if term.reduce == "inv" else term.target
    batch = integers.subscripts(first)
    matrix = names[term.matrix].at(batch)
    if term.reduce == "inv":
        inverse = names[equation.tensor].at(batch)
        return context.say(
            "inverse changes",
            product=Math(rf"{inverse}\,{matrix} = I"),
            change=Math(rf"\mathrm{{d}}{inverse}\,{matrix} + {inverse}\,\mathrm{{d}}{matrix} = 0"),
        )
    rows, columns = term.reduced
    entry = integers.entry(term.matrix, (*term.target, affine(rows), affine(columns)))
    turned = integers.subscripts((*term.target, affine(columns), affine(rows)))
    determinant = names.node("det", term.matrix).at(batch)
    return context.say(
        "determinant changes",
        determinant=Math(determinant),
        entry=Math(entry),
        cofactor=Math(rf"{determinant}\,{names.node('inv', term.matrix).at(turned)}"),
    )


def conventions(context: DocumentContext, text: str) -> Iterator[Text]:
    """The meaning of the signs for inverses and determinants that a document uses."""
    equations = (*context.derivation.forward, *context.derivation.backward)
    inverses = any(e.terms[0].reduce == "inv" for e in equations)
    if inverses and (INVERSE in text or TRANSPOSED_INVERSE in text):
        marks = (Math(f"X{INVERSE}"), Math(f"X{TRANSPOSED_INVERSE}"))
        yield context.say("inverses", inverse=marks[0], turned=marks[1])
    if SIGN_OF_PERMUTATION in text:
        permutation = context.index.permutation
        sign = Math(rf"{SIGN_OF_PERMUTATION}({permutation})")
        yield context.say("permutations", permutation=Math(permutation), sign=sign)
