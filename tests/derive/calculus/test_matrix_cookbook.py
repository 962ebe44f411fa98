"""Derivatives of determinants and inverses as the Matrix Cookbook has them."""

import re

import numpy as np
import pytest
from numpy.linalg import det, inv

from derive import differentiate, parse
from derive.semantics.interpreter import evaluate

pytestmark = pytest.mark.sampled

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
