"""Documents of second order: every formula of them is true at random numbers."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import numpy as np
import pytest

from codegen.documents.builder import DocumentBuilder
from codegen.documents.formats.form import displays
from codegen.documents.options import DocumentOptions
from codegen.documents.sections.updates import updates
from codegen.documents.write import document
from codegen.latex.box import flat
from codegen.latex.formula import Formula
from codegen.latex.second_order_symbols import Twofold
from codegen.latex.symbol import Partial
from derive import differentiate, hessian_vector, loads, parse
from tests.derive.calculus.second_order import network
from tests.read_back.facts import Facts
from tests.read_back.formula_check import FormulaCheck

pytestmark = pytest.mark.sampled

LOGISTIC = """
name = "logistic"
inputs = { x = [3] }
[[layers]]
type = "dense"
units = 1
[loss]
type = "binary_cross_entropy_with_logits"
"""
RECURRENT = """
name = "recurrent"
inputs = { x = [3, 2] }
[[layers]]
type = "rnn"
units = 2
[[layers]]
type = "dense"
units = 1
[loss]
type = "squared_error"
"""


def factorisation():
    text = (
        "p[a,b] = sum(k, U[a,k]*V[b,k])\n"
        "E = sum(a,b, m[a,b]*(p[a,b] - r[a,b])**2) + sum(a,k, U[a,k]**2)"
    )
    sizes = {"a": 3, "b": 2, "k": 2}
    given = {"parameters": ["U", "V"], "inputs": ["m"], "targets": ["r"], "sizes": sizes}
    return parse(text, objective="E", output="p", **given)


SYSTEMS = {
    "squared_error": network,
    "softmax": lambda: network("softmax_cross_entropy"),
    "sigmoid": lambda: network("squared_error", "sigmoid"),
    "logistic": lambda: loads(LOGISTIC),
    "recurrent": lambda: loads(RECURRENT),
    "factorisation": factorisation,
}
MANNERS = (
    DocumentOptions(order=2),
    DocumentOptions(order=2, detail="full", errors="partial", level="brief", lang="zh"),
    DocumentOptions(order=2, samples="rows", detail="result"),
    DocumentOptions(order=2, calculus="kronecker"),
)


class Renamed:
    """Symbols in which a fraction that is a tensor of its own has a letter in its place."""

    def __init__(self, names, wanted):
        self.names = names
        self.dim = names.dim
        self.patterns = []
        for k, name in enumerate(wanted):
            symbol = names[name]
            at = r"(?:_\{([^{}]*)\})?"
            if isinstance(symbol, Twofold):
                over = rf"\frac{{\partial^{{2}} {symbol.of}}}{{\partial " if symbol.twice else ""
                link = r"\,\partial " if symbol.twice else r"}{\partial "
                pair = [str(symbol.by), str(symbol.other)]
                one, other = pair[::-1] if symbol.turned and not symbol.twice else pair
                left = re.escape(over or r"\frac{\partial ") + re.escape(one) + at
                whole = left + re.escape(link + other) + at + r"\}"
            else:
                left = re.escape(rf"\frac{{\partial {symbol.of}}}{{\partial {symbol.by}")
                whole = left + at + r"()\}"
            turned = isinstance(symbol, Twofold) and symbol.turned and not symbol.twice
            self.patterns.append((re.compile(whole), f"G^{{({k})}}", turned))
        self.objective = names.objective

    def __getitem__(self, name):
        return self.put(str(self.names[name]))

    def put(self, text):
        for pattern, letter, turned in self.patterns:
            order = (2, 1) if turned else (1, 2)
            text = pattern.sub(lambda m, x=letter, o=order: self.at(x, m[o[0]], m[o[1]]), text)
        return text

    @staticmethod
    def at(letter, *places):
        plain = re.compile(r"(?:[A-Za-z]'*|\d)+")
        pieces = re.compile(r"[A-Za-z]'*|\d")
        given = [x for x in places if x]
        apart = (",".join(pieces.findall(x)) if plain.fullmatch(x) else x for x in given)
        told = ",".join(apart)
        return f"{letter}_{{{told}}}" if told else letter

    def formula(self, formula):
        left, right = self.put(flat(formula.left)), tuple(self.put(flat(r)) for r in formula.right)
        return Formula(left, right, formula.relation)


def renamed(context):
    """The context with a letter for each first derivative that is printed as a fraction."""
    earlier = context.system.earlier
    first = [a for _, a in earlier.adjoints if a in context.system.table]
    blocks = [b.tensor for b in earlier.blocks]
    wanted = [n for n in first if isinstance(context.names[n], Partial)]
    names = Renamed(context.names, [*blocks, *wanted])
    return SimpleNamespace(
        names=names, derivation=context.derivation, options=context.options, index=context.index
    )


@pytest.mark.parametrize("name", SYSTEMS)
def test_formulas_of_second_order_are_true(name):
    derivation = differentiate(SYSTEMS[name]())
    for options in MANNERS[list(SYSTEMS).index(name) % 4 :: 4]:
        second = DocumentBuilder(derivation, options).second
        context = renamed(second.along)
        told = FormulaCheck(context, Facts(second.along.derivation))
        count = 0
        for section in second.sections():
            if section.title == second.first.say("second full title"):
                continue
            for display in displays(section.blocks):
                labels = (*display.labels, *[""] * len(display.formulas))
                for formula, label in zip(display.formulas, labels, strict=False):
                    plain = context.names.formula(formula)
                    count += told.check(plain, label.removeprefix("second ")) != "none"
        assert count > 8, count
        for _, whole in second.wholes:
            assert in_full(whole)


def in_full(whole):
    """How many formulas of a Hessian were read; each is true."""
    context = renamed(whole)
    told = FormulaCheck(context, Facts(whole.derivation))
    formulas = [whole.index.formula(e) for e in whole.derivation.backward]
    return sum(told.check(context.names.formula(f)) == "left" for f in formulas)


def test_the_document_has_the_hessian_of_cross_entropy():
    derivation = differentiate(network("softmax_cross_entropy"))
    text = document(derivation, "tex", order=2, detail="result")
    assert r"\frac{\partial^{2} E}{\partial z^{(2)}_{k}\,\partial z^{(2)}_{i}}" in text
    assert r"\bigl([i = k] - p_{k}\bigr)" in text


@pytest.mark.parametrize("form", ["tex", "md", "html", "json"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_format(form, lang):
    derivation = differentiate(loads(LOGISTIC))
    text = document(derivation, form, order=2, lang=lang)
    assert text != document(derivation, form, lang=lang)


def test_the_product_is_a_document_of_its_own():
    text = document(hessian_vector(loads(LOGISTIC)), "md", detail="result")
    assert r"\frac{\partial \dot{E}}{\partial W^{(1)}_{ij}}" in text


def test_numbers_of_an_update_that_reads_a_matrix():
    """Newton's step on one sample, worked out: (H + I/2)^{-1} g by hand."""
    example = "[example]\nx = [[1, 2, 0]]\nt = [[1]]\nW1 = [[0, 0, 0]]\nb1 = [0]\n"
    newton = LOGISTIC.replace("binary_cross_entropy_with_logits", "squared_error")
    text = f'{newton}[optimizer]\ntype = "newton"\ndamping = 0.5\n{example}'
    told = document(differentiate(loads(text)), "tex")
    step = np.linalg.solve(np.outer(v := [1, 2, 0, 1], v) + np.eye(4) / 2, [-1, -2, 0, -1])
    assert f"{-step[0]:.9g}" in told


