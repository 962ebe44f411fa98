"""`check`: right derivations pass, broken ones don't, formulas are told right from wrong."""

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from codegen.report_text import WIDTH, as_text
from derive import ChainruleError, check, differentiate, parse
from derive.checks.numeric import Numbers, check_steps
from derive.checks.points import NoInstance, draw, run_time_extents, work
from derive.checks.report import Report, Row
from derive.checks.short_axes import instance, shrunk
from derive.ir.notation import Add, Mul, Read, affine
from derive.ir.tree import mul, number, substitute_affine, transform, walk
from derive.semantics.interpreter import Interpreter
from derive.semantics.number_systems import EXACT

pytestmark = pytest.mark.sampled

NET = """
z1[n,i] = sum(j, W1[i,j]*x[n,j]) + b1[i]
y1[n,i] = sigmoid(z1[n,i])
z2[n,k] = sum(i, W2[k,i]*y1[n,i]) + b2[k]
y2[n,k] = tanh(z2[n,k])
E = mean(n, sum(k, (y2[n,k] - t[n,k])**2))/2
"""
SYSTEMS = {
    "net": {
        "text": NET,
        "parameters": ["W1", "b1", "W2", "b2"],
        "inputs": ["x"],
        "targets": ["t"],
        "sizes": {"z1.1": 3, "x.1": 2, "z2.1": 2},
        "batch": "n",
    },
    "softmax": {
        "text": """
z[n,i] = sum(j, W[i,j]*x[n,j])
y[n,i] = exp(z[n,i])/sum(k, exp(z[n,k]))
E = -mean(n, sum(i, t[n,i]*log(y[n,i])))
""",
        "parameters": ["W"],
        "inputs": ["x"],
        "targets": ["t"],
        "sizes": {"i": 3, "j": 2},
        "batch": "n",
        "assume": ["sum(i, t[n,i]) == 1"],
    },
    "recurrence": {
        "text": """
h[t,k] = tanh(sum(j, U[k,j]*h[t-1,j]) + v[k]*x[t])
E = sum(t,k, (h[t,k] - s[k])**2)
""",
        "parameters": ["U", "v"],
        "inputs": ["x"],
        "targets": ["s"],
        "sizes": {"k": 2, "t": 4},
    },
    "convolution": {
        "text": """
y[i] = max(u, where(2*i+u-1 >= 0, w[u]*x[2*i+u-1], -inf))
E = sum(i, y[i]**2*sqrt(c[i]))
""",
        "parameters": ["w", "c"],
        "inputs": ["x"],
        "sizes": {"i": 3, "u": 3, "x.0": 6},
    },
    "gather": {
        "text": "E = sum(n,d, (A[c[n],d] - hold(A[c[n],d])*x[n,d])**3)",
        "parameters": ["A"],
        "inputs": ["x", "c"],
        "integers": ["c"],
        "sizes": {"A.0": 4, "d": 2},
        "batch": "n",
    },
}


def derivation_of(name, **changes):
    spec = {"objective": "E", **SYSTEMS[name], **changes}
    return differentiate(parse(spec.pop("text"), **spec))


# ---- what is right passes ----------------------------------------------------------------------


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_right_derivation_passes_every_check(name, seed):
    derivation = derivation_of(name)
    report = check(derivation, seed=seed)
    assert report.ok, str(report)
    for kind in ("numeric", "exact"):
        assert [r.name for r in report.rows if r.check == kind] == list(derivation.wrt)
    assert [r.name for r in report.rows if r.check == "steps"] == ["all"]


def test_a_short_objective_is_proved_symbol_for_symbol():
    derivation = differentiate(
        parse("E = (a*x - 3)**2 + exp(a)/x", parameters=["a", "x"], objective="E")
    )
    rows = [r for r in check(derivation).rows if r.check == "exact"]
    assert {r.verdict for r in rows} == {"identical"}


def test_a_tensor_with_axes_has_a_random_upstream_derivative():
    net = {**SYSTEMS["net"], "objective": "E"}
    derivation = differentiate(parse(net.pop("text"), **net), of="y2")
    assert check(derivation).ok
    wrong = replace(
        derivation,
        backward=tuple(map(negated_if("dW2"), derivation.backward)),
    )
    assert not check(wrong).ok


