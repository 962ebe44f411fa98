"""What a person sees in a Python session: short forms, and the methods that write."""

import inspect
from dataclasses import fields

import chainrule as cr
import pytest

from codegen.documents.options import CHOICES, DocumentOptions
from derive.ir import display


@pytest.fixture(scope="module")
def derivation():
    return cr.differentiate(cr.load("generated/gender/gender.toml"))


def test_short_forms_say_what_it_is(derivation):
    report = cr.check(derivation)
    answers = cr.derivatives("x.T @ A @ x", "A: n n, x: n")
    assert [repr(shown) for shown in (derivation.system, derivation, report, answers)] == [
        "<System gender: 5 equations; parameters W1, b1, W2, b2; input x; target t; objective E>",
        "<Derivation of E in gender by W1, b1, W2, b2, x: 7 equations, 14 steps>",
        f"<Report on check of gender: all checks pass; {len(report.rows)} rows>",
        "<Answers: A: x @ x.T; x: A @ x + A.T @ x>",
    ]


def test_printed_they_are_equations(derivation):
    lines = str(derivation).splitlines()
    assert len(lines) == len(derivation.equations) == 16
    assert lines[0] == "z1[n,i] = sum(j, W1[i,j]*x[n,j]) + b1[i]"
    assert str(derivation.gradient("W1")) == "dW1[i,j] = sum(n, dz1[n,i]*x[n,j])"
    assert str(derivation.system).splitlines() == lines[:5]


def test_the_first_of_many_equations_are_printed():
    text = "\n".join(f"w{k + 1} = 2*w{k}" for k in range(150)) + "\nE = w150"
    lines = str(cr.parse(text, parameters=["w0"], objective="E")).splitlines()
    assert len(lines) == 101 and lines[-1] == "... and 51 more"


def test_latex_has_no_dollars(derivation):
    assert derivation.system.equations[1].latex == (
        r"y^{(1)}_{ni} = \sigma\bigl(z^{(1)}_{ni}\bigr)"
    )
    assert derivation._repr_latex_() == f"$\\displaystyle {derivation.latex}$"
    assert cr.check(derivation).latex is None


def test_a_derivation_writes_what_the_functions_write(derivation):
    assert derivation.emit() == cr.emit(derivation)
    assert derivation.emit(dtype="float32", part="math") == cr.emit(
        derivation, dtype="float32", part="math"
    )
    asked = {"notation": "matrix", "lang": "zh", "level": "brief"}
    assert derivation.document("md", **asked) == cr.document(derivation, "md", **asked)
    assert derivation.explain("W1").startswith("How ∂E/∂W⁽¹⁾ comes about")


def test_its_signatures_are_those_of_what_it_calls():
    mine = dict(inspect.signature(cr.Derivation.document, eval_str=True).parameters)
    assert [*mine][2:] == [field.name for field in fields(DocumentOptions)]
    for field in fields(DocumentOptions):
        assert mine[field.name].default == field.default
        if field.name in CHOICES:
            offered = mine[field.name].annotation.__args__
            assert {*map(str, offered)} == {*CHOICES[field.name]}
    emitted = inspect.signature(cr.Derivation.emit).parameters
    assert {n: p.default for n, p in [*emitted.items()][1:]} == {
        n: p.default for n, p in [*inspect.signature(cr.emit).parameters.items()][1:]
    }


def test_an_option_that_is_misspelt_is_told(derivation):
    with pytest.raises(cr.ChainruleError, match="no option 'lnag'; did you mean 'lang'"):
        cr.document(derivation, "md", lnag="zh")
    with pytest.raises(TypeError, match="lnag"):
        derivation.document("md", lnag="zh")


def test_without_who_writes_there_is_the_short_form(derivation, monkeypatch):
    monkeypatch.setattr(display, "writer", lambda name: None)
    assert str(derivation) == repr(derivation)
    assert derivation.latex is None
