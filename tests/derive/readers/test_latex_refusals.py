"""LaTeX that is refused: with place and cure, whatever it is, and in no time."""

import random
import re
import time
from contextlib import suppress

import pytest

from derive import ChainruleError, parse
from derive.readers.latex import latex_equations
from tests.derive.readers.latex_models import EQUATIONS, SAID, told

pytestmark = pytest.mark.sampled


# ---- what is refused -----------------------------------------------------------------------------

REFUSED = [
    (
        r"y_{ni} = q_{ni}",
        "line 1, column 10: 'q' is no tensor of the model and no formula defines it; say which "
        "it is, such as --names",
    ),
    (r"z^{(1)}_{ni} = \sum_j W_{ij} x_{nj}", "column 23: 'W' is no tensor of the model"),
    (r"y_{ni} = \sum_j W^{(1)} x_{nj}", "column 17: 'W1' has axes and stands without subscripts"),
    ("y_{ni} = x_{ni} +", "column 17: the formula ends here"),
    ("y_{ni} = (x_{ni}", "column 10: a bracket is opened and never closed"),
    ("y_{ni} = x_{ni})", "column 16: ')' closes no bracket that is open"),
    (r"y_{ni} = \foo{x}", r"column 10: the command '\foo' is not known"),
    (r"y_{ni}", "column 1: expected 'tensor = value', found no '='"),
    (r"y_{ni} = x_{ni} \odot x_{ni}", r"column 17: '\odot' is for whole arrays"),
    (r"z^{(1)}_{n} = 1", "'z1' has 2 axes and stands with 1 subscript here"),
    (r"y_{nij} = 1", "'y' is taken for 'y2', which has 2 axes and stands with 3 subscripts here"),
    (r"y_{ni} = x_{n2}", "this is beyond the axis 1 of 'x', which has 2 places"),
    (
        r"\frac{\partial E}{\partial W^{(1)}} = x^\top \delta^{(2)}",
        "dW1 is 3 x 2, and the value given to it is 2 x 1",
    ),
    (r"z^{(1)} = W^{(2)} x", "x is n x 2"),
    (r"y = A", "'A' is no tensor of the model"),
    (r"y = \sum_j x", "a sum over letters needs subscripts"),
    (r"y_{ni} = \log x_{ni} x_{ni}", "where does the function's argument end"),
    (r"y_{ni} = x_{ni} / t_{ni} x_{ni}", "where does the denominator end"),
    (r"y_{nn} = x_{nn}", "letter 'n' stands twice on the left"),
    (r"z^{(1)}_{n1} = x_{n1}", "left of '=' stand letters only"),
    (r"y_{ni} = \sum_{j=0}^{J} x_{nj}", "would run beyond the end of its axis"),
    (r"y_{ni} = \sum_{j=1}^{5} x_{nj}", "'j' runs over 5 places and its axis has 2"),
    (r"y_{ni} = x_{ni} \begin{pmatrix} 1 \end{pmatrix}", "a matrix of entries isn't read"),
    (r"\mathrm{d}E = \sum_i y_i", "a differential isn't read"),
    (r"y_{ni} = \frac{\partial E}{\partial t_{ni}}", "there is no derivative by 't'"),
    (r"y_{ni} = \frac{\partial^2 E}{\partial x_{ni}^2}", "a second derivative is"),
    (r"y_{ni} = \operatorname{softmax}(x_{ni})", "'softmax' can't be read in index form"),
    (r"y_{ni} \approx x_{ni}", "is no equation"),
    (r"y_{ni} = x_{n0} + \dots + x_{n1}", "dots"),
    ("y_{ni} = " + "(" * 100 + "1" + ")" * 100, "nested too deeply"),
    ("y_{ni} = " + r"\sum_j " * 100 + "x_{nj}", "nested too deeply"),
    ("y_{ni} = " + "x_{ni} + " * 300 + "1", "too long"),
    ("y_{ni} = é", "can't stand in a formula"),
    ("", "there is no formula"),
]


@pytest.mark.parametrize(("latex", "message"), REFUSED, ids=[r[0][:40] for r in REFUSED])
def test_refused_with_place_and_cure(latex, message):
    with pytest.raises(ChainruleError) as error:
        told("gender", latex)
    assert all(re.match(r"formulas, line \d+, column \d+: ", p) for p in error.value.problems)
    assert message in str(error.value)


def test_all_problems_are_told_at_once():
    with pytest.raises(ChainruleError) as error:
        told("gender", "y_{ni} = q_{ni}\ny_{ni} = (x_{ni} \\\\ z^{(1)}_{ni} = r_{ni}")
    assert len(error.value.problems) >= 2
    assert "line 1, column 10" in error.value.problems[-1]


def test_a_mapping_to_nothing_is_refused():
    with pytest.raises(ChainruleError, match="names: unknown tensor 'y7' for 'a'"):
        told("gender", "y_{ni} = x_{ni}", {"a": "y7"})


# ---- nothing but our errors ----------------------------------------------------------------------

_PIECES = [
    *"{}()[]_^&|,.=+-/' \n012ijnWx",
    *(r"\frac", r"\sum", r"\left", r"\begin{cases}", r"\end{cases}", "\\\\", r"\partial"),
    *(r"\text{where }", r"\hat", r"\sqrt[", r"\sigma", r"\max", r"\delta"),
]


@pytest.mark.parametrize("seed", range(2))
def test_broken_formulas_end_in_our_errors(seed):
    rng = random.Random(seed)
    good = [s[1] for s in SAID if s[0] == "gender"] + [e[0] for e in EQUATIONS]
    for _ in range(120):
        text = rng.choice(good)
        if rng.random() < 0.3:
            text = text[: rng.randrange(len(text) + 1)]
        for _ in range(rng.randrange(4)):
            at = rng.randrange(len(text) + 1)
            text = text[:at] + rng.choice([*_PIECES, ""]) + text[at + rng.randrange(2) :]
        began = time.process_time()
        with suppress(ChainruleError):
            told("gender", text)
        latex_equations(text, "equations", [], {"f": "sigmoid"})
        assert time.process_time() - began < 5


RUNS = [*("(", "x^", "-", "{", "x_", "x' ", "1"), r"\sqrt", r"\hat", r"\sum_i ", r"\frac"]
RUNS += [r"\left(", r"\exp ", r"\begin{cases}", r"\max("]


@pytest.mark.parametrize("piece", RUNS)
def test_long_runs_of_one_thing(piece):
    began = time.process_time()
    for text in (f"y = {piece * 2000}x", piece * 20000):
        with suppress(ChainruleError):
            told("gender", text)
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("latex", "message"),
    [
        (r"E = \log\det(X)", "write the equations without LaTeX, with det(X) or logdet(X)"),
        (r"z_{ij} = \sum_k X^{-1}_{ik} A_{kj}", "an entry of the inverse, or one over an entry"),
    ],
)
def test_an_inverse_is_never_taken_for_a_power(latex, message):
    with pytest.raises(ChainruleError, match=re.escape(message)):
        parse(latex, inputs=["X", "A"])