# ---- what is broken doesn't ----------------------------------------------------------------------


def negated_if(tensor):
    def change(equation):
        if equation.tensor != tensor:
            return equation
        first = equation.terms[0]
        terms = (replace(first, body=mul(number(-1), first.body)), *equation.terms[1:])
        return replace(equation, terms=terms)

    return change


def with_body(equation, change):
    """The equation with the first term's body changed."""
    first, *rest = equation.terms
    return replace(equation, terms=(replace(first, body=change(first.body)), *rest))


def without_a_part(body):
    return body.args[0] if isinstance(body, Mul | Add) else None


def half_as_much(body):
    return mul(number(Fraction(1, 2)), body)


def other_letters(body):
    """The letters of one read swapped, or one moved by a step."""

    def swap(read):
        letters = [s.axis for s in read.subscripts]
        if len(letters) == 2 and None not in letters and letters[0] != letters[1]:
            places = {letters[0]: affine(letters[1]), letters[1]: affine(letters[0])}
            return Read(read.tensor, tuple(substitute_affine(s, places) for s in read.subscripts))
        if letters:
            return Read(read.tensor, (*read.subscripts[:-1], read.subscripts[-1] + 1))
        return None

    for node in walk(body):
        if isinstance(node, Read) and node.subscripts:
            return replaced(body, node, swap(node))
    return None


def replaced(body, old, new):
    done = []

    def change(node):
        if node == old and not done:
            done.append(node)
            return new
        return None

    return transform(body, change)


def mutants():
    """Every backward equation of every system, broken in each way that it can be."""
    for name in SYSTEMS:
        for k, equation in enumerate(derivation_of(name).backward):
            yield name, k, "a sign", with_body(equation, lambda b: mul(number(-1), b))
            yield name, k, "a factor", with_body(equation, half_as_much)
            for way, change in (("a part", without_a_part), ("letters", other_letters)):
                body = change(equation.terms[0].body)
                if body is not None:
                    yield name, k, way, with_body(equation, lambda _, b=body: b)
            if len(equation.terms) > 1:
                yield name, k, "a term", replace(equation, terms=equation.terms[1:])


MUTANTS = list(mutants())


@pytest.mark.parametrize(
    ("name", "position", "broken"),
    [(n, k, e) for n, k, _, e in MUTANTS],
    ids=[f"{n}-{e.tensor}-{w.replace(' ', '_')}" for n, _, w, e in MUTANTS],
)
def test_a_broken_derivation_is_caught(name, position, broken):
    right = derivation_of(name)
    backward = list(right.backward)
    backward[position] = broken
    report = check(replace(right, backward=tuple(backward)))
    wrong = {r.check for r in report.rows if not r.ok}
    assert {"numeric", "exact"} <= wrong, str(report)


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_broken_step_is_caught(name):
    right = derivation_of(name)
    extents = run_time_extents(right)
    numbers = Numbers(right, draw(right, 0, extents), extents)
    for k, step in enumerate(right.steps):
        broken = replace(step, after=negated_if(step.after.tensor)(step.after))
        if all(t.body == number(0) for t in step.after.terms):
            continue
        steps = (*right.steps[:k], broken, *right.steps[k + 1 :])
        numbers.derivation = replace(right, steps=steps)
        wrong = list(check_steps(numbers, 0))
        assert [r.verdict for r in wrong] == ["wrong", "wrong"], f"{name} step {k}"
        assert wrong[1].name == step.subject
        assert ("becomes" in wrong[1].detail) == (step.kind == "equality")


def test_a_derivative_that_needs_itself_is_caught():
    right = derivation_of("net")
    term = replace(
        right.gradient("W1").terms[0], body=Read("dW1", right.gradient("W1").terms[0].target)
    )
    broken = tuple(replace(e, terms=(term,)) if e.tensor == "dW1" else e for e in right.backward)
    report = check(replace(right, backward=broken))
    assert {(r.check, r.detail) for r in report.rows if not r.ok} == {
        ("numeric", "dW1[0, 0] needs itself"),
        ("exact", "dW1[0, 0] needs itself"),
    }


