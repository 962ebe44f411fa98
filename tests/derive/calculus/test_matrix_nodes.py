"""Inverses, determinants and their logarithms: gradients, second derivatives, code, formulas."""

import re
from fractions import Fraction

import numpy as np
import pytest

from codegen.documents.formats.pdf import compile_with_log, have_tex
from codegen.documents.write import document
from codegen.latex.index_printer import IndexPrinter
from codegen.latex.matrix_printer import MatrixPrinter
from codegen.latex.symbols import Names
from codegen.verify import verify_module
from derive import ChainruleError, check, differentiate, loads, parse
from derive.calculus.second import directional
from derive.checks.exact import SYMBOLS
from derive.language.printer import equation_text
from derive.semantics.gaussian import determinant, inverse, log_determinant
from derive.semantics.interpreter import evaluate
from derive.semantics.number_systems import EXACT, FLOATS, Inexact, many_digits
from tests.codegen.documents.tex_log import complaints
from tests.codegen.latex.printed import Printed, agrees, every_step, matrix_notation, right_side
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
from tests.read_back import index_latex, matrix_latex

pytestmark = pytest.mark.sampled

BY_NAME = {m.name: m for m in MATRICES}
each_model = pytest.mark.parametrize("model", [pytest.param(m, id=m.name) for m in MATRICES])
inv = np.linalg.inv
det = np.linalg.det


def chosen(*names):
    return pytest.mark.parametrize("model", [pytest.param(BY_NAME[n], id=n) for n in names])


# ---- derivatives ---------------------------------------------------------------------------------


@each_model
def test_gradients_are_autograd_s(model):
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


# Petersen & Pedersen, The Matrix Cookbook, 2012: the equation's number, the model, what is taken
# the derivative by, and the right side as the book has it
COOKBOOK = (
    (33, "E = sum(i,j, A[i,j])", "X", lambda X, A, **_: 0 * X),
    (49, "E = det(X)", "X", lambda X, **_: det(X) * inv(X).T),
    (
        51,
        "P[i,j] = sum(k,l, A[i,k]*X[k,l]*B[l,j])\nE = det(P)",
        "X",
        lambda X, A, B, **_: det(A @ X @ B) * inv(X).T,
    ),
    (
        52,
        "P[i,j] = sum(k,l, X[k,i]*A[k,l]*X[l,j])\nE = det(P)",
        "X",
        lambda X, A, **_: 2 * det(X.T @ A @ X) * inv(X).T,
    ),
    (
        53,
        "P[i,j] = sum(k,l, Z[k,i]*S[k,l]*Z[l,j])\nE = det(P)",
        "Z",
        lambda Z, S, **_: 2 * det(Z.T @ S @ Z) * S @ Z @ inv(Z.T @ S @ Z),
    ),
    (
        54,
        "P[i,j] = sum(k,l, Z[k,i]*A[k,l]*Z[l,j])\nE = det(P)",
        "Z",
        lambda Z, A, **_: (
            det(Z.T @ A @ Z) * (A @ Z @ inv(Z.T @ A @ Z) + A.T @ Z @ inv(Z.T @ A.T @ Z))
        ),
    ),
    (
        55,
        "P[i,j] = sum(k, Z[k,i]*Z[k,j])\nE = log(det(P))",
        "Z",
        lambda Z, **_: 2 * np.linalg.pinv(Z).T,
    ),
    (
        56,  # with Z the pseudo-inverse of what the book calls X
        "P[i,j] = sum(k, Z[k,i]*Z[k,j])\nE = -log(det(P))",
        "Z",
        lambda Z, **_: -2 * np.linalg.pinv(Z).T,
    ),
    (57, "E = logdet(X)", "X", lambda X, **_: inv(X).T),
    (
        58,
        "P[i,j] = sum(k,l, X[i,k]*X[k,l]*X[l,j])\nE = det(P)",
        "X",
        lambda X, **_: 3 * det(X @ X @ X) * inv(X).T,
    ),
    (
        61,
        "E = sum(i,j, a[i]*inv(X)[i,j]*b[j])",
        "X",
        lambda X, a, b, **_: -inv(X).T @ np.outer(a, b) @ inv(X).T,
    ),
    (
        62,
        "Y[i,j] = inv(X)[i,j]\nE = det(Y)",
        "X",
        lambda X, **_: -det(inv(X)) * inv(X).T,
    ),
    (
        63,
        "E = sum(i,j,k, A[i,j]*inv(X)[j,k]*B[k,i])",
        "X",
        lambda X, A, B, **_: -(inv(X) @ B @ A @ inv(X)).T,
    ),
    (
        64,
        "P[i,j] = X[i,j] + A[i,j]\nE = sum(i, inv(P)[i,i])",
        "X",
        lambda X, A, **_: -(inv(X + A) @ inv(X + A)).T,
    ),
)
SQUARE = dict.fromkeys(("X.0", "X.1", "A.0", "A.1", "B.0", "B.1", "S.0", "S.1", "a.0", "b.0"), 3)
_SIZES = {**SQUARE, "Z.0": 3, "Z.1": 2}


