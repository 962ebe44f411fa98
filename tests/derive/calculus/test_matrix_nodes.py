"""Inverses, determinants and their logarithms: gradients, second derivatives, checks, refusals."""

import re

import numpy as np
import pytest

from codegen.documents.write import document
from codegen.verify import verify_module
from derive import ChainruleError, check, differentiate, loads, parse
from derive.calculus.second import directional
from derive.language.printer import equation_text
from derive.semantics.interpreter import evaluate
from tests.derive.calculus.matrix_models import chosen
from tests.derive.calculus.second_order import along
from tests.oracles.against_autograd import (
    derivation_of,
    differences,
    emitted,
    module_of,
    reference,
    run,
    system_of,
)
from tests.oracles.models_matrices import MATRICES

pytestmark = pytest.mark.sampled

each_model = pytest.mark.parametrize("model", [pytest.param(m, id=m.name) for m in MATRICES])


# ---- derivatives ---------------------------------------------------------------------------------


@each_model
def test_gradients_against_autograd(model):
    arrays = model.example()
    assert not differences(run(emitted(model), model, arrays), reference(model, arrays))


@chosen("determinant", "gaussian_process", "batched_mahalanobis", "linear_flow")
def test_single_precision_stays_single(model):
    arrays = model.example()
    module = emitted(model, "float32")
    parameters = {n: np.float32(arrays[n]) for n in model.parameters}
    given = [arrays[n] for n in (*model.inputs, *model.targets)]
    loss, found = module.gradients(parameters, *given, inputs=True)
    assert {g.dtype for g in found.values()} == {np.dtype("float32")}
    assert not differences((loss, found), reference(model, arrays), 2e-4)


@chosen("logdet", "determinant", "quadratic_form_of_inverse", "gaussian_process", "linear_flow")
def test_hessian_times_a_direction(model):
    first = derivation_of(model)
    arrays = model.example()
    source = np.random.default_rng(3)
    directions = {n: source.normal(size=np.shape(arrays[n])) for n in first.wrt}
    wanted = along(model, arrays, directions)

    second = differentiate(directional(first), wrt=first.wrt)
    given = [*(arrays[n] for n in model.inputs), *directions.values()]
    given += [arrays[n] for n in model.targets]
    parameters = {n: arrays[n] for n in model.parameters}
    value, found = module_of(second).gradients(parameters, *given, inputs=True)
    assert not differences((value, {n: found[n] for n in directions}), wanted, 1e-8)


# ---- what is derived -----------------------------------------------------------------------------


def derived(text, **kw):
    found = differentiate(parse(text, objective="E", **kw))
    return [equation_text(e) for e in (*found.forward, *found.backward)]


def test_the_differentials():
    assert derived("E = logdet(X)", inputs=["X"], sizes={"X.0": 3}) == [
        "E = logdet(X)",
        "X_inv[i,j] = inv(X)[i,j]",
        "dX[i,j] = X_inv[j,i]",
    ]
    assert derived("E = sum(n, det(X)[n]*w[n])", inputs=["X", "w"], sizes={"X.1": 2}) == [
        "X_det[n] = det(X)[n]",
        "E = sum(n, X_det[n]*w[n])",
        "X_inv[n,i,j] = inv(X)[n,i,j]",
        "dw[n] = X_det[n]",
        "dX[n,i,j] = w[n]*X_det[n]*X_inv[n,j,i]",
    ]
    assert derived("E = sum(i,j, a[i]*inv(X)[i,j])", inputs=["X", "a"], sizes={"i": 2, "j": 2}) == [
        "X_inv[i,j] = inv(X)[i,j]",
        "E = sum(i,j, a[i]*X_inv[i,j])",
        "dX_inv[i,j] = a[i]",
        "da[i] = sum(j, X_inv[i,j])",
        "dX[i,j] = -sum(k,l, dX_inv[k,l]*X_inv[k,i]*X_inv[j,l])",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "E = det(X)*logdet(X)",
        "E = sum(i,j, inv(X)[i,j]*inv(X)[j,i]) + logdet(X) + det(X)",
        "Y[i,j] = inv(X)[i,j]\nE = det(X) + sum(i, Y[i,i]) + inv(X)[0,1] + det(X)**2",
        "Y[i,j] = inv(X)[j,i]\nE = logdet(X) + sum(i, Y[i,i])",
    ],
)
def test_one_inverse_is_enough(text):
    told = derived(text, inputs=["X"], sizes={"X.0": 3})
    assert sum("= inv(X)" in line for line in told) == 1
    assert sum("= det(X)" in line for line in told) == ("det(X)" in text.replace("logdet", ""))
    second = differentiate(
        directional(differentiate(parse(text, inputs=["X"], objective="E", sizes={"X.0": 3})))
    )
    equations = (*second.forward, *second.backward, *second.inlined)
    assert sum(e.terms[0].reduce == "inv" for e in equations) == 1


def test_a_logarithm_of_the_determinant_is_the_logarithm_of_its_size():
    """As NumPy's slogdet has it; so the gradient is right for either sign."""
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    derivation = differentiate(parse("E = logdet(X)", inputs=["X"], objective="E"))
    values = evaluate((*derivation.forward, *derivation.backward), derivation.table, {"X": x})
    assert np.isclose(values["E"], np.linalg.slogdet(x)[1])
    assert np.allclose(values["dX"], np.linalg.inv(x).T)