def test_a_kink_that_is_always_hit_is_no_mistake():
    text = """
z[i] = x[i+5]                # always 0
E = sum(i, w[i]*relu(z[i]) + abs(z[i]) + maximum(z[i], 0)*x[i])
"""
    spec = {"parameters": ["w"], "inputs": ["x"], "sizes": {"i": 3, "x.0": 3}}
    derivation = differentiate(parse(text, objective="E", **spec), wrt=["w", "x"])
    assert check(derivation).ok


def test_a_wrong_gradient_is_told_with_its_place():
    right = derivation_of("net")
    broken = tuple(map(negated_if("dW1"), right.backward))
    rows = check(replace(right, backward=broken)).rows
    (told,) = [r for r in rows if r.check == "numeric" and not r.ok]
    assert told.name == "W1"
    assert told.detail.startswith("dW1[0, 0] is ")
    assert "differences give" in told.detail


# ---- formulas ------------------------------------------------------------------------------------

RIGHT = """
dz2[n,k] = (y2[n,k] - t[n,k])*(1 - y2[n,k]**2)/size(n)
dW2[k,i] = sum(n, dz2[n,k]*y1[n,i])
back[n,i] = sum(k, dz2[n,k]*W2[k,i])     # a name of one's own
dz1[n,i] = back[n,i]*y1[n,i]*(1 - y1[n,i])
dW1[i,j] = sum(n, dz1[n,i]*x[n,j])
db2[k] = sum(n, dz2[n,k])
y1[n,i] = 1/(1 + exp(-z1[n,i]))
"""


def verdicts(formulas, name="net"):
    report = check(derivation_of(name), formulas)
    return {f["tensor"]: f["verdict"] for f in report.to_json()["formulas"]}


def test_right_formulas_are_equal():
    found = verdicts(RIGHT)
    assert list(found) == ["dz2", "dW2", "dz1", "dW1", "db2", "y1"]
    assert set(found.values()) == {"equal"}
    assert verdicts("dz1[n,i] = dy1[n,i]*exp(-z1[n,i])*y1[n,i]**2") == {"dz1": "equal"}


def test_one_mistake_is_told_once():
    found = verdicts(RIGHT.replace("(y2[n,k] - t[n,k])", "(t[n,k] - y2[n,k])"))
    assert found == {**dict.fromkeys(found, "equal"), "dz2": "different"}


@pytest.mark.parametrize(
    "formula",
    [
        "dW1[i,j] = sum(n, dz1[n,i]*x[n,j])/size(n)",
        "dW1[i,j] = dz1[0,i]*x[0,j]",
        "dz2[n,k] = (y2[n,k] - t[n,k])/size(n)",
        "db1[i] = sum(n, -dz1[n,i])",
        "dz1[n,i] = sum(k, dz2[n,k]*W2[k,i])",
        "y2[n,k] = z2[n,k]",
        "E = sum(n,k, (y2[n,k] - t[n,k])**2)",
    ],
)
def test_a_wrong_formula_gets_a_counterexample(formula):
    report = check(derivation_of("net"), formula)
    (row,) = [r for r in report.rows if r.check == "formula"]
    assert row.verdict == "different"
    assert not report.ok
    example = row.data["counterexample"]
    assert example["written"] != example["derived"]
    assert set(example["values"]) == {"W1", "b1", "W2", "b2", "x", "t"}
    json.dumps(report.to_json())


def test_the_smallest_counterexample_is_shown():
    formula = "dW1[i,j] = dz1[0,i]*x[0,j]"  # right for a batch of one
    (row,) = [r for r in check(derivation_of("net"), formula).rows if r.check == "formula"]
    assert len(row.data["counterexample"]["values"]["x"]) == 2


def test_what_is_assumed_counts():
    formula = "dz[n,i] = (y[n,i] - t[n,i])/size(n)"
    assert verdicts(formula, "softmax") == {"dz": "equal"}
    report = check(derivation_of("softmax", assume=()), formula)
    (row,) = [r for r in report.rows if r.check == "formula"]
    assert (row.verdict, row.data["assumption"]) == ("equal if", "the rows of t sum to 1")
    assert row.data["counterexample"]["values"]["t"]


