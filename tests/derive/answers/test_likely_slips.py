"""Likely slips: factors, sums, indices, and error terms of each sample."""

import pytest

import derive
from derive import differentiate, parse
from derive.answers.check_text import check_formulas
from tests.derive.answers.two_layer_net import net, rows, verdict_and_slip

CLASSIFIER = {
    "name": "classifier",
    "inputs": {"x": [2]},
    "layers": [{"type": "dense", "units": 4, "activation": "tanh"}, {"type": "dense", "units": 3}],
    "loss": {"type": "softmax_cross_entropy", "targets": "weights"},
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
    found = {n: r for n, r in verdict_and_slip(summed, slip).items() if r[0] != "equal"}
    assert found == {
        "db2": ("different", "factor", "1/size(n) is left out"),
        "dz1": ("different", "missing derivative", "1 - y1[n,i]**2 is left out"),
    }
    # and where nothing divides, the factor is what is wrong
    alone = "dz2[n,i] = p[n,i] - t[n,i]\ndW2[i,j] = sum(n, dz2[n,i]*y1[n,j])"
    assert verdict_and_slip(summed, alone) == {
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


def test_a_slip_names_an_extent_by_its_letter():
    text = "dW2[i,j] = sum(n, dz2[n,i]*y1[n,j])/size(n)"
    assert verdict_and_slip(net(), text) == {
        "dW2": ("different", "factor", "1/size(n) is too much")
    }


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


def test_a_number_left_out_is_no_extent_of_the_same_length():
    text = "y[i] = w[i]*x[i]**4\nE = sum(i, y[i]**3)"
    spec = {"parameters": ["w"], "inputs": ["x"], "objective": "E", "sizes": {"i": 4}}
    derivation = differentiate(parse(text, **spec))
    found = rows(derivation, "dx[i] = 3*y[i]**2*w[i]*x[i]**3")["dx"]
    assert found.data["explained"][0] == "4 is left out"


def test_an_axis_too_few_is_an_extra_sum():
    (row,) = check_formulas(net(), "db1 = sum(n,k, dz1[n,k])")
    assert row.detail == "db1 has 1 axis, (3); here it has 0 subscripts"
    assert row.data["slips"] == ["extra sum"]


def test_a_transpose_that_reads_beyond_an_axis_is_no_likely_slip():
    gender = differentiate(derive.load("generated/gender/gender.toml"))
    (row,) = check_formulas(gender, "db2[i] = dz2[0,i]")
    assert row.data["slips"][0] == "missing sum"
