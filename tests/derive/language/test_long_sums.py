"""Sums of hundreds of terms are read like short ones; products of hundreds aren't."""

import random

import numpy as np
import pytest

from derive.errors import ChainruleError
from derive.semantics.interpreter import evaluate
from derive.specs.parse import parse


def value(text, letters):
    system = parse(f"y = {text}", inputs=[*letters])
    return evaluate(system.equations, system.table, letters)["y"]


@pytest.mark.parametrize("count", [199, 200, 201, 202, 203, 500, 900])
def test_a_long_sum_is_what_python_says(count):
    drawn = random.Random(count)
    letters = {"a": 0.5, "b": -1.25, "c": 2.0}
    text, total = "b*a", letters["b"] * letters["a"]
    for _ in range(count):
        sign, factor, letter = drawn.choice("+-"), drawn.randint(1, 99), drawn.choice("abc")
        text += f" {sign} {factor}*{letter}"
        total += factor * letters[letter] * (1 if sign == "+" else -1)
    assert np.allclose(value(text, letters), total, rtol=1e-12)


@pytest.mark.parametrize("joint", ["*", "/"])
def test_a_long_product_is_refused(joint):
    with pytest.raises(ChainruleError, match="too long; split it"):
        parse("y = " + joint.join(["a"] * 300), inputs=["a"])
