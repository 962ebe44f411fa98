"""Documents of second order: every formula of them is true at random numbers."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest

from codegen.latex.box import flat
from codegen.latex.orders import Twofold
from codegen.latex.partial import Partial
from codegen.latex.subscripts import Formula
from codegen.paper.documents import document
from codegen.paper.forms import displays
from codegen.paper.manner import Manner
from codegen.paper.story import Story
from derive import differentiate, loads, parse
from tests.story_reader import Facts, Told
from tests.test_second_products import network

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
    Manner(order=2),
    Manner(order=2, detail="full", errors="partial", level="brief", lang="zh"),
    Manner(order=2, samples="rows", detail="result"),
    Manner(order=2, calculus="kronecker"),
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
                left = re.escape(over or r"\frac{\partial ") + re.escape(str(symbol.by)) + at
                whole = left + re.escape(link + str(symbol.other)) + at + r"\}"
            else:
                left = re.escape(rf"\frac{{\partial {symbol.of}}}{{\partial {symbol.by}")
                whole = left + at + r"()\}"
            self.patterns.append((re.compile(whole), f"G^{{({k})}}"))
        self.objective = names.objective

    def __getitem__(self, name):
        return self.put(str(self.names[name]))

    def put(self, text):
        for pattern, letter in self.patterns:
            text = pattern.sub(lambda m, x=letter: self.at(x, m[1], m[2]), text)
        return text

    @staticmethod
    def at(letter, *places):
        apart = (x if "," in x else ",".join(re.findall(r"[A-Za-z]'*|\d", x)) for x in places if x)
        told = ",".join(apart)
        return f"{letter}_{{{told}}}" if told else letter

    def formula(self, formula):
        left, right = self.put(flat(formula.left)), tuple(self.put(flat(r)) for r in formula.right)
        return Formula(left, right, formula.relation)


def renamed(teller):
    """The teller with a letter for each first derivative that is printed as a fraction."""
    earlier = teller.system.earlier
    first = [a for _, a in earlier.adjoints if a in teller.system.table]
    blocks = [b.tensor for b in earlier.blocks]
    wanted = [n for n in first if isinstance(teller.names[n], Partial)]
    names = Renamed(teller.names, [*blocks, *wanted])
    return SimpleNamespace(
        names=names, derivation=teller.derivation, manner=teller.manner, index=teller.index
    )


@pytest.mark.parametrize("name", SYSTEMS)
def test_formulas_of_second_order_are_true(name):
    derivation = differentiate(SYSTEMS[name]())
    for manner in MANNERS[list(SYSTEMS).index(name) % 4 :: 4]:
        second = Story(derivation, manner).second
        teller = renamed(second.along)
        told = Told(teller, Facts(second.along.derivation))
        count = 0
        for section in second.sections():
            if section.title == second.first.say("second full title"):
                continue
            for display in displays(section.blocks):
                labels = (*display.labels, *[""] * len(display.formulas))
                for formula, label in zip(display.formulas, labels, strict=False):
                    plain = teller.names.formula(formula)
                    count += told.check(plain, label.removeprefix("second ")) != "none"
        assert count > 8, count
        for _, whole in second.wholes:
            assert in_full(whole)


def in_full(whole):
    """How many formulas of a Hessian were read; each is true."""
    teller = renamed(whole)
    told = Told(teller, Facts(whole.derivation))
    formulas = [whole.index.formula(e) for e in whole.derivation.backward]
    return sum(told.check(teller.names.formula(f)) == "left" for f in formulas)


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


def test_as_data_it_is_what_the_schema_says():
    schema = json.loads(Path("docs/derivation.schema.json").read_text())
    data = json.loads(document(differentiate(loads(LOGISTIC)), "json", order=2))
    jsonschema.validate(data, schema)
    assert [h["by"] for h in data["second"]["hessians"]] == [["z1"], ["W1", "b1"]]