def test_a_recurrence_may_be_written():
    formula = """
dh[t,k] = 2*(h[t,k] - s[k]) + sum(j, dh[t+1,j]*(1 - h[t+1,j]**2)*U[j,k])
dU[k,j] = sum(t, dh[t,k]*(1 - h[t,k]**2)*h[t-1,j])
"""
    assert set(verdicts(formula, "recurrence").values()) == {"equal"}


@pytest.mark.parametrize(
    ("formulas", "message"),
    [
        ("q[n] = 1", "no equation gives a tensor of the model"),
        ("dz2[n,k] = y3[n,k]", "unknown tensor 'y3'"),
        ("dz2[n,k] = dz4[n,k]", "unknown tensor 'dz4'"),
        ("dz2[n,k] = y2[n,k", "bracket"),
        ("dz2[n,k] = 1\ndz2[n,k] = 1", "'dz2' is defined twice"),
        ("dz2[n,k] = __import__('os')", "line 1"),
    ],
)
def test_formulas_that_cannot_be_read(formulas, message):
    with pytest.raises(ChainruleError, match=r".") as caught:
        check(derivation_of("net"), formulas)
    assert message in str(caught.value)
    assert "_derivative_" not in str(caught.value)


@pytest.mark.parametrize(
    ("formula", "derived", "written", "reason"),
    [
        ("dz2[n,k,i] = 1", "(n, 2)", None, "dz2 has 2 axes, (n, 2); here it has 3 subscripts"),
        (
            "dz2[n,k] = sum(i, y2[n,i]*y1[n,i])",
            "(n, 2)",
            None,
            "'i' walks axis 1 of y2 (2) and axis 1 of y1 (3)",
        ),
        (
            "dW2[k,i] = sum(n, dz2[n,i]*y1[n,k])",
            "(2, 3)",
            "(3, 2)",
            "'i' walks axis 1 of dW2 (3) and axis 1 of dz2 (2)",
        ),
    ],
)
def test_shapes_that_do_not_fit_are_told(formula, derived, written, reason):
    (row,) = [r for r in check(derivation_of("net"), formula).rows if r.check == "formula"]
    assert row.verdict == "different"
    shapes = row.data["counterexample"]["shapes"]
    assert (shapes["derived"], shapes["written"], shapes["reason"]) == (derived, written, reason)


# ---- instances -----------------------------------------------------------------------------------


def test_leaves_satisfy_what_is_assumed_exactly():
    derivation = derivation_of("softmax")
    values = draw(derivation, 3, {"n": 4})
    assert values["t"].shape == (4, 3)
    assert all(sum(row) == 1 for row in values["t"])
    assert len({*values["x"].flat}) == values["x"].size


def test_two_assumptions_are_met_together():
    text = "E = sum(a,b, P[a,b]*log(P[a,b])) + sum(a, q[a]**2)"
    assume = ["sum(b, P[a,b]) == q[a]", "sum(a, q[a]) == 1"]
    spec = {"parameters": ["P", "q"], "sizes": {"a": 2, "b": 3}, "assume": assume}
    derivation = differentiate(parse(text, objective="E", **spec))
    values = draw(derivation, 0, {})
    assert sum(values["q"]) == 1
    assert [sum(row) for row in values["P"]] == list(values["q"])


def test_what_cannot_be_met_is_not_checked():
    derivation = differentiate(
        parse("E = x**2", parameters=["x"], objective="E", assume=["0*x == 1"])
    )
    with pytest.raises(NoInstance):
        draw(derivation, 0, {})
    report = check(derivation, "dx = 2*x")
    assert {r.verdict for r in report.rows} == {"not checked"}
    assert report.ok
    assert not report.checked
    assert str(report).splitlines()[-1] == "nothing could be checked"


def test_leaves_stay_where_the_objective_is_finite():
    derivation = differentiate(
        parse("E = log(x) + sqrt(1 - x)*log(1 - y)", parameters=["x", "y"], objective="E")
    )
    assert check(derivation).ok
    values = draw(derivation, 0, {})
    assert 0 < values["x"][()] < 1 > values["y"][()]


