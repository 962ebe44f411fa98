"""Formulas by hand: verdicts, proofs, assumptions, names, reports, functions, folders."""

import json
from fractions import Fraction

import numpy as np
import pytest

import derive
from codegen.report_text import as_markdown, as_text
from derive import ChainruleError, check, differentiate, parse
from derive.answers.batch_or_sample import settings
from derive.answers.check_text import check_formulas
from derive.answers.formula import at_sizes
from derive.answers.known_names import plain_left
from derive.answers.languages import Answer, form_of, read_names
from derive.answers.proof.normal_form import Forms, Undecided
from derive.answers.proof.number_system import number_system
from derive.answers.proof.schwartz_zippel import SET, chance
from derive.answers.text_formulas import formulas_of
from derive.checking import check_answer
from derive.language.parser import read_equations

NET = {
    "name": "net",
    "inputs": {"x": [2]},
    "layers": [
        {"type": "dense", "units": 3, "activation": "sigmoid"},
        {"type": "dense", "units": 2, "activation": "sigmoid"},
    ],
    "loss": "squared_error",
}


def net(**more):
    return differentiate(derive.load({**NET, **more}))


def softmax():
    text = """
z[n,i] = sum(j, W[i,j]*x[n,j])
y[n,i] = exp(z[n,i])/sum(k, exp(z[n,k]))
E = -mean(n, sum(i, t[n,i]*log(y[n,i])))
"""
    sizes = {"i": 3, "j": 2}
    roles = {"parameters": ["W"], "inputs": ["x"], "targets": ["t"]}
    return differentiate(parse(text, objective="E", batch="n", sizes=sizes, **roles))


def quadratic(symmetric=""):
    text = "E = sum(i,j, x[i]*A[i,j]*x[j])"
    roles = {"parameters": ["x"], "inputs": ["A"]}
    return differentiate(parse(text, objective="E", sizes={"i": 3, "j": 3}, **roles))


def rows(derivation, text):
    return {row.name: row for row in check_formulas(derivation, text)}


def verdict(derivation, text):
    (row,) = rows(derivation, text).values()
    return row.verdict


# ---- the normal form -----------------------------------------------------------------------------


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
def test_unequal_ones_have_two(name):
    one, other = SAME[name]
    for wrong in (other + ONE, other * W, -other):
        assert (one + -wrong).over


def test_what_is_too_long_is_undecided():
    forms = Forms(most=100)
    symbols = [forms.symbol(f"a{k}", k) for k in range(20)]
    total = symbols[0]
    for symbol in symbols[1:]:
        total = total + symbol
    with pytest.raises(Undecided):
        total * total
    with pytest.raises(Undecided):
        number_system(FORMS).constants["inf"]


# ---- verdicts ------------------------------------------------------------------------------------


def test_a_formula_of_one_sample():
    """Without the batch's letter there is no 1/N; with it there is one."""
    text = "dz2[n,i] = (y2[n,i] - t[n,i])*y2[n,i]*(1 - y2[n,i]){}\ndW2[i,j] = {}"
    batch = text.format("/size(n)", "sum(n, dz2[n,i]*y1[n,j])")
    assert {r.verdict for r in rows(net(), batch).values()} == {"equal"}
    single = text.format("", "dz2[i]*y1[j]").replace("n,", "")
    found = rows(net(), single)
    assert {r.verdict for r in found.values()} == {"equal"}
    assert {r.data["of"] for r in found.values()} == {"one sample"}
    wrong = rows(net(), single.replace("t[i])", "t[i])/2"))["dz2"]
    assert (wrong.verdict, wrong.data["slips"]) == ("different", ["factor"])
    # each is judged by itself: a text may have both
    both = "dz2[i] = (y2[i] - t[i])*y2[i]*(1 - y2[i])\ndW2[i,j] = sum(n, dz2[n,i]*y1[n,j])"
    assert {r.verdict for r in rows(net(), both).values()} == {"equal"}


@pytest.mark.parametrize(
    ("formula", "assumption"),
    [
        ("dz[n,i] = (y[n,i] - t[n,i])/size(n)", "the rows of t sum to 1"),
        ("dz[n,i] = (y[n,i] - t[n,i]**2)/size(n)", "t is one-hot"),
    ],
)
def test_what_is_assumed_of_targets_is_a_condition(formula, assumption):
    (row,) = rows(softmax(), formula).values()
    assert (row.verdict, row.data["assumption"], row.ok) == ("equal if", assumption, True)
    assert row.data["counterexample"]["written"] != row.data["counterexample"]["derived"]


def test_a_matrix_of_data_may_be_symmetric():
    (row,) = rows(quadratic(), "dx[i] = 2*sum(j, A[i,j]*x[j])").values()
    assert (row.verdict, row.data["assumption"], row.ok) == ("equal if", "A is symmetric", True)