@each_model
def test_texts_read_back(model):
    """What is printed of the equations is the language, and means the same."""
    system = system_of(model)
    text = "\n".join(equation_text(e) for e in system.equations)
    spec = {**model.spec(), "equations": text}
    again = parse(spec.pop("equations"), **spec)
    assert [equation_text(e) for e in again.equations] == text.splitlines()


def test_a_layer_may_invert_a_matrix():
    system = loads("""
name = "whitening"
inputs = { x = [3] }
[define.whiten]
equations = '''
G[i,j] = sum(k, W[i,k]*W[j,k]) + delta(i, j)
y[n,i] = sum(j, inv(G)[i,j]*x[n,j]) + logdet(G)
'''
parameters = ["W"]
[[layers]]
type = "whiten"
k = 2
[[layers]]
type = "whiten"
k = 3
[loss]
type = "squared_error"
""")
    derivation = differentiate(system)
    assert "G2_inv[i,j] = inv(G2)[i,j]" in [equation_text(e) for e in system.equations]
    assert [r for r in verify_module(derivation) if r.verdict != "agrees"] == []
    assert document(derivation, format="md")


# ---- checks --------------------------------------------------------------------------------------


@chosen("logdet", "quadratic_form_of_inverse", "batched_mahalanobis", "kalman_filter")
def test_all_checks_pass(model):
    derivation = derivation_of(model)
    rows = [*check(derivation).rows, *verify_module(derivation)]
    assert rows
    assert [r for r in rows if not r.ok or r.verdict == "not checked"] == []


def test_small_matrices_are_proved_symbol_for_symbol():
    for text in ("E = logdet(X)", "E = det(X)", "E = inv(X)[0,1]"):
        system = parse(text, inputs=["X"], objective="E", sizes={"X.0": 2})
        (row,) = [r for r in check(differentiate(system)).rows if r.check == "exact"]
        assert row.verdict == "identical", text


def test_a_wrong_differential_is_found(monkeypatch):
    """Without the minus sign, and with the inverse for its transpose."""

    from derive.calculus import rule

    monkeypatch.setattr(rule, "negative", lambda x: x)
    system = parse("E = sum(i,j, inv(X)[i,j])", inputs=["X"], objective="E", sizes={"X.0": 2})
    report = check(differentiate(system))
    assert {r.check for r in report.rows if r.verdict == "wrong"} == {"steps", "numeric", "exact"}


def test_large_matrices_are_checked_over_short_axes():
    text = "E = sum(i,j, y[i]*inv(K)[i,j]*y[j]) + logdet(K)"
    system = parse(text, inputs=["y", "K"], objective="E", sizes={"i": 40})
    rows = check(differentiate(system)).rows
    assert any(r.name == "sizes" for r in rows)
    assert all(r.ok for r in rows)


# ---- refusals ------------------------------------------------------------------------------------


REFUSED = (
    ("E = logdet(X + 1)", "logdet takes the name of one tensor; name the matrix first"),
    ("E = sum(i,j, inv(2*X)[i,j])", "M[i,j] = ..., and write inv(M)[i,j]"),
    ("E = det(X[0])", "det takes the name of one tensor"),
    ("E = det(inv(X))", "det takes the name of one tensor"),
    ("E = det()", "det takes the name of one tensor"),
    ("E = det(X, X)", "det takes the name of one tensor"),
    ("E = det(X=3)", "det(...) takes no named arguments"),
    ("E = det(Z)", "unknown tensor 'Z'"),
    ("E = dett(X)", "did you mean 'det'?"),
    ("E = inv(X)", "inv(X) has 2 axes, and 0 subscripts stand here; write inv(X)[i,j]"),
    ("E = sum(i, inv(X)[i])", "write inv(X)[i,j]"),
    ("E = X[0,0] + sum(i, det(X)[i])", "det(X) has 0 axes, and 1 subscripts stand here"),
    ("x[i] = X[i,0]\nE = det(x)", "det(x) takes a matrix, and the rank of 'x' is 1"),
    ("E = logdet(Y)", "takes a square matrix, and 'Y' has 3 rows and 4 columns"),
    ("E = sum(i,j, inv(Y)[i,j])", "takes a square matrix"),
    ("E = sum(i, x[inv(X)[i,i]])", "stands in a subscript"),
    (
        "S[t,i,j] = X[i,j] + inv(S)[t,i-1,j]\nE = sum(t,i,j, S[t,i,j])",
        "depend on each other in a cycle that is no recurrence",
    ),
)


@pytest.mark.parametrize(("text", "told"), REFUSED, ids=[t for t, _ in REFUSED])
def test_refusals_name_the_cure(text, told):
    sizes = {"X.0": 3, "X.1": 3, "Y.0": 3, "Y.1": 4}
    used = [n for n in "XYx" if re.search(rf"\b{n}\b", text) and f"{n}[i] =" not in text]
    sizes = {k: v for k, v in sizes.items() if k[0] in used}
    if "t" in re.findall(r"\w+", text):
        sizes["t"] = 4
    with pytest.raises(ChainruleError) as error:
        parse(text, inputs=used, objective="E", sizes=sizes)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_an_assumption_is_about_tensors():
    with pytest.raises(ChainruleError, match=r"give det\(X\) a name of its own"):
        parse("E = det(X)", inputs=["X"], objective="E", assume=["det(X) == 1"])


def test_a_tensor_may_be_called_det_or_inv():
    """A tensor may be called like them."""
    told = derived("E = det(det) + sum(i, inv[i]*inv[i])", inputs=["det", "inv"])
    assert "E = det(det) + sum(i, inv[i]*inv[i])" not in told
    assert "ddet[i,j] = det_det*det_inv[j,i]" in told