def test_integers_stay_inside_what_they_index():
    derivation = derivation_of("gather")
    drawn = [int(v) for seed in range(20) for v in draw(derivation, seed, {"n": 4})["c"]]
    assert set(drawn) == {0, 1, 2, 3}


def test_run_time_extents_differ_from_all_others():
    derivation = derivation_of("net", sizes={"z1.1": 3, "x.1": 2, "z2.1": 4})
    assert run_time_extents(derivation) == {"n": 2}
    text = "E = sum(a,b,c, x[a,b]*w[c]*y[b,c])"
    spec = {"parameters": ["w"], "inputs": ["x", "y"], "sizes": {"c": 3}}
    derivation = differentiate(parse(text, objective="E", **spec))
    assert sorted(run_time_extents(derivation).values()) == [2, 4]


LARGE = {
    "text": """
z[n,o,i] = sum(c,u, K[o,c,u]*x[n,c,2*i+u-1])
f[n,k] = z[n,k//60,k%60]
E = sum(n,k, V[k]*tanh(f[n,k])) + sum(n, x[n,0,size(x,2)-1]**2)
""",
    "parameters": ["K", "V"],
    "inputs": ["x"],
    "batch": "n",
    "sizes": {"o": 7, "c": 6, "u": 3, "i": 60, "x.2": 120, "k": 420},
}


def test_a_large_model_is_checked_over_short_axes():
    spec = dict(LARGE)
    derivation = differentiate(parse(spec.pop("text"), objective="E", **spec))
    equations = (*derivation.forward, *derivation.backward)
    assert work(equations, {"n": 2}) > 10_000
    small = instance(derivation, 1000)
    assert work((*small.forward, *small.backward), {"n": 2}) < 1000
    assert [t.rank for t in small.tensors] == [t.rank for t in derivation.tensors]
    values = draw(small, 0, {"n": 2})
    run = Interpreter((*small.forward, *small.backward), small.table, values, extents={"n": 2})
    assert all(np.any(run.array(small.adjoint[name])) for name in small.wrt)
    report = check(derivation)
    assert report.ok
    assert ("sizes", "exact") in {(r.name, r.check) for r in report.rows}


def test_a_place_counted_from_the_end_stays_at_the_end():
    system = parse(
        "E = sum(t, x[t]*w[size(t)-1-t]) + x[size(x,0)-1]",
        inputs=["x", "w"],
        sizes={"t": 50, "w.0": 50},
        objective="E",
    )
    small = shrunk(system, 4)
    values = {"x": [1, 2, 3, 4], "w": [10, 20, 30, 40]}
    found = Interpreter(small.equations, small.table, values, EXACT).value("E")
    assert found == 40 + 60 + 60 + 40 + 4


# ---- the report ----------------------------------------------------------------------------------


def test_the_report_fits_a_terminal():
    report = check(derivation_of("net"), RIGHT.replace("size(n)", "2"))
    lines = as_text(report).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert lines[0] == "check of model"
    assert any(line.startswith("formula  dz2  different") for line in lines)
    assert lines[-1] == f"1 of {len(report.rows)} wrong"


def test_the_report_as_plain_data():
    rows = (
        Row("W", "exact", "identical", "6 entries"),
        Row("dW", "formula", "different", "at 0", {"counterexample": {"at": [0]}}),
    )
    found = Report("check of m", rows).to_json()
    assert found == {
        "ok": False,
        "checks": [{"name": "W", "check": "exact", "verdict": "identical", "detail": "6 entries"}],
        "formulas": [
            {
                "tensor": "dW",
                "verdict": "different",
                "detail": "at 0",
                "counterexample": {"at": [0]},
            }
        ],
    }
    assert str(Report("check of m", rows[:1])).endswith("all checks pass\n")


def test_the_same_seed_gives_the_same_report():
    derivation = derivation_of("softmax")
    assert str(check(derivation, seed=5)) == str(check(derivation, seed=5))


def test_long_details_are_wrapped():
    row = Row("W", "exact", "wrong", "word " * 40)
    lines = as_text(Report("t", (row,))).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert lines[3].startswith("    word")