def cookbook_arrays():
    source = np.random.default_rng(5)
    near = {n: np.eye(3) + 0.3 * source.normal(size=(3, 3)) for n in "XAB"}
    half = source.normal(size=(3, 3))
    vectors = {n: source.normal(size=3) for n in "ab"}
    return {**near, "S": half + half.T, "Z": source.normal(size=(3, 2)), **vectors}


def model_by(text, wrt):
    names = dict.fromkeys([*re.findall(r"\b[XABSZab]\b", text), wrt])
    sizes = {k: v for k, v in _SIZES.items() if k[0] in names}
    system = parse(text, inputs=list(names), objective="E", sizes=sizes)
    return differentiate(system, wrt=[wrt])


@pytest.mark.parametrize(
    ("text", "wrt", "book"), [r[1:] for r in COOKBOOK], ids=[str(r[0]) for r in COOKBOOK]
)
def test_the_matrix_cookbook(text, wrt, book):
    text = text if wrt in text else f"{text}\nunused[i,j] = {wrt}[i,j]"
    derivation = model_by(text, wrt)
    arrays = cookbook_arrays()
    values = {t.name: arrays[t.name] for t in derivation.system.having("input")}
    if wrt not in derivation.adjoint:
        assert not book(**arrays).any()
        return
    everything = (*derivation.forward, *derivation.inlined, *derivation.backward)
    found = evaluate(everything, derivation.table, values)[derivation.adjoint[wrt]]
    np.testing.assert_allclose(found, book(**arrays), rtol=1e-9, atol=1e-12)


def test_the_matrix_cookbook_s_identity_of_cofactors():
    """Equation 50: the derivatives of a determinant times another row give 0, times its own det."""
    derivation = model_by("E = det(X)", "X")
    x = cookbook_arrays()["X"]
    found = evaluate((*derivation.forward, *derivation.backward), derivation.table, {"X": x})["dX"]
    np.testing.assert_allclose(found @ x.T, det(x) * np.eye(3), atol=1e-12)


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
    assert np.allclose(values["dX"], inv(x).T)


@each_model
def test_texts_read_back(model):
    """What is printed of the equations is the language, and means the same."""
    system = system_of(model)
    text = "\n".join(equation_text(e) for e in system.equations)
    spec = {**model.spec(), "equations": text}
    again = parse(spec.pop("equations"), **spec)
    assert [equation_text(e) for e in again.equations] == text.splitlines()


def test_a_layer_may_invert():
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


def test_small_ones_are_proved():
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


# ---- arithmetic ----------------------------------------------------------------------------------

HILBERT = [[Fraction(1, i + j + 1) for j in range(5)] for i in range(5)]


@pytest.mark.parametrize(
    "arithmetic", [FLOATS, many_digits(), EXACT, SYMBOLS], ids=lambda a: a.name
)
@pytest.mark.parametrize("seed", range(3))
def test_elimination_is_numpy_s(arithmetic, seed):
    x = np.random.default_rng(seed).integers(-9, 10, (3, 3))
    rows = [[arithmetic.number(int(v)) for v in row] for row in x]

    def plain(value):
        return float(getattr(value, "value", value))

    assert np.isclose(plain(determinant(rows, arithmetic)), det(x))
    found = np.vectorize(plain)(np.array(inverse(rows, arithmetic), dtype=object))
    assert np.allclose(found, inv(x))
    if arithmetic is not EXACT:
        assert np.isclose(plain(log_determinant(rows, arithmetic)), np.linalg.slogdet(x)[1])


