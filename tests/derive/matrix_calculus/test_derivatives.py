"""Derivatives of expressions in matrix notation: the Matrix Cookbook, and each array of others."""

from __future__ import annotations

import numpy as np
import pytest

from codegen.documents.matrix_answer import written
from derive.matrix_calculus.derivatives import derivatives
from tests.derive.matrix_calculus.by_differences import S, check

pytestmark = pytest.mark.sampled

# of the Matrix Cookbook by its numbers, of SymPy's own list by what they show
COOKBOOK = [
    ("33", "logdet(X)"),
    ("49", "det(X)"),
    ("51", "det(A @ X @ B)"),
    ("52", "det(X.T @ A @ X)"),
    ("55", "log(det(X.T @ X))"),
    ("57", "logdet(X)"),
    ("58", "det(matrix_power(X, 3))"),
    ("61", "a.T @ inv(X) @ b"),
    ("62", "det(inv(X))"),
    ("63", "tr(A @ inv(X) @ B)"),
    ("64", "tr(inv(X + A))"),
    ("69", "x.T @ a"),
    ("69 turned", "a.T @ x"),
    ("70", "a.T @ X @ b"),
    ("71", "a.T @ X.T @ b"),
    ("72", "a.T @ X @ a"),
    ("72 turned", "a.T @ X.T @ a"),
    ("77", "b.T @ X.T @ X @ c"),
    ("78", "(B @ x + b).T @ C @ (D @ x + d)"),
    ("81", "x.T @ B @ x"),
    ("82", "b.T @ X.T @ D @ X @ c"),
    ("83", "(X @ b + c).T @ D @ (X @ b + c)"),
    ("99", "tr(X)"),
    ("100", "tr(X @ A)"),
    ("101", "tr(A @ X @ B)"),
    ("102", "tr(A @ X.T @ B)"),
    ("103", "tr(X.T @ A)"),
    ("104", "tr(A @ X.T)"),
    ("106", "tr(X @ X)"),
    ("107", "tr(X @ X @ B)"),
    ("108", "tr(X.T @ B @ X)"),
    ("109", "tr(B @ X @ X.T)"),
    ("110", "tr(X @ X.T @ B)"),
    ("111", "tr(X @ B @ X.T)"),
    ("112", "tr(B @ X.T @ X)"),
    ("113", "tr(X.T @ X @ B)"),
    ("114", "tr(A @ X @ B @ X)"),
    ("115", "tr(X.T @ X)"),
    ("115 turned", "tr(X @ X.T)"),
    ("116", "tr(B.T @ X.T @ C @ X @ B)"),
    ("117", "tr(X.T @ B @ X @ C)"),
    ("118", "tr(A @ X @ B @ X.T @ C)"),
    ("119", "tr((A @ X @ B + C) @ (A @ X @ B + C).T)"),
    ("120", "tr(X) * tr(X)"),
    ("121", "tr(matrix_power(X, 4))"),
    ("122", "tr(A @ matrix_power(X, 3))"),
    ("123", "tr(B.T @ X.T @ C @ X @ X.T @ C @ X @ B)"),
    ("124", "tr(A @ inv(X) @ B)"),
    ("125", "tr(inv(X.T @ C @ X) @ A)"),
    ("126", "tr(inv(X.T @ C @ X) @ (X.T @ B @ X))"),
    ("127", "tr(inv(A + X.T @ C @ X) @ (X.T @ B @ X))"),
    ("a trace of traces", "tr(tr(tr(X) * X) * X)"),
    ("a squared trace", "tr(X)**2"),
    ("a root", "(x.T @ y)**0.5"),
    ("a third root", "(c.T @ a * (x.T @ b))**(1/3)"),
    ("a norm", "(x.T @ x)**0.5"),
    ("a root of a form", "d.T @ y * (a.T @ X @ b)**0.5 * (y.T @ c)"),
    ("sin of a form", "sin(a.T @ X @ b)"),
    ("sin inside", "a.T @ sin(X) @ b"),
    ("sin of a product", "a.T @ sin(A @ X @ B) @ b"),
    ("sin between", "a.T @ A @ sin(X) @ B @ b"),
    ("nested, first of two that SymPy gets wrong", "a.T @ log(A @ sin(X) @ B) @ b"),
    ("nested, second of two that SymPy gets wrong", "a.T @ log(sin(X)) @ b"),
    ("with a number", "x.T @ A @ x + k * sin(y).T @ x"),
    ("products of entries", "a.T @ (A * X * B) @ b"),
    ("long", "a.T @ (A @ X @ (X.T @ B + X @ A) + B.T @ X.T @ (a @ b.T @ (X @ D @ X.T "
     "+ X @ (X.T @ B + A @ X) @ D @ B - X.T @ C.T @ A) @ B + B @ (X @ D.T + B @ A @ X @ A.T "
     "- 3 * X @ D)) @ B + 42 * X @ B @ X.T @ A.T @ (X + X.T)) @ b"),
]  # fmt: skip
OF_X = [k for k in COOKBOOK if "X" in k[1]]
OF_VECTOR = [k for k in COOKBOOK if "X" not in k[1]]

