"""Reports on formulas by hand: names, languages, JSON, Markdown, notebooks."""

import json

import pytest

from codegen.report_text import as_markdown, as_text
from derive import ChainruleError, check, differentiate, parse
from derive.answers.languages import Answer, form_of, read_names
from derive.checking import check_answer
from tests.derive.answers.two_layer_net import SAME_MISTAKE, net

# ---- names and languages -------------------------------------------------------------------------


def test_given_names_are_used_and_reported():
    text = "err[n,i] = (out[n,i] - t[n,i])*out[n,i]*(1 - out[n,i])/size(n)"
    answer = Answer(text, names=read_names("err=dz2, out=y2"))
    report = check_answer(net(), answer)
    assert [(r.name, r.verdict) for r in report.rows] == [("dz2", "equal")]
    assert dict(report.names) == {"err": "dz2", "out": "y2"}
    assert "names: err is dz2, out is y2" in as_text(report)
    assert report.to_json()["names"] == {"err": "dz2", "out": "y2"}


@pytest.mark.parametrize(
    ("names", "problem"),
    [("a", "'a' is no pair"), ("a=", "is no pair"), ("a=y7", "unknown tensor 'y7'")],
)
def test_names_that_are_refused(names, problem):
    with pytest.raises(ChainruleError, match=problem):
        check_answer(net(), Answer("dz2[n,i] = a[n,i]", "equations", read_names(names)))


def test_the_language_of_a_text_is_recognised():
    assert form_of("dW[i,j] = sum(n, d[n,i]*x[n,j])") == "equations"
    assert form_of("dW = (d.T @ x) / n") == "numpy"
    assert form_of(r"\frac{\partial E}{\partial W} = \delta x^\top") == "latex"
    assert form_of("dW[i,j] = sum(n, \\\n d[n,i]*x[n,j])") == "equations"


@pytest.mark.parametrize("form", SAME_MISTAKE)
def test_one_mistake_in_every_language(form):
    report = check_answer(net(), Answer(SAME_MISTAKE[form], form))
    (row,) = report.rows
    assert (row.name, row.verdict) == ("dz1", "different")
    assert row.data["slips"][0] == "missing derivative"


# ---- reports -------------------------------------------------------------------------------------


def test_the_report_for_machines():
    text = "dW2[i,j] = -sum(n, dz2[n,i]*y1[n,j])\ndb2[i] = sum(n, dz2[n,i])"
    wrong, right = json.loads(json.dumps(check(net(), text).to_json()))["formulas"]
    assert (wrong["tensor"], wrong["verdict"], wrong["assumption"], wrong["slips"]) == (
        "dW2",
        "different",
        None,
        ["sign"],
    )
    assert {"at", "written", "derived", "values"} <= set(wrong["counterexample"])
    assert (right["verdict"], right["slips"], right["counterexample"]) == ("equal", [], None)
    assert right["normal_form"] == "dz2[0,0] + dz2[1,0]"


def test_the_report_as_markdown():
    shown = as_markdown(check_answer(net(), Answer("dW2[i,j] = -sum(n, dz2[n,i]*y1[n,j])")))
    assert "| formula | `dW2` | different |" in shown
    assert "* likely slip: sign: " in shown
    assert "* derived: `dW2[i,j] = sum(n, dz2[n,i]*y1[n,j])`" in shown
    assert shown.endswith("\nThe formula is wrong.\n")


def test_the_report_in_a_notebook():
    answer = Answer("dW2[i,j] = -sum(n, e[n,i]*y1[n,j])", names={"e": "dz2"})
    shown = check_answer(net(), answer)._repr_html_()
    assert "<td>dW2</td><td>different</td><td>dW2[0, 0] is " in shown
    assert "<br>likely slip: sign: " in shown
    assert "<p>names: e is dz2</p>" in shown