def test_rationals_are_exact():
    assert determinant(HILBERT, EXACT) == Fraction(1, 266716800000)
    assert inverse(HILBERT, EXACT)[4][4] == 44100
    digits = many_digits()
    rows = [[digits.number(v) for v in row] for row in HILBERT]
    assert abs(determinant(rows, digits) * 266716800000 - 1) < 1e-40
    assert log_determinant([[Fraction(2), Fraction(1)], [Fraction(1), Fraction(1)]], EXACT) == 0


@pytest.mark.parametrize("arithmetic", [FLOATS, many_digits(), SYMBOLS], ids=lambda a: a.name)
def test_a_singular_matrix_is_no_error(arithmetic):
    rows = [[arithmetic.number(v) for v in row] for row in ([1, 2], [2, 4])]

    def plain(value):
        return float(getattr(value, "value", value))

    assert plain(determinant(rows, arithmetic)) == 0
    assert plain(log_determinant(rows, arithmetic)) == -np.inf
    assert not any(np.isfinite(plain(v)) for row in inverse(rows, arithmetic) for v in row)


def test_a_singular_matrix_has_no_rational_inverse():
    with pytest.raises(Inexact):
        inverse([[Fraction(1), Fraction(2)], [Fraction(2), Fraction(4)]], EXACT)


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


def test_the_words_stay_names():
    """A tensor may be called like them."""
    told = derived("E = det(det) + sum(i, inv[i]*inv[i])", inputs=["det", "inv"])
    assert "E = det(det) + sum(i, inv[i]*inv[i])" not in told
    assert "ddet[i,j] = det_det*det_inv[j,i]" in told


# ---- formulas ------------------------------------------------------------------------------------

READ_BACK = (
    *("logdet", "determinant", "quadratic_form_of_inverse"),
    *(
        "gaussian_with_covariance",
        "gaussian_process",
        "batched_mahalanobis",
        "ridge_by_normal_equations",
    ),
)


def _plain(text):
    """What the readers don't know: the logarithm of a determinant is one symbol of theirs."""
    text = text.replace(r"\log\lvert\det", r"\det\lvert\det")
    return re.sub(r"(\w)\^\{-\\top\}", r"(\1^{-1})^{\\top}", text)


class Told(Printed):
    """A model as printed, but for the definitions of what has no name of its own."""

    def __init__(self, model):
        super().__init__(model)
        self.definitions = [e for e in self.equations if e.tensor in self.names.nodes]
        direct = [e for e in self.equations if e.terms[0].matrix is not None]
        self.equations = [e for e in self.equations if e not in direct]


@chosen(*READ_BACK)
def test_formulas_read_back(model, monkeypatch):
    read = index_latex.read
    lex = index_latex.lex
    for reader in (index_latex, matrix_latex):
        monkeypatch.setattr(reader, "lex", lambda text: lex(_plain(text)))
    told = Told(model)
    world = told.world()
    for equation in told.equations:
        formula = told.index.formula(equation)
        wanted = told.arrays[equation.tensor]
        agrees(right_side(formula), formula.left, world, wanted, equation_text(equation))
    for equation in told.definitions:
        if equation.terms[0].reduce == "inv":
            formula = told.index.formula(equation)
            letters = [told.names.letter(a) for a in equation.axes]
            for place in np.ndindex(*(a.extent.number or 1 for a in equation.axes)):
                at = dict(zip(letters, place, strict=True))
                assert np.isclose(read(formula.left, world, at), read(formula.right[0], world, at))
    matrix_notation(told)
    every_step(told)


def told(text, **kw):
    """Every formula of a model: in matrices where there is such a form, else with subscripts."""
    names = sorted(set(re.findall(r"\b[A-Za-z]\w*(?=\[|\))", text)) - {"E", "Y"})
    derivation = differentiate(parse(text, inputs=names, objective="E", **kw))
    index = IndexPrinter(Names(derivation), derivation.table)
    matrix = MatrixPrinter(index, frozenset("n"))
    equations = (*derivation.forward, *derivation.backward)
    return [(matrix.formula(e) or index.formula(e)).latex() for e in equations]


