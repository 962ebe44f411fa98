"""Inverses and determinants in formulas and documents."""

import re

import numpy as np
import pytest

from codegen.documents.formats.pdf import compile_with_log
from codegen.documents.write import document
from codegen.latex.index_printer import IndexPrinter
from codegen.latex.matrix_printer import MatrixPrinter
from codegen.latex.symbols import Names
from derive import differentiate, loads, parse
from derive.language.printer import equation_text
from tests.codegen.documents.tex_log import complaints
from tests.codegen.latex.printed import Printed, agrees, every_step, matrix_notation, right_side
from tests.derive.calculus.matrix_models import BY_NAME, chosen
from tests.oracles.against_autograd import derivation_of
from tests.read_back import index_latex
from tests.read_back.tokens import lex

pytestmark = pytest.mark.sampled

READ_BACK = (
    *("logdet", "determinant", "quadratic_form_of_inverse"),
    *(
        "gaussian_with_covariance",
        "gaussian_process",
        "batched_mahalanobis",
        "ridge_by_normal_equations",
    ),
)


def _plain(text):
    """What the readers don't know: the logarithm of a determinant is one symbol of theirs."""
    text = text.replace(r"\log\lvert\det", r"\det\lvert\det")
    return re.sub(r"(\w)\^\{-\\top\}", r"(\1^{-1})^{\\top}", text)


class DefinitionsApart(Printed):
    """A model as printed, but for the definitions of what has no name of its own."""

    def __init__(self, model):
        super().__init__(model)
        self.definitions = [e for e in self.equations if e.tensor in self.names.nodes]
        direct = [e for e in self.equations if e.terms[0].matrix is not None]
        self.equations = [e for e in self.equations if e not in direct]


@chosen(*READ_BACK)
def test_formulas_read_back(model, monkeypatch):
    read = index_latex.read
    plain_lex = lex
    for reader in ("index_latex", "matrix_latex", "assignment"):
        monkeypatch.setattr(f"tests.read_back.{reader}.lex", lambda text: plain_lex(_plain(text)))
    printed = DefinitionsApart(model)
    assignment = printed.assignment()
    for equation in printed.equations:
        formula = printed.index.formula(equation)
        wanted = printed.arrays[equation.tensor]
        agrees(right_side(formula), formula.left, assignment, wanted, equation_text(equation))
    for equation in printed.definitions:
        if equation.terms[0].reduce == "inv":
            formula = printed.index.formula(equation)
            letters = [printed.names.letter(a) for a in equation.axes]
            for place in np.ndindex(*(a.extent.number or 1 for a in equation.axes)):
                at = dict(zip(letters, place, strict=True))
                assert np.isclose(
                    read(formula.left, assignment, at), read(formula.right[0], assignment, at)
                )
    matrix_notation(printed)
    every_step(printed)


def printed_formulas(text, **kw):
    """Every formula of a model: in matrices where there is such a form, else with subscripts."""
    names = sorted(set(re.findall(r"\b[A-Za-z]\w*(?=\[|\))", text)) - {"E", "Y"})
    derivation = differentiate(parse(text, inputs=names, objective="E", **kw))
    index = IndexPrinter(Names(derivation), derivation.table)
    matrix = MatrixPrinter(index, frozenset("n"))
    equations = (*derivation.forward, *derivation.backward)
    return [(matrix.formula(e) or index.formula(e)).latex() for e in equations]


def test_formulas_word_for_word():
    assert printed_formulas("E = logdet(X)", sizes={"X.0": 3}) == [
        r"E = \log\lvert\det X\rvert",
        r"X^{-1}\,X = I",
        r"\frac{\partial E}{\partial X} = X^{-\top}",
    ]
    assert printed_formulas("E = sum(i,j, a[i]*inv(W1)[i,j]*a[j])", sizes={"i": 3}) == [
        r"\bigl(W^{(1)}\bigr)^{-1}\,W^{(1)} = I",
        r"E = a^{\top}\,\bigl(W^{(1)}\bigr)^{-1}\,a",
        r"\frac{\partial E}{\partial \bigl(W^{(1)}\bigr)^{-1}} = a\,a^{\top}",
        r"\frac{\partial E}{\partial a} = \bigl(W^{(1)}\bigr)^{-1}\,a"
        r" + \bigl(W^{(1)}\bigr)^{-\top}\,a",
        r"\frac{\partial E}{\partial W^{(1)}} = -\bigl(W^{(1)}\bigr)^{-\top}\,"
        r"\frac{\partial E}{\partial \bigl(W^{(1)}\bigr)^{-1}}\,\bigl(W^{(1)}\bigr)^{-\top}",
    ]
    assert printed_formulas("Y[i,j] = inv(X)[i,j]\nE = det(X)**2*Y[0,1]", sizes={"X.0": 3})[:3] == [
        r"Y = X^{-1}",
        r"\det(X) = \sum_{\pi} \operatorname{sgn}(\pi) \prod_{i} X_{i,\pi(i)}",
        r"E = \det(X)^{2}\,Y_{0,1}",
    ]
    assert printed_formulas("E = sum(n, logdet(X)[n])", sizes={"X.1": 3}, batch="n")[0] == (
        r"\log\lvert\det X_{n}\rvert = "
        r"\log\biggl\lvert \sum_{\pi} \operatorname{sgn}(\pi) \prod_{i} X_{n,i,\pi(i)}\biggr\rvert"
    )


def test_a_differential_has_the_change_between_the_inverses():
    text = document(derivation_of(BY_NAME["gaussian_process"]), format="md")
    assert r"\mathrm{d}K^{-1}_{ij} = -\sum_{k,l} K^{-1}_{ik}\thinspace \mathrm{d}K_{kl}" in text
    assert r"As $K^{-1}\thinspace K = I$ whatever the matrix is" in text
    assert r"is its cofactor, $\det(K)\thinspace K^{-1}_{ji}$" in text


def test_an_example_in_numbers():
    text = """
name = "worked"
equations = "E = sum(i,j, x[i]*inv(S)[i,j]*x[j]) + logdet(S) - det(S)"
parameters = ["S"]
inputs = ["x"]
objective = "E"
sizes = { i = 2 }
[example]
S = [[2, 1], [1, 3]]
x = [1, -1]
"""
    found = document(differentiate(loads(text)), format="tex").replace(" &= ", " = ")
    s = r"\begin{pmatrix} 2 & 1 \\ 1 & 3 \end{pmatrix}"
    turned = r"\begin{pmatrix} 0.6 & -0.2 \\ -0.2 & 0.4 \end{pmatrix}"
    assert rf"S^{{-1}} = {s}^{{-1}} = {turned}" in found
    assert rf"\det(S) = \det{s} = 5" in found
    assert rf"= \log\left\lvert\det{s}\right\rvert = 1.60943791" in found
    assert r"\begin{pmatrix} -3.04 & 1.28 \\ 1.28 & -1.96 \end{pmatrix}" in found


@pytest.mark.tex
def test_a_document_compiles():
    derivation = derivation_of(BY_NAME["gaussian_with_covariance"])
    pdf, log = compile_with_log(document(derivation, detail="full"))
    assert pdf.startswith(b"%PDF")
    assert complaints(log) == []


@pytest.mark.parametrize("calculus", ["differential", "kronecker"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_documents_with_differentials_and_kronecker_products(calculus, lang):
    derivation = derivation_of(BY_NAME["batched_mahalanobis"])
    text = document(derivation, format="md", lang=lang, calculus=calculus, detail="full")
    assert "{" + "inverse}" not in text
    assert r"S^{-1}" in text