def test_a_coincidence_is_no_condition():
    """Where no slip explains it: it is told, and it is wrong."""
    text = "dW[i,j] = (y[0,i] - t[0,i])*x[0,j]*sum(k, t[0,k])"
    spec = {"assume": ["sum(i, t[n,i]) == 1"]}
    derivation = differentiate(
        parse(
            "z[n,i] = sum(j, W[i,j]*x[n,j])\ny[n,i] = exp(z[n,i])/sum(k, exp(z[n,k]))\n"
            "E = -mean(n, sum(i, t[n,i]*log(y[n,i])))",
            parameters=["W"],
            inputs=["x"],
            targets=["t"],
            objective="E",
            batch="n",
            sizes={"i": 3, "j": 2},
            **spec,
        )
    )
    (row,) = rows(derivation, text).values()
    assert not row.ok
    assert row.data["assumption"] in ("the batch has one sample", None)


def test_points_state_their_bound():
    """A long rational formula: exact arithmetic at random integers."""
    text = "z[i] = sum(j, W[i,j]*x[j])\nE = sum(i, z[i]**3/(1 + x[i]**2))"
    sizes = {"i": 4, "j": 4}
    derivation = differentiate(
        parse(text, parameters=["W"], inputs=["x"], sizes=sizes, objective="E")
    )
    written = [plain_left(w) for w in read_equations("dz[i] = 3*z[i]*z[i]/(x[i]*x[i] + 1)", "", [])]
    (formula,) = formulas_of(written, settings(derivation, written, 0))
    at = formula.setting.point(0)
    found = chance(formula.real, at_sizes(formula, at), at, 0)
    # three over two, and two over two: a difference of degree four at most
    assert (found.points, found.bound) == (3, (4 / SET) ** 3)
    wrong = [plain_left(w) for w in read_equations("dz[i] = 3*z[i]/(x[i]*x[i] + 1)", "", [])]
    (formula,) = formulas_of(wrong, settings(derivation, wrong, 0))
    assert chance(formula.real, at_sizes(formula, at), at, 0) is None


def test_branches_claim_no_bound():
    derivation = differentiate(parse("E = relu(w)*v", parameters=["w", "v"], objective="E"))
    row = rows(derivation, "dw = where(w > 0, v, 0)")["dw"]
    assert (row.verdict, row.data["bound"]) == ("equal at points", None)
    assert "8 points, 50 digits" in row.detail


def test_an_own_intermediate_that_means_a_known_tensor():
    """The mistake is in `error`; what follows from it is right."""
    text = """
error[n,i] = (t[n,i] - y2[n,i])*y2[n,i]*(1 - y2[n,i])/size(n)
dW2[i,j] = sum(n, error[n,i]*y1[n,j])
db2[i] = sum(n, error[n,i])
"""
    found = rows(net(), text)
    assert {n: r.verdict for n, r in found.items()} == {
        "error": "different",
        "dW2": "equal",
        "db2": "equal",
    }
    assert found["error"].data["meaning"] == "dz2"
    assert found["error"].data["slips"] == ["sign"]
    assert list(found) == ["error", "dW2", "db2"]


def test_two_mistakes_are_told_together():
    """Mean squared error with sigmoid and delta = o - l, a page's: (2/B) o (1 - o) is missing."""
    derivation = net(loss="mse")
    row = rows(derivation, "dz2[n,i] = y2[n,i] - t[n,i]")["dz2"]
    assert row.verdict == "different"
    assert "missing derivative" in row.data["slips"]


def test_what_is_given_is_not_judged():
    row = rows(net(), "W1[i,j] = 3")["W1"]
    assert (row.verdict, row.detail) == (
        "not checked",
        "W1 is given, as a parameter; nothing derives it",
    )


def test_numbers_of_a_counterexample_are_short():
    row = rows(net(), "dW2[i,j] = sum(n, dz2[n,i]*y1[n,j])/2")["dW2"]
    example = row.data["counterexample"]
    assert len(example["values"]["x"]) == 1  # one sample shows it
    assert all(round(10 * v) == 10 * v for v in np.ravel(example["values"]["W1"]))
    assert set(example["reads"]) == {"dz2", "y1"}


# ---- names and languages -------------------------------------------------------------------------


def test_given_names_are_read_and_told():
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
def test_names_that_cannot_be(names, problem):
    with pytest.raises(ChainruleError, match=problem):
        check_answer(net(), Answer("dz2[n,i] = a[n,i]", "equations", read_names(names)))