def test_a_few_word_for_word():
    assert told("E = logdet(X)", sizes={"X.0": 3}) == [
        r"E = \log\lvert\det X\rvert",
        r"X^{-1}\,X = I",
        r"\frac{\partial E}{\partial X} = X^{-\top}",
    ]
    assert told("E = sum(i,j, a[i]*inv(W1)[i,j]*a[j])", sizes={"i": 3}) == [
        r"\bigl(W^{(1)}\bigr)^{-1}\,W^{(1)} = I",
        r"E = a^{\top}\,\bigl(W^{(1)}\bigr)^{-1}\,a",
        r"\frac{\partial E}{\partial \bigl(W^{(1)}\bigr)^{-1}} = a\,a^{\top}",
        r"\frac{\partial E}{\partial a} = \bigl(W^{(1)}\bigr)^{-1}\,a"
        r" + \bigl(W^{(1)}\bigr)^{-\top}\,a",
        r"\frac{\partial E}{\partial W^{(1)}} = -\bigl(W^{(1)}\bigr)^{-\top}\,"
        r"\frac{\partial E}{\partial \bigl(W^{(1)}\bigr)^{-1}}\,\bigl(W^{(1)}\bigr)^{-\top}",
    ]
    assert told("Y[i,j] = inv(X)[i,j]\nE = det(X)**2*Y[0,1]", sizes={"X.0": 3})[:3] == [
        r"Y = X^{-1}",
        r"\det(X) = \sum_{\pi} \operatorname{sgn}(\pi) \prod_{i} X_{i,\pi(i)}",
        r"E = \det(X)^{2}\,Y_{0,1}",
    ]
    assert told("E = sum(n, logdet(X)[n])", sizes={"X.1": 3}, batch="n")[0] == (
        r"\log\lvert\det X_{n}\rvert = "
        r"\log\biggl\lvert \sum_{\pi} \operatorname{sgn}(\pi) \prod_{i} X_{n,i,\pi(i)}\biggr\rvert"
    )


def test_a_differential_has_the_change_between_the_inverses():
    text = document(derivation_of(BY_NAME["gaussian_process"]), format="md")
    assert r"\mathrm{d}K^{-1}_{ij} = -\sum_{k,l} K^{-1}_{ik}\thinspace \mathrm{d}K_{kl}" in text
    assert r"As $K^{-1}\thinspace K = I$ whatever the matrix is" in text
    assert r"is its cofactor, $\det(K)\thinspace K^{-1}_{ji}$" in text


def test_an_example_in_numbers():
    text = """
name = "worked"
equations = "E = sum(i,j, x[i]*inv(S)[i,j]*x[j]) + logdet(S) - det(S)"
parameters = ["S"]
inputs = ["x"]
objective = "E"
sizes = { i = 2 }
[example]
S = [[2, 1], [1, 3]]
x = [1, -1]
"""
    found = document(differentiate(loads(text)), format="tex").replace(" &= ", " = ")
    s = r"\begin{pmatrix} 2 & 1 \\ 1 & 3 \end{pmatrix}"
    turned = r"\begin{pmatrix} 0.6 & -0.2 \\ -0.2 & 0.4 \end{pmatrix}"
    assert rf"S^{{-1}} = {s}^{{-1}} = {turned}" in found
    assert rf"\det(S) = \det{s} = 5" in found
    assert rf"= \log\left\lvert\det{s}\right\rvert = 1.60943791" in found
    assert r"\begin{pmatrix} -3.04 & 1.28 \\ 1.28 & -1.96 \end{pmatrix}" in found


@pytest.mark.tex
@pytest.mark.skipif(not have_tex(), reason="no pdflatex here")
def test_a_document_compiles():
    derivation = derivation_of(BY_NAME["gaussian_with_covariance"])
    pdf, log = compile_with_log(document(derivation, detail="full"))
    assert pdf.startswith(b"%PDF")
    assert complaints(log) == []


@pytest.mark.parametrize("calculus", ["differential", "kronecker"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_documents_in_other_manners(calculus, lang):
    derivation = derivation_of(BY_NAME["batched_mahalanobis"])
    text = document(derivation, format="md", lang=lang, calculus=calculus, detail="full")
    assert "{" + "inverse}" not in text
    assert r"S^{-1}" in text
