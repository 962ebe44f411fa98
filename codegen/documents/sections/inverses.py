"""What is said of a matrix's inverse and its determinant."""

from __future__ import annotations

from collections.abc import Iterator

from codegen.documents.blocks import Math, Text
from codegen.documents.context import Teller
from codegen.latex.index_printer import SIGN_OF_PERMUTATION
from codegen.latex.orientation import INVERSE, TRANSPOSED_INVERSE
from derive.ir.notation import Equation, affine


def reason(teller: Teller, equation: Equation) -> Text:
    """Why an inverse or a determinant changes as it does; nothing for any other equation."""
    term = equation.terms[0]
    if term.matrix is None:
        return ()
    names, integers = teller.names, teller.index.integers
    first = term.target[:-2] if term.reduce == "inv" else term.target
    batch = integers.subscripts(first)
    matrix = names[term.matrix].at(batch)
    if term.reduce == "inv":
        inverse = names[equation.tensor].at(batch)
        return teller.say(
            "inverse changes",
            product=Math(rf"{inverse}\,{matrix} = I"),
            change=Math(rf"\mathrm{{d}}{inverse}\,{matrix} + {inverse}\,\mathrm{{d}}{matrix} = 0"),
        )
    rows, columns = term.reduced
    entry = integers.entry(term.matrix, (*term.target, affine(rows), affine(columns)))
    turned = integers.subscripts((*term.target, affine(columns), affine(rows)))
    determinant = names.node("det", term.matrix).at(batch)
    return teller.say(
        "determinant changes",
        determinant=Math(determinant),
        entry=Math(entry),
        cofactor=Math(rf"{determinant}\,{names.node('inv', term.matrix).at(turned)}"),
    )


def conventions(teller: Teller, text: str) -> Iterator[Text]:
    """What the signs of a document mean that speak of inverses and determinants."""
    equations = (*teller.derivation.forward, *teller.derivation.backward)
    inverses = any(e.terms[0].reduce == "inv" for e in equations)
    if inverses and (INVERSE in text or TRANSPOSED_INVERSE in text):
        marks = (Math(f"X{INVERSE}"), Math(f"X{TRANSPOSED_INVERSE}"))
        yield teller.say("inverses", inverse=marks[0], turned=marks[1])
    if SIGN_OF_PERMUTATION in text:
        permutation = teller.index.permutation
        sign = Math(rf"{SIGN_OF_PERMUTATION}({permutation})")
        yield teller.say("permutations", permutation=Math(permutation), sign=sign)