def test_the_text_tells_its_language():
    assert form_of("dW[i,j] = sum(n, d[n,i]*x[n,j])") == "equations"
    assert form_of("dW = (d.T @ x) / n") == "numpy"
    assert form_of(r"\frac{\partial E}{\partial W} = \delta x^\top") == "latex"
    assert form_of("dW[i,j] = sum(n, \\\n d[n,i]*x[n,j])") == "equations"


SAME_MISTAKE = {
    "equations": "dz1[n,i] = sum(k, W2[k,i]*dz2[n,k])",
    "numpy": "import numpy as np\ndz1 = dz2 @ W2\n",
    "latex": r"\delta^{(1)}_{ni} = \sum_k W^{(2)}_{ki} \delta^{(2)}_{nk}",
}


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
    told = as_markdown(check_answer(net(), Answer("dW2[i,j] = -sum(n, dz2[n,i]*y1[n,j])")))
    assert "| formula | `dW2` | different |" in told
    assert "* likely slip: sign: " in told
    assert "* derived: `dW2[i,j] = sum(n, dz2[n,i]*y1[n,j])`" in told
    assert told.endswith("\n1 of 1 wrong.\n")


def test_the_report_in_a_notebook():
    answer = Answer("dW2[i,j] = -sum(n, e[n,i]*y1[n,j])", names={"e": "dz2"})
    shown = check_answer(net(), answer)._repr_html_()
    assert "<td>dW2</td><td>different</td><td>dW2[0, 0] is " in shown
    assert "<br>likely slip: sign: " in shown
    assert "<p>names: e is dz2</p>" in shown


def test_fail_fast_ends_with_the_first_that_is_wrong():
    text = "dW2[i,j] = -sum(n, dz2[n,i]*y1[n,j])\ndb2[i] = -sum(n, dz2[n,i])"
    report = check(net(), text, fail_fast=True)
    assert [r.name for r in report.rows if not r.ok] == ["dW2"]
    assert report.rows[-1].name == "dW2"


def test_a_line_is_no_longer_than_a_terminal():
    text = "dz1[n,i] = sum(k, W2[k,i]*dz2[n,k])\ndx[n,j] = sum(i, W1[j,i]*dz1[n,i])"
    assert all(len(line) <= 80 for line in as_text(check_answer(net(), Answer(text))).splitlines())


# ---- error terms of each sample, softmax without an assumption, numbers --------------------------


CLASSIFIER = {
    "name": "classifier",
    "inputs": {"x": [2]},
    "layers": [{"type": "dense", "units": 4, "activation": "tanh"}, {"type": "dense", "units": 3}],
    "loss": "softmax_cross_entropy",
}
COURSE = """
dz2[n,i] = p[n,i] - t[n,i]
dW2[i,j] = sum(n, dz2[n,i]*y1[n,j])/size(n)
db2[i] = sum(n, dz2[n,i])/size(n)
dz1[n,j] = sum(i, dz2[n,i]*W2[i,j])*(1 - y1[n,j]**2)
dW1[j,k] = sum(n, dz1[n,j]*x[n,k])/size(n)
"""


def classifier(**more):
    return differentiate(derive.load({**CLASSIFIER, **more}))


def told(derivation, text):
    """Verdict and first likely slip by name."""
    rows = check_formulas(derivation, text)
    return {r.name: (r.verdict, *r.data.get("slips", ())[:1], *r.data.get("explained", ())[:1])
            for r in rows}  # fmt: skip


def test_error_terms_of_each_sample_are_divided_by_what_reads_them():
    summed = classifier(assume=["sum(i, t[n,i]) == 1"])
    rows = {r.name: r for r in check_formulas(summed, COURSE)}
    assert {r.verdict for r in rows.values()} == {"equal"}
    assert [n for n, r in rows.items() if r.detail] == ["dz2", "dz1"]
    assert "of each sample" in rows["dz2"].detail
    rows = {r.name: r for r in check_formulas(classifier(), COURSE)}
    assert rows["dz2"].ok
    assert rows["dz2"].data["assumption"] == "the rows of t sum to 1"
    assert {r.verdict for n, r in rows.items() if n != "dz2"} == {"equal"}
    # a slip in such a text is told alone
    slip = COURSE.replace("db2[i] = sum(n, dz2[n,i])/size(n)", "db2[i] = sum(n, dz2[n,i])")
    slip = slip.replace("*(1 - y1[n,j]**2)", "")
    found = {n: r for n, r in told(summed, slip).items() if r[0] != "equal"}
    assert found == {
        "db2": ("different", "factor", "1/size(n) is left out"),
        "dz1": ("different", "missing derivative", "1 - y1[n,i]**2 is left out"),
    }
    # and where nothing divides, the factor is what is wrong
    alone = "dz2[n,i] = p[n,i] - t[n,i]\ndW2[i,j] = sum(n, dz2[n,i]*y1[n,j])"
    assert told(summed, alone) == {
        "dz2": ("different", "factor", "1/size(n) is left out"),
        "dW2": ("equal",),
    }


