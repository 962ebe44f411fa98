"""Answers in matrix notation: lines, formulas, functions that read well, systems, the command."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import derive
from codegen.cli import main
from codegen.documents.matrix_answer import written
from derive.matrix_calculus.derivatives import derivatives
from tests.derive.matrix_calculus.by_differences import S, check

pytestmark = pytest.mark.sampled


OF_ROOTS = "Y: n n symmetric, B: k k symmetric, X: n k"
LINES = [
    ("x.T @ A @ x", "A: n n, x: n", "x", "A @ x + A.T @ x"),
    ("x.T @ A @ x", "A: n n symmetric, x: n", "x", "2 * A @ x"),
    ("x @ A @ x", "A: n n symmetric, x: n", "x", "2 * A @ x"),
    ("x.T @ A @ x", "A: 3 3, x: 3", "A", "x @ x.T"),
    ("norm2(A @ x - y)**2", "A: m n, x: n, y: m", "x", "2 * A.T @ (A @ x - y)"),
    ("tr(A @ X.T @ B @ X @ C)", S, "X", "B @ X @ C @ A + B.T @ X @ A.T @ C.T"),
    ("logdet(X)", S, "X", "inv(X).T"),
    ("logdet(X)", "X: n n symmetric", "X", "inv(X)"),
    ("det(X)", S, "X", "det(X) * inv(X).T"),
    ("tr(X)", S, "X", "eye(n)"),
    ("sum(relu(A @ x))", S, "x", "A.T @ where(A @ x > 0, 1, 0)"),
    ("exp(A @ x)", S, "x", "diag(exp(A @ x)) @ A"),
    ("A @ X", "A: m n, X: n p", "X", "dY_dX[i,l,k,j] = where(l == j, 1, 0)*A[i,k]"),
    ("k**2", S, "x", "zeros(n)"),
    ("X - (X)", S, "X", "zeros((n, n, n, n))"),
    ("k**2", S, "k", "2 * k"),
    ("k", "X: m n, k", "X", "zeros((m, n))"),
    ("y", "x: 3, y: m", "x", "zeros((m, 3))"),
    ("n**2", "x: n, k", "k", "0"),
    ("sum(x)", S, "x", "ones(n)"),
    ("sum(X)", "X: m n", "X", "ones((m, n))"),
    ("mean(X)", "X: m n", "X", "ones((m, n)) / (m * n)"),
    ("where(k > 0, sum(x), 0)", S, "x", "where(k > 0, 1, 0) * ones(n)"),
    ("x - mean(x)", S, "x", "eye(n) - ones((n, n)) / n"),
    ("sum(X @ X)", S, "X", "ones(n) @ ones(n).T @ X.T + X.T @ ones(n) @ ones(n).T"),
    ("pi * x.T @ x", S, "x", "2 * pi * x"),
    # as a person would write it
    ("norm2(y - A @ x)**2", S, "x", "2 * A.T @ (A @ x - y)"),
    ("norm2(C - A @ X.T)**2", S, "X", "2 * (A @ X.T - C).T @ A"),
    ("norm2(Y - X @ B @ X.T)**2", OF_ROOTS, "X", "4 * (X @ B @ X.T - Y) @ X @ B"),
    ("norm2(Y - X @ X.T)**2", OF_ROOTS, "X", "4 * (X @ X.T - Y) @ X"),
    ("tr(eye(3) - A)**2", "A: 3 3", "A", "2 * (tr(A) - 3) * eye(3)"),
    ("tr(A @ (eye(n) - A))", "A: n n", "A", "eye(n) - 2 * A.T"),
    ("logsumexp(A @ x) - y.T @ A @ x", S, "x", "A.T @ (exp(A @ x - logsumexp(A @ x)) - y)"),
    (
        "-sum(y * log(sigmoid(A @ x)) + (1 - y) * log(1 - sigmoid(A @ x)))",
        S,
        "x",
        "A.T @ (sigmoid(A @ x) - y)",
    ),
    (
        "sum((y - sigmoid(A @ x))**2)",
        S,
        "x",
        "2 * A.T @ ((y - sigmoid(A @ x)) * (sigmoid(A @ x) - 1) * sigmoid(A @ x))",
    ),
    (
        "-y.T @ log(exp(A @ x) / sum(exp(A @ x)))",
        S,
        "x",
        "A.T @ (sum(y) * exp(A @ x) / sum(exp(A @ x)) - y)",
    ),
    (
        "exp(x) / sum(exp(x))",
        S,
        "x",
        "diag(exp(x)) / sum(exp(x)) - exp(x) @ exp(x).T / sum(exp(x))**2",
    ),
    ("sum(maximum(0, 1 - y * (A @ x)))", S, "x", "A.T @ where(1 - y * (A @ x) > 0, -y, 0)"),
    ("sum(maximum(1 - y * (A @ x), 0))", S, "A", "where(1 - y * (A @ x) > 0, -y, 0) @ x.T"),
    (
        "sum((B @ relu(A @ x) - y)**2)",
        S,
        "x",
        "2 * A.T @ (where(A @ x > 0, 1, 0) * (B.T @ (B @ relu(A @ x) - y)))",
    ),
    (
        "x.T @ A @ x / (x.T @ x)",
        "A: n n symmetric, x: n",
        "x",
        "2 * (A @ x / norm2(x)**2 - (x.T @ A @ x) * x / norm2(x)**4)",
    ),
    ("a.T @ x * (b.T @ x)", S, "x", "(a.T @ x) * b + (b.T @ x) * a"),
    ("a.T @ X.T @ b * k", S, "k", "b.T @ X @ a"),
    ("y.T @ inv(A + k * eye) @ y", S, "k", "-y.T @ inv(A + k * eye(n)) @ inv(A + k * eye(n)) @ y"),
    (
        "logdet(X) + y.T @ inv(X) @ y",
        "X: n n symmetric, y: n",
        "X",
        "inv(X) - inv(X) @ y @ y.T @ inv(X)",
    ),
    ("2 * A @ x - (A @ x - y)", S, "y", "eye(n)"),
    ("log(x.T @ A @ x)", S, "x", "(A @ x + A.T @ x) / (x.T @ A @ x)"),
    ("(A @ x - b).T @ diag(y) @ (A @ x - b)", S, "x", "2 * A.T @ ((A @ x - b) * y)"),
    ("norm2(X @ X.T - A)**2", "X: n p, A: n n symmetric", "A", "2 * (A - X @ X.T)"),
    (
        "(y - x).T @ inv(X) @ (y - x)",
        "X: n n symmetric, x: n, y: n",
        "X",
        "-inv(X) @ (y - x) @ (y - x).T @ inv(X)",
    ),
    ("norm2(y - A @ x)", S, "y", "(y - A @ x) / norm2(y - A @ x)"),
    ("logdet(diag(x) + A)", S, "x", "diag(inv(diag(x) + A).T)"),
    ("x.T @ inv(diag(y)) @ x", S, "x", "2 * x / y"),
    ("sum(log(x / sum(x)) * y)", S, "x", "y / x - sum(y) / sum(x)"),
    (
        "sum(x * y) / sqrt(sum(x**2) * sum(y**2))",
        S,
        "x",
        "(y - (x.T @ y) * x / norm2(x)**2) / (norm2(x) * norm2(y))",
    ),
    ("sqrt(k)", S, "k", "1 / (2 * sqrt(k))"),
    ("sigmoid(a.T @ x + k)", S, "k", "sigmoid(a.T @ x + k) * (1 - sigmoid(a.T @ x + k))"),
]


@pytest.mark.parametrize(("expression", "shapes", "wrt", "line"), LINES, ids=[k[0] for k in LINES])
def test_the_answer_is_one_line(expression: str, shapes: str, wrt: str, line: str) -> None:
    assert str(derivatives(expression, shapes, wrt)) == line


def test_names_in_an_answer_are_no_derivatives() -> None:
    """`dz` beside `z` was refused when the line was read again."""
    expression = "sum(sigmoid(X @ (X @ y) + (X.T @ y - X @ y)) * tanh(X @ X @ X @ y + X @ y))"
    answers = derivatives(expression, S, "X")
    assert "; " in str(answers)
    assert answers.each[0].where
    check(expression, S, "X")


def test_formulas() -> None:
    lines = {
        "k**2": r"\mathbf{0}",
        "sum(X)": r"\mathbf{1}\,\mathbf{1}^{\top}",
        "a.T @ b * (a.T @ X @ b)": r"\bigl(a^{\top}\,b\bigr)\,a\,b^{\top}",
        "norm2(y - X @ a)**2": r"2(X\,a - y)\,a^{\top}",
    }
    for expression, formula in lines.items():
        assert written(derivatives(expression, S, "X"), "tex") == f"{formula}\n"
    assert written(derivatives("x.T @ A @ x", "A: n n, x: n", "x"), "tex") == (
        "A\\,x + A^{\\top}\\,x\n"
    )
    assert written(derivatives("tr(A @ inv(X) @ B)", S, "X"), "tex") == (
        "-X^{-\\top}\\,A^{\\top}\\,B^{\\top}\\,X^{-\\top}\n"
    )
    shown = written(derivatives("norm2(x - y)", "x: n, y: n", "x"), "md")
    assert "$$E = \\lVert x - y\\rVert_{2}$$" in shown


def test_the_function_reads_well() -> None:
    source = written(derivatives("y.T @ inv(X) @ y", "X: n n symmetric, y: n", "y"), "py")
    assert source.splitlines() == [
        "import numpy as np",
        "",
        "",
        "def gradient(X, y):",
        '    """The derivative of y.T @ inv(X) @ y by y, of the shape (n,)."""',
        "    return 2 * np.linalg.solve(X, y)",
    ]


def test_several_functions_are_one_module() -> None:
    both = written(derivatives("sum(erf(x))*erf(sum(y))", "x: n, y: n", ["x", "y"]), "py")
    assert both.startswith("import numpy as np\nfrom scipy.special import erf\n\n\ndef gradient_x(")
    assert both.count("import") == 2
    indexed = written(derivatives("relu(A @ x)", "A: m n, x: n", ["A", "x"]), "py")
    assert "astype(float)" in indexed
    assert "DTYPE" not in indexed
    by_places: dict[str, Any] = {}
    exec(written(derivatives("erf(A @ x)**2", "A: m n, x: n", ["A", "x"]), "py"), by_places)
    assert by_places["jacobian_A"](np.ones((2, 3)), np.zeros(3)).shape == (2, 2, 3)


FUNCTIONS = [
    ("k**2", "X: m n, k", "X", ["return np.zeros(X.shape)"]),
    ("k * y", "x: n, y: m, k", "x", ["return np.zeros((len(y), len(x)))"]),
    ("3 * sum(x)", "x: n", "x", ["return 3 * np.ones(len(x))"]),
    (
        "sum((y - sigmoid(A @ x))**2)",
        S,
        "x",
        ["z = 1 / (1 + np.exp(-(A @ x)))", "return 2 * A.T @ ((y - z) * (z - 1) * z)"],
    ),
    (
        "y.T @ inv(A + k * eye) @ y",
        "A: n n, y: n, k",
        "k",
        ["M = np.linalg.inv(A + k * np.eye(len(A)))", "return -y @ (M @ (M @ y))"],
    ),
    (
        "y.T @ inv(X) @ y * tr(inv(X))",
        "X: n n, y: n",
        "y",
        [
            "X_inv = np.linalg.inv(X)",
            "return np.trace(X_inv) * (X_inv @ y + X_inv.T @ y)",
        ],
    ),
]


@pytest.mark.parametrize(("expression", "shapes", "wrt", "lines"), FUNCTIONS)
def test_the_function_s_lines(expression: str, shapes: str, wrt: str, lines: list[str]) -> None:
    source = written(derivatives(expression, shapes, wrt), "py")
    assert [line.strip() for line in source.splitlines()[5:]] == lines


def test_systems_are_systems() -> None:
    system = derive.matrix("z = A @ x; norm2(z)**2", "A: m n, x: n")
    assert system.objective == "E"
    assert [t.name for t in system.having("input")] == ["A", "x"]
    assert derive.differentiate(system, wrt="x").gradient("x").tensor == "dx"


def test_the_command(capfd: pytest.CaptureFixture[str]) -> None:
    asked = ["derive", "--expression", "x.T @ A @ x", "--shapes", "A: n n, x: n"]
    assert main([*asked, "--wrt", "x"]) == 0
    assert capfd.readouterr().out == "A @ x + A.T @ x\n"
    assert main(asked) == 0
    assert capfd.readouterr().out == "A: x @ x.T\nx: A @ x + A.T @ x\n"
    assert main([*asked, "--wrt", "x", "--format", "json"]) == 0
    assert '"matrix": "A @ x + A.T @ x"' in capfd.readouterr().out
    for more in (["spec.toml"], ["--wrt", "z"], ["--format", "pdf"], ["--wrt", ","]):
        assert main([*asked, *more]) == 2
        out, err = capfd.readouterr()
        assert not out
        assert len(err.splitlines()) == 1
    assert main(["derive"]) == 2
    assert main(["derive", "--expression", "x"]) == 2
    assert main(["derive", "spec.toml", "--wrt", "x"]) == 2