def test_as_data_it_is_what_the_schema_says():
    schema = json.loads(Path("docs/derivation.schema.json").read_text())
    data = json.loads(document(differentiate(loads(LOGISTIC)), "json", order=2))
    jsonschema.validate(data, schema)
    assert [h["by"] for h in data["second"]["hessians"]] == [["z1"], ["W1", "b1"]]


@pytest.mark.parametrize("kind", ["newton", "natural_gradient"])
@pytest.mark.parametrize("samples", ["column", "rows"])
def test_the_matrix_that_an_update_reads_is_told(kind, samples):
    """Its formulas are true, and so are those of the updates that read it."""
    derivation = differentiate(loads(f'{LOGISTIC}[optimizer]\ntype = "{kind}"\ndamping = 0.5'))
    story = DocumentBuilder(derivation, DocumentOptions(samples=samples))
    whole = story.context.derivation
    first = [a for _, a in whole.adjoints if isinstance(story.context.names[a], Partial)]
    names = Renamed(story.context.names, [*(b.tensor for b in whole.blocks), *first])
    context = SimpleNamespace(
        names=names,
        derivation=whole,
        options=story.context.options,
        index=SimpleNamespace(left=lambda e: names.put(story.context.index.left(e))),
    )
    told = FormulaCheck(context, Facts(whole))
    count = 0
    for section in updates(story.context):
        for display in displays(section.blocks):
            for formula, label in zip(display.formulas, display.labels, strict=True):
                count += told.check(names.formula(formula), label) == "left"
    assert count == len(whole.curvature) + len(whole.updates) - 1  # the inverse has no line