OTHERS = [
    # one or more derivatives are zeros, ones, the identity: these have shapes, too
    ("c**2", "x: n, X: m n, c"),
    ("y", "x: n, y: m, X: m n, c"),
    ("c * n", "x: n, c"),
    ("sum(x) + mean(X)", "x: n, X: m n"),
    ("sum(sign(x)) + tr(X)", "x: n, X: n n"),
    ("x - mean(x)", "x: n"),
    ("where(c > 0, sum(x), tr(X))", "x: n, X: n n, c"),
    ("x.T @ A @ x / 2", "A: n n, x: n"),
    ("x.T @ A @ x", "A: n n symmetric, x: n"),
    ("norm2(A @ x - y)**2", "A: m n, x: n, y: m"),
    ("norm2(A @ x - y)", "A: m n, x: n, y: m"),
    ("norm1(A @ x - y)", "A: m n, x: n, y: m"),
    ("norm2(X - a @ b.T)**2 / 2 + c * norm1(X)", "X: m n, a: m, b: n, c"),
    ("sum(log(1 + exp(-y * (X @ w)))) / m", "X: m n, w: n, y: m"),
    ("mean(softplus(X @ w)) + c / 2 * w.T @ w", "X: m n, w: n, c"),
    ("logsumexp(A @ x)", "A: m n, x: n"),
    ("max(A @ x)", "A: m n, x: n"),
    ("prod(x) + min(A)", "A: m n, x: n"),
    ("sum(relu(A @ x + b))", "A: m n, x: n, b: m"),
    ("sum(erf(x) * tanh(y)) - sum(abs(x) / cosh(y))", "x: n, y: n"),
    ("tr(A @ X.T @ B @ X @ C)", "A: p n, X: m n, B: m m, C: n p"),
    ("logdet(A @ A.T)", "A: m n"),
    ("logdet(S) + y.T @ inv(S) @ y", "S: n n symmetric, y: n"),
    ("sum((A @ diag(x) @ A.T) * B)", "A: m n, x: n, B: m m"),
    ("sum(diag(X) * x)", "X: n n, x: n"),
    ("vector(1).T @ X @ vector(1)", "X: m n"),
    ("norm2(X - vector(1) @ x.T)**2", "X: m n, x: n"),
    ("norm2(eye - X @ A)**2", "X: n n, A: n n"),
    ("x.T @ y * sum(where(x > y, x, y))", "x: n, y: n"),
    ("sum(maximum(x, y) * minimum(x, 2))", "x: n, y: n"),
    ("c**3 * n", "c, x: n"),
    ("sigmoid(x.T @ y)**c", "x: n, y: n, c"),
    ("sum(x / (1 + x.T @ y))", "x: n, y: n"),
    ("z = A @ x - y; norm2(z)**2 + sum(exp(z))", "A: m n, x: n, y: m"),
    ("norm2(Y - U @ V.T)**2", "Y: m n, U: m p, V: n p"),
    ("-sum(y * log(sigmoid(X @ w)) + (1 - y) * log(1 - sigmoid(X @ w)))", "X: m n, w: n, y: m"),
    ("-t.T @ log(exp(W @ x) / sum(exp(W @ x)))", "W: m n, x: n, t: m"),
    ("sum((y - sigmoid(X @ w))**2)", "X: m n, w: n, y: m"),
    ("sum(maximum(0, 1 - y * (X @ w)))", "X: m n, w: n, y: m"),
    ("sum((B @ relu(A @ x - 1) - y)**2)", "A: m n, B: p m, x: n, y: p"),
    ("x.T @ A @ x / (x.T @ x)", "A: n n, x: n"),
    ("x.T @ y / (norm2(x) * norm2(y))", "x: n, y: n"),
    ("y.T @ inv(A + c * eye) @ y", "A: n n, y: n, c"),
    ("tr(X @ inv(X + A))", "X: n n, A: n n"),
    ("exp(-norm2(x - y)**2 / (2 * c**2)) * pi", "x: n, y: n, c"),
    ("sum(x / (y / exp(x))) / (c / 2)", "x: n, y: n, c"),
    ("sum((x - mean(x))**2) / n", "x: n"),
    ("sum(log(x / sum(x)) * y)", "x: n, y: n"),
    ("sum(x * y) / sqrt(sum(x**2) * sum(y**2))", "x: n, y: n"),
    ("x.T @ inv(diag(y)) @ x + sqrt(c)", "x: n, y: n, c"),
    ("logdet(diag(x) + A)", "A: n n, x: n"),
    ("(y - x).T @ inv(A + A.T) @ (y - x) / 2", "A: n n, x: n, y: n"),
    ("sum((Y - X @ W)**2 / m) + c * norm2(W)**2", "Y: m p, X: m n, W: n p, c"),
    ("a.T @ inv(X.T @ X) @ b", "X: p n, a: n, b: n"),
    ("sum(A) * norm2(x)", "A: 2 3, x: 4"),
    # of vectors and matrices
    ("A @ x / sum(A @ x)", "A: m n, x: n"),
    ("x - mean(x) + sum(x) * y", "x: n, y: n"),
    ("X @ X.T", "X: m n"),
    ("A @ x", "A: m n, x: n"),
    ("exp(A @ x)", "A: m n, x: n"),
    ("exp(x) / sum(exp(x))", "x: n"),
    ("x / norm2(x)", "x: n"),
    ("A @ X", "A: m n, X: n p"),
    ("inv(X) @ x", "X: n n, x: n"),
    ("X.T", "X: m n"),
    ("x * y + c", "x: n, y: n, c"),
    ("x @ x.T", "x: n"),
    ("tan(x)", "x: n"),
    ("sin(log(c) * A)", "A: m n, c"),
]  # fmt: skip


