"""The normal form: equal formulas have one, unequal ones two."""

from fractions import Fraction

import pytest

from derive.answers.proof.normal_form import Forms, Undecided
from derive.answers.proof.number_system import number_system

FORMS = Forms()
Z, W = FORMS.symbol("z", Fraction(1, 3)), FORMS.symbol("w", Fraction(2, 3))
ONE, HALF = FORMS.number(1), FORMS.number(Fraction(1, 2))
CALL = number_system(FORMS).functions


def over(one, other):
    return one * FORMS.power(other, FORMS.number(-1))


SIGMOID, ROOT = CALL["sigmoid"](Z), CALL["sqrt"](Z * Z + W)
SAME = {
    "sigmoid by tanh": (SIGMOID, HALF * (ONE + CALL["tanh"](Z * HALF))),
    "its slope": (
        SIGMOID * (ONE + -SIGMOID),
        over(CALL["exp"](-Z), (ONE + CALL["exp"](-Z)) * (ONE + CALL["exp"](-Z))),
    ),
    "softmax, shifted": (
        over(CALL["exp"](Z), CALL["exp"](Z) + CALL["exp"](W)),
        over(CALL["exp"](Z + -W), CALL["exp"](Z + -W) + ONE),
    ),
    "a root's square": (ROOT * ROOT, Z * Z + W),
    "one over a root": (over(ONE, ROOT), over(ROOT, Z * Z + W)),
    "powers of a root": (
        FORMS.power(Z * Z + W, FORMS.number(Fraction(-3, 2))),
        over(ONE, ROOT * ROOT * ROOT),
    ),
    "logarithms of products": (
        CALL["log"](W * CALL["exp"](Z) * CALL["softplus"](W)),
        CALL["log"](W) + Z + CALL["log"](CALL["softplus"](W)),
    ),
    "logsumexp, shifted": (
        FORMS.logsumexp([Z, W]),
        Z + CALL["log"](ONE + CALL["exp"](W + -Z)),
    ),
    "softplus": (CALL["softplus"](Z) + -Z, CALL["softplus"](-Z)),
    "sine and cosine": (ONE + -CALL["sin"](Z) * CALL["sin"](Z), CALL["cos"](Z) * CALL["cos"](Z)),
    "odd and even": (CALL["erf"](-Z) * CALL["cos"](-W), -CALL["erf"](Z) * CALL["cos"](W)),
    "hyperbolic": (CALL["cosh"](Z) * CALL["tanh"](Z), CALL["sinh"](Z)),
    "a quotient by itself": (over(Z + W, Z + W), ONE),
    "numbers under roots": (
        CALL["sqrt"](FORMS.number(8)),
        FORMS.number(2) * CALL["sqrt"](FORMS.number(2)),
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_equal_formulas_have_one_normal_form(name):
    one, other = SAME[name]
    assert not (one + -other).over
    assert float(one.value) == pytest.approx(float(other.value), rel=1e-30)


@pytest.mark.parametrize("name", SAME)
def test_unequal_formulas_have_two_normal_forms(name):
    one, other = SAME[name]
    for wrong in (other + ONE, other * W, -other):
        assert (one + -wrong).over


def test_a_form_that_grows_too_long_is_undecided():
    forms = Forms(most=100)
    symbols = [forms.symbol(f"a{k}", k) for k in range(20)]
    total = symbols[0]
    for symbol in symbols[1:]:
        total = total + symbol
    with pytest.raises(Undecided):
        total * total
    with pytest.raises(Undecided):
        number_system(FORMS).constants["inf"]


def test_powers_of_several_roots_have_one_form():
    """`sqrt(2)*sqrt(5)*sqrt(1 + 100000*v)` to odd powers, in two orders."""
    forms = Forms()
    base = forms.symbol("v", Fraction(2)) + forms.number(Fraction(1, 100_000))
    for half in (Fraction(1, 2), Fraction(3, 2), Fraction(5, 2)):
        one = forms.power(base, forms.number(-half))
        other = forms.power(forms.power(base, forms.number(half)), forms.number(-1))
        assert not (one + -other).over
        assert all(e > 0 for m in one.over for _, e in m)