def test_fail_fast_ends_with_the_first_wrong_formula():
    text = "dW2[i,j] = -sum(n, dz2[n,i]*y1[n,j])\ndb2[i] = -sum(n, dz2[n,i])"
    report = check(net(), text, fail_fast=True)
    assert [r.name for r in report.rows if not r.ok] == ["dW2"]
    assert report.rows[-1].name == "dW2"


def test_a_line_is_no_longer_than_a_terminal():
    text = "dz1[n,i] = sum(k, W2[k,i]*dz2[n,k])\ndx[n,j] = sum(i, W1[j,i]*dz1[n,i])"
    assert all(len(line) <= 80 for line in as_text(check_answer(net(), Answer(text))).splitlines())


def _thirds(factor: str, loop: bool = False) -> str:
    """What is said of a program that should give dw = 2/3 w x x, with another factor."""
    text = "E = sum(i, (w*x[i])**2/3)"
    spec = {"parameters": ["w"], "inputs": ["x"], "objective": "E", "sizes": {"i": 3}}
    program = f"import numpy as np\ndw = np.sum({factor}*w*x*x)"
    if loop:
        program = f"dw = 0\nfor i in range(3):\n    dw += {factor}*w*x[i]*x[i]"
    return str(check_answer(differentiate(parse(text, **spec)), Answer(program, "numpy")))


@pytest.mark.parametrize("factor", ["0.66666667", "0.6666666", "2/(3 + 1e-8)"])
def test_a_rounded_constant_of_a_program_is_reported(factor):
    shown = _thirds(factor)
    assert "its numbers, to six digits or more: a constant may be rounded, or added" in shown
    assert "equal at points  its numbers, at random points" in _thirds(factor, loop=True)


@pytest.mark.parametrize("factor", ["0.6666668", "2/3.0000001", "0.6666671"])
def test_a_constant_that_is_a_digit_off_is_wrong_however_near(factor):
    assert "different  dw is " in _thirds(factor)
    assert "different  dw is " in _thirds(factor, loop=True)


def test_of_two_constants_each_explains_its_own_digits_only():
    text = "E = sum(i, 0.5*x[i]*w*(1 + tanh(sqrt(2/pi)*(w*x[i] + 0.044715*(w*x[i])**3))))"
    spec = {"parameters": ["w"], "inputs": ["x"], "objective": "E", "sizes": {"i": 3}}
    net = differentiate(parse(text, **spec))
    program = (
        "import numpy as np\nz = w*x\nt = np.tanh(0.79788456*(z + {k}*z**3))\n"
        "s = 0.5*(1 + t) + 0.5*z*(1 - t**2)*0.79788456*(1 + 3*{k}*z**2)\ndw = np.sum(x*s)"
    )
    shown = [str(check_answer(net, Answer(program.format(k=k)))) for k in ("0.044715", "0.044714")]
    assert ["different" in one for one in shown] == [False, True]


def test_what_a_program_never_sets_and_is_taken_for_a_number_is_reported():
    assert "reg is 0" in _thirds("2/3 + reg")
    assert "is 0" not in _thirds("2/3")


def test_a_state_to_begin_with_that_is_taken_for_zeros_is_reported():
    text = "h[t] = tanh(u*x[t] + v*h[t-1])\nE = sum(t, h[t]*t)"
    spec = {"parameters": ["u", "v"], "inputs": ["x"], "objective": "E", "sizes": {"t": 4}}
    program = (
        "import numpy as np\nhs = {-1: hprev}\ndv = 0\ndhn = 0\nfor t in range(4):\n"
        "    hs[t] = np.tanh(u*x[t] + v*hs[t-1])\nfor t in reversed(range(4)):\n"
        "    dr = (t + dhn)*(1 - hs[t]**2)\n    dv += dr*hs[t-1]\n    dhn = v*dr\n"
    )
    shown = str(check_answer(differentiate(parse(text, **spec)), Answer(program, "numpy")))
    assert "dv  equal at points" in shown
    assert "hprev is zeros" in shown