@pytest.mark.parametrize(("number", "expression"), OF_X, ids=[k[0] for k in OF_X])
def test_matrix_cookbook_by_a_matrix(number: str, expression: str) -> None:
    check(expression, S, "X")


@pytest.mark.parametrize(("number", "expression"), OF_VECTOR, ids=[k[0] for k in OF_VECTOR])
def test_matrix_cookbook_by_a_vector(number: str, expression: str) -> None:
    check(expression, S, "x")


@pytest.mark.parametrize(("expression", "shapes"), OTHERS, ids=[k[0] for k in OTHERS])
def test_each_array(expression: str, shapes: str) -> None:
    for piece in shapes.split(","):
        name = piece.partition(":")[0].strip()
        if "symmetric" not in piece:
            check(expression, shapes, name)


def test_a_branch_that_is_not_taken_does_no_harm():
    """The factors stood beside the condition: 0 * log(0) in the rows that it excludes."""
    for expression, wanted in (
        ("where(x > 0, log(x), 0)", [[0, 0, 0], [0, 0.5, 0], [0, 0, 0]]),
        ("where(x > 0, sqrt(x), 0)", [[0, 0, 0], [0, 1 / np.sqrt(8), 0], [0, 0, 0]]),
    ):
        source = written(derivatives(expression, "x: n", ["x"]), "py")
        space = {}
        with np.errstate(all="ignore"):
            exec(source, space)
            assert np.allclose(space["jacobian"](np.array([0.0, 2.0, -1.0])), wanted)


@pytest.mark.parametrize(
    "expression",
    [
        "tr(matrix_power(X, 14))",
        "tr(" + "@".join(["X"] * 12) + ")",
        "x1 = sin(x); "
        + "; ".join(f"x{k + 1} = sin(x{k} + x{k})" for k in range(1, 24))
        + "; sum(x24)",
    ],
)
def test_long_products_and_chains_take_no_time(expression):
    answers = derivatives(expression, "X: n n, x: n", ["X" if "X" in expression else "x"])
    assert all(len(line) < 2000 for line in written(answers, "text").splitlines())