@pytest.mark.parametrize(
    ("text", "kind", "detail"),
    [
        ("p[n,i] - t[n,i]", "factor", "1/size(n) is left out (where the rows of t sum to 1)"),
        ("2*(p[n,i] - t[n,i])/size(n)", "factor", "2 is too much (where the rows of t sum to 1)"),
        ("(t[n,i] - p[n,i])/size(n)", "sign", None),
        ("(p[n,i] - t[n,i])*p[n,i]*(1 - p[n,i])/size(n)", "factor", None),
        ("(z2[n,i] - t[n,i])/size(n)", "wrong value", None),
    ],
)
def test_slips_where_the_usual_data_are_not_assumed(text, kind, detail):
    (row,) = check_formulas(classifier(), f"dz2[n,i] = {text}")
    assert row.verdict == "different"
    assert row.data["slips"][0] == kind
    assert detail in (None, row.data["explained"][0])
    assert any(n.endswith("c[n] = sum(i, t[n,i])") for n in row.notes)


def test_the_extents_are_told_by_their_letters():
    text = "dW2[i,j] = sum(n, dz2[n,i]*y1[n,j])/size(n)"
    assert told(net(), text) == {"dW2": ("different", "factor", "1/size(n) is too much")}


@pytest.mark.parametrize(
    ("more", "detail"),
    [("1e-30", "the formula gives 1e-30 more"), ("-1e-9", "the formula gives 1e-09 less")],
)
def test_a_term_may_be_as_small_as_it_likes(more, detail):
    (row,) = check_formulas(net(), f"db2[i] = sum(n, dz2[n,i]) + {more}")
    assert row.verdict == "different"
    assert row.detail.endswith(detail)


def test_a_formula_that_cannot_be_read_leaves_the_others():
    text = "dW2[i,j] = sum(n, dz2[n,i]*yy1[n,j])\ndb2[i] = sum(n, dz2[n,i])"
    found = rows(net(), text)
    assert {n: r.verdict for n, r in found.items()} == {"dW2": "not checked", "db2": "equal"}
    assert "unknown tensor 'yy1'; did you mean 'y1'?" in found["dW2"].detail
    report = check_answer(net(), Answer(text))
    assert not report.ok
    assert str(report).splitlines()[-1] == "1 not checked"
    with pytest.raises(ChainruleError, match="give an equation for it"):
        rows(net(), "dW2[i,j] = sum(n, dz2[n,i]*foo[n,j])")


@pytest.mark.parametrize(
    ("formula", "verdict", "slip"),
    [
        ("sum(o,u, dz1[n,o,i+u-1]*W1[o,c,2-u])", "equal", None),
        ("sum(o,u, dz1[n,o,i+u-1]*W1[o,c,size(W1,2)-1-u])", "equal", None),
        ("sum(o,u, dz1[n,o,i+u]*W1[o,c,2-u])", "different", "index"),
        ("sum(o,u, dz1[n,o,i+u-1]*W1[o,c,u])", "different", "index"),
    ],
)
def test_a_rotated_kernel(formula, verdict, slip):
    layer = {"type": "conv1d", "channels": 2, "kernel_size": 3, "padding": 1}
    spec = {"name": "conv", "inputs": {"x": [2, 5]}, "layers": [layer], "loss": "squared_error"}
    (row,) = check_formulas(differentiate(derive.load(spec)), f"dx[n,c,i] = {formula}")
    assert row.verdict == verdict
    assert row.data["slips"][:1] == ([slip] if slip else [])


def test_an_axis_too_few_has_its_slip_too():
    (row,) = check_formulas(net(), "db1 = sum(n,k, dz1[n,k])")
    assert row.detail == "db1 has 1 axis, (3); here it has 0 subscripts"
    assert row.data["slips"] == ["extra sum"]


def test_a_transpose_that_reads_beyond_an_axis_is_no_likely_slip():
    gender = differentiate(derive.load("generated/gender/gender.toml"))
    (row,) = check_formulas(gender, "db2[i] = dz2[0,i]")
    assert row.data["slips"][0] == "missing sum"


def test_a_rounded_constant_of_a_program_is_told():
    text = "E = sum(i, (w*x[i])**2/3)"
    spec = {"parameters": ["w"], "inputs": ["x"], "objective": "E", "sizes": {"i": 3}}
    program = "import numpy as np\ndw = np.sum(0.66666667*w*x*x)"
    told = str(check(differentiate(parse(text, **spec)), program))
    assert "its numbers, to six digits or more: a constant may be rounded, or added" in told
