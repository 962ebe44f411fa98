"""`check`: right derivations pass, broken ones don't."""

from dataclasses import replace
from fractions import Fraction

import pytest

from derive import check, differentiate, parse
from derive.checks.numeric import Numbers, check_steps
from derive.checks.points import draw, run_time_extents
from derive.ir.notation import Add, Mul, Read, affine
from derive.ir.tree import mul, number, substitute_affine, transform, walk
from tests.derive.checks.systems import SYSTEMS, derivation_of, negated_if

pytestmark = pytest.mark.sampled


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


def test_a_kink_that_is_always_hit_is_not_called_wrong():
    text = """
z[i] = x[i+5]                # always 0
E = sum(i, w[i]*relu(z[i]) + abs(z[i]) + maximum(z[i], 0)*x[i])
"""
    spec = {"parameters": ["w"], "inputs": ["x"], "sizes": {"i": 3, "x.0": 3}}
    derivation = differentiate(parse(text, objective="E", **spec), wrt=["w", "x"])
    assert check(derivation).ok


def test_a_wrong_gradient_is_reported_with_its_place():
    right = derivation_of("net")
    broken = tuple(map(negated_if("dW1"), right.backward))
    rows = check(replace(right, backward=broken)).rows
    (told,) = [r for r in rows if r.check == "numeric" and not r.ok]
    assert told.name == "W1"
    assert told.detail.startswith("dW1[0, 0] is ")
    assert "differences give" in told.detail
