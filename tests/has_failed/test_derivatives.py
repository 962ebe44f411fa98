"""Derivatives that have failed before: a row for each, so that it doesn't come back."""

from fractions import Fraction

import numpy as np
import pytest

from codegen import emit, load_module
from derive import differentiate, parse
from derive.algebra.readable_conditions import shortened
from derive.ir.notation import Axis, Call, Compare, Index, Mul, Number, Read, affine
from derive.ir.tree import ZERO
from derive.language.printer import equation_text
from tests.has_failed.right import right
from tests.oracles.against_autograd import check_against_autograd
from tests.oracles.random_systems import random_model


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("a[i]**b[i]", "where(a[i] == 0, 0, a[i]**b[i]*log(a[i]))"),
        ("(a[i]**2 + 1)**b[i]", "(a[i]**2 + 1)**b[i]*log(a[i]**2 + 1)"),
        ("2**b[i]*a[i]", "log(2)*2**b[i]*a[i]"),
    ],
)
def test_a_power_by_its_exponent_at_a_base_of_0(body, told):
    """It was 0*log(0); and (a*c)**b by a was b*(a*c)**b/a."""
    text = f"E = sum(i, {body})"
    derivation = right(parse(text, parameters=["a", "b"], objective="E", sizes={"i": 3}))
    assert equation_text(derivation.gradient("b")) == f"db[i] = {told}"
    params = {"a": np.array([0.0, 2.0, 0.0]), "b": np.array([2.0, 3.0, 1.0])}
    _, gradients = load_module(emit(derivation)).gradients(params)
    assert all(np.isfinite(g).all() for g in gradients.values())


def test_a_power_of_a_product_is_not_divided_by_a_factor():
    text = "E = sum(i, (a[i]*c)**(b[i]**2))"
    spec = {"parameters": ["a", "b", "c"], "sizes": {"i": 3}}
    derivation = right(parse(text, objective="E", **spec))
    assert equation_text(derivation.gradient("a")) == (
        "da[i] = where((a[i]*c == 0) and (b[i]**2 == 0), 0, c*(a[i]*c)**(b[i]**2 - 1)*b[i]**2)"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("b[i] = sqrt(w[i])\nE = sum(i, b[i]**3)", "1.5*b[i]"),
        ("b[i] = sqrt(w[i])\nE = sum(i, b[i])", "1/(2*b[i])"),
        ("b[i] = sqrt(w[i])\nE = sum(i, b[i]**2*w[i]**(3/2))", "2.5*b[i]**3"),
        ("b[i] = 1/sqrt(w[i])\nE = sum(i, b[i])", "-b[i]**3/2"),
        ("b[i] = sqrt(w[i])\nE = sum(i, b[i]**2*x[i])", "x[i]"),
    ],
)
def test_a_root_is_told_through_its_output(text, told):
    """`b**2*sqrt(z)` stood where `b**3` is meant."""
    inputs = ["x"] if "x[" in text else []
    spec = {"parameters": ["w"], "inputs": inputs, "sizes": {"i": 3}}
    derivation = right(parse(text, objective="E", **spec))
    assert equation_text(derivation.gradient("w")) == f"dw[i] = {told}"


def test_a_choice_between_equal_values_is_none_for_a_reader():
    """It was turned round and round: a document ended in a RecursionError."""
    i = Index(affine(Axis("i", affine(3))))
    choice = Call("where", (Compare("==", i, Number(Fraction(2))), ZERO, ZERO))
    assert shortened(choice) == ZERO
    assert shortened(Mul((choice, Read("x", ())))) == ZERO


@pytest.mark.parametrize(
    "condition",
    [
        *("w[i] + s > 0.8", "s + w[i] > 0.8", "-x[n,i] + w[i] > 0.8 - s*0", "-w[i] - s < -0.8"),
        *("w[i] - x[n,i] + s > 0.8 - x[n,i]", "0.8 < w[i] + s", "2*w[i] > 1.6 - 2*s"),
        *("not (w[i] + s <= 0.8)", "w[i]*1 + s > 0.8 and x[n,i] + w[i] > -99", "w[i]*s + s > 0.8"),
    ],
)
def test_a_condition_is_the_author_s_in_any_order_of_its_terms(condition):
    """SymPy turned `w + s > 0.8` into `s + w > 0.8`, and the root that it guards had no slope."""
    text = f"r[i] = sqrt(w[i] + s)\ny[n,i] = tanh(where({condition}, r[i], x[n,i]*s))\n"
    system = parse(
        text + "E = sum(n,i, y[n,i]**2)",
        parameters=["w", "s"],
        inputs=["x"],
        objective="E",
        batch="n",
        sizes={"w.0": 3, "x.1": 3},
    )
    module = load_module(emit(differentiate(system), part="math"))
    params = {"w": np.array([-2.0, 1.5, 3.0]), "s": np.array(0.5)}
    x = np.array([[0.1, 0.2, 0.3], [0.3, -0.2, 0.1]])
    _, slopes = module.gradients(params, x)
    assert np.isfinite(slopes["w"]).all()
    assert np.isfinite(slopes["s"])


@pytest.mark.parametrize("seed", [4434, 4516])
def test_systems_drawn_at_random_that_have_failed(seed):
    """A mask lost by the order of a sum's terms; a known sum over a letter that no read walks."""
    check_against_autograd(random_model(seed, alike=seed % 3 == 2))
