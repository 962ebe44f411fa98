"""Mazur's "A step by step backpropagation example", number by number, to nine digits.

Once with the emitted module and once with the interpreter: they share the derivation and nothing
of the way from it to numbers.
"""

import re
from pathlib import Path

import numpy as np
import pytest

import codegen
from codegen.documents.write import document
from derive.calculus.differentiate import differentiate
from derive.semantics.interpreter import evaluate
from derive.specs.load import load

SPEC = Path(__file__).parents[3] / "generated" / "mazur" / "mazur.toml"

# as the page prints them, some of them with a digit less
ERROR = "0.298371109"
ERROR_TERMS = ("0.138498562", "-0.038098237")
BY_W5 = "0.082167041"
NEW_W1 = ("0.149780716", "0.19956143", "0.24975114", "0.29950229")
NEW_W2 = ("0.35891648", "0.408666186", "0.511301270", "0.561370121")
ERROR_AFTER = "0.291027774"
ERROR_ON_THE_PAGE = "0.291027924"


def same(values, *printed):
    """Whether numbers are, rounded, those that are printed."""
    values = np.ravel(values)
    assert len(values) == len(printed)
    for value, text in zip(values, printed, strict=True):
        digits = len(text.partition(".")[2])
        assert f"{value:.{digits}f}" == text
    return True


@pytest.fixture(scope="module")
def derivation():
    return differentiate(load(SPEC))


@pytest.fixture(scope="module")
def leaves(derivation):
    return {name: np.array(value) for name, value in derivation.system.training.example}


@pytest.fixture(scope="module")
def interpreted(derivation):
    """Everything that the equations define, at given leaves."""
    equations = (*derivation.forward, *derivation.backward, *derivation.inlined)
    rate = {"learning_rate": 0.5}

    def interpreted(leaves):
        found = evaluate(equations, derivation.table, leaves)
        updates = evaluate(derivation.updates, derivation.table, {**leaves, **found, **rate})
        return {**found, **updates}

    return interpreted


@pytest.fixture(scope="module")
def module(derivation):
    return codegen.load_module(codegen.emit(derivation))


def test_by_the_interpreter(interpreted, leaves):
    found = interpreted(leaves)
    assert same(found["E"], ERROR)
    assert same(found["dz2"][0], *ERROR_TERMS)
    assert same(found["dW2"][0, 0], BY_W5)
    assert same(found["next(W2)"], *NEW_W2)
    assert same(found["next(W1)"], *NEW_W1)
    after = interpreted({**leaves, "W1": found["next(W1)"], "W2": found["next(W2)"]})
    assert same(after["E"], ERROR_AFTER)


def test_by_the_module(module, leaves):
    x, t = leaves["x"], leaves["t"]
    params = module.init_params()
    for name in ("W1", "b1", "W2", "b2"):
        assert np.array_equal(params[name], leaves[name])
    loss, gradients = module.gradients(params, x, t)
    assert same(loss, ERROR)
    assert same(gradients["W2"][0, 0], BY_W5)
    # the gradient by an output's weights is its error term times y1
    _, y1 = hidden(params, x)
    for column in (gradients["W2"] / y1).T:
        assert same(column, *ERROR_TERMS)
    before = module.train_step(params, module.init_state(params), x, t)
    assert same(before, ERROR)
    assert same(params["W2"], *NEW_W2)
    assert same(params["W1"], *NEW_W1)
    assert same(module.loss(params, x, t), ERROR_AFTER)


def test_the_biases_stay(module, leaves):
    assert module.PARAMETERS.keys() == {"W1", "b1", "W2", "b2"}
    params = module.init_params()
    _, gradients = module.gradients(params, leaves["x"], leaves["t"])
    assert gradients.keys() == {"W1", "W2"}
    module.train_step(params, module.init_state(params), leaves["x"], leaves["t"])
    assert np.array_equal(params["b1"], leaves["b1"])
    assert np.array_equal(params["b2"], leaves["b2"])


def test_the_figure_on_the_page_comes_from_updating_too_early(module, leaves):
    """The page has 0.291027924 after the update, gradient descent 0.291027774.

    Gradient descent moves all weights at once, from gradients at one point. Who first moves w5 to
    w8 and then forms the error terms of the hidden layer with the new ones, mixes two points: that
    gives the page's figure. (The page's own w1 to w4 are those of the old weights.)
    """
    x, t = leaves["x"], leaves["t"]
    params = module.init_params()
    module.train_step(params, module.init_state(params), x, t)
    assert same(module.loss(params, x, t), ERROR_AFTER)

    early = module.init_params()
    rate = 0.5
    _, gradients = module.gradients(early, x, t)
    moved = early["W2"] - rate * gradients["W2"]
    y2, y1 = module.forward(early, x), hidden(early, x)[1]
    output_terms = (y2 - t) * y2 * (1 - y2)
    hidden_terms = (output_terms @ moved) * y1 * (1 - y1)  # with weights of the next step
    early["W1"] = early["W1"] - rate * hidden_terms.T @ x
    early["W2"] = moved
    assert same(module.loss(early, x, t), ERROR_ON_THE_PAGE)


def hidden(params, x):
    """The hidden layer, by hand."""
    z1 = x @ params["W1"].T + params["b1"]
    return z1, 1 / (1 + np.exp(-z1))


def test_the_document_has_the_page_s_numbers(derivation):
    """Put in, gradient by gradient, up to the new weights and what they give."""
    shown = document(derivation, format="md", notation="matrix")
    numbers = re.findall(r"-?\d+\.\d+", shown)
    for figure in (ERROR, *ERROR_TERMS, BY_W5, *NEW_W1, *NEW_W2, ERROR_AFTER):
        digits = len(figure.partition(".")[2])
        assert figure in {f"{float(n):.{digits}f}" for n in numbers}, figure
    *_, last = re.findall(r"^E = (0\.\d+) ", shown, re.MULTILINE)
    assert same(float(last), ERROR_AFTER)
    assert ERROR_ON_THE_PAGE in shown  # in the spec's own note, which says where it comes from
