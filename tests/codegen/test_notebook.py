"""What a notebook shows: formulas between dollar signs, tables, plain text, nothing unescaped."""

from dataclasses import replace
from pathlib import Path

import pytest

from derive import check, differentiate, load
from derive.checks.report import Report, Row
from derive.ir import display


@pytest.fixture(scope="module")
def derivation():
    return differentiate(load("generated/gender/gender.toml"))


def test_a_derivation_shows_its_formulas(derivation):
    shown = derivation._repr_latex_()
    assert shown.startswith("$")
    assert shown.endswith("$")
    assert (
        r"\frac{\partial E}{\partial W^{(1)}_{ij}} &= \sum_{n} \delta^{(1)}_{ni}\,x_{nj}" in shown
    )
    assert r"\leftarrow" in shown
    assert "dW1[i,j] = sum(n, dz1[n,i]*x[n,j])" in derivation._repr_mimebundle_()["text/plain"]


def test_a_system_an_equation_and_a_step_show_themselves(derivation):
    system = derivation.system
    assert r"z^{(1)}_{ni} &= \sum_{j} W^{(1)}_{ij}\,x_{nj}" in system._repr_latex_()
    assert r"y^{(1)}_{ni} = \sigma\bigl(z^{(1)}_{ni}\bigr)" in system.equations[1]._repr_latex_()
    step = derivation.steps[0]
    assert step.rule in step._repr_html_()
    assert step._repr_latex_().count("&=") == 2


def test_a_report_is_a_table(derivation):
    report = check(derivation)
    assert report._repr_latex_() is None
    assert report._repr_html_().count("<tr>") == len(report.rows) + 1
    assert set(report._repr_mimebundle_()) == {"text/plain", "text/html"}


def test_nobody_s_text_is_markup(derivation):
    report = Report("<script>", (Row("<b>", "steps", "agrees", "&"),))
    assert "<script>" not in report._repr_html_()
    assert "<td>&lt;b&gt;</td>" in report._repr_html_()
    step = replace(derivation.steps[0], reason="<img src=x>")
    assert "<img" not in step._repr_html_()


def test_a_bundle_can_be_asked_for_in_part(derivation):
    assert set(derivation._repr_mimebundle_(include={"text/latex"})) == {"text/latex"}
    assert "text/html" not in derivation._repr_mimebundle_(exclude={"text/html"})


def test_the_mathematics_names_no_printer():
    assert [p for p in Path("derive").rglob("*.py") if "codegen" in p.read_text()] == []


def test_without_a_printer_there_is_plain_text(derivation, monkeypatch):
    monkeypatch.setattr(display, "_printers", lambda: ())
    assert derivation._repr_latex_() is None
    assert set(derivation._repr_mimebundle_()) == {"text/plain"}
