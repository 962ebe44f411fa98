"""What Python's parser warns of in a person's text is nothing for the person's terminal."""

import contextlib
import warnings

import pytest

from codegen.sandbox.whitelist import check_source
from derive import ChainruleError, check, differentiate, matrix, parse

WARNED = [
    *("1if x else 2", "2or x", "3and x", "1in x", "0x1for x in x", "4is x", "1e3if x else 0"),
    *("x is 1", "x is ()", "'\\d'", "'\\_'", "b'\\d'", "'\\777'", "1(x)", "[1](2)", "'a'[x, 1]"),
]


def equation(text):
    parse(f"y[n] = {text}", inputs=["x"])


def formula(text):
    model = parse("E = sum(i, w[i]**2)", parameters=["w"], objective="E", sizes={"i": 2})
    check(differentiate(model), f"dw[i] = {text}")


def program(text):
    model = parse("E = sum(i, w[i]**2)", parameters=["w"], objective="E", sizes={"i": 2})
    check(differentiate(model), f"import numpy as np\ndw = {text}")


def in_matrices(text):
    matrix(text, wrt="x", shapes={"x": ("n",)})


def run(text):
    check_source(f"y = {text}", "formulas")


@pytest.mark.parametrize("reader", [equation, formula, program, in_matrices, run])
@pytest.mark.parametrize("text", WARNED)
def test_no_warning_of_the_parser_is_seen(reader, text):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        with contextlib.suppress(ChainruleError):
            reader(text)
    assert not seen
