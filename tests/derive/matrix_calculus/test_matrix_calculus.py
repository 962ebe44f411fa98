"""Derivatives of expressions in matrix notation, against differences of NumPy's own values.

The expression is evaluated by NumPy with every vector as a matrix of one column: none of the
readers, conventions or shapes of the product have a part in it.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import pytest
from scipy.special import erf

import derive
from codegen.cli import main
from codegen.documents.matrix_answer import written
from derive.errors import ChainruleError
from derive.matrix_calculus.derivatives import Answers, derivatives
from derive.semantics import interpreter

pytestmark = pytest.mark.sampled

EXTENTS = {"n": 3, "m": 2, "p": 4}
STEP = 1e-5
TOLERANCE = 2e-6

# what a text may say, in NumPy's words, for columns
WORDS: dict[str, Any] = {
    **{f: getattr(np, f) for f in ("exp", "log", "sqrt", "sin", "cos", "tan", "tanh", "sinh")},
    "cosh": np.cosh,
    "abs": np.abs,
    "sign": np.sign,
    "sum": np.sum,
    "mean": np.mean,
    "max": np.max,
    "min": np.min,
    "prod": np.prod,
    "tr": np.trace,
    "inv": np.linalg.inv,
    "det": np.linalg.det,
    "logdet": lambda a: np.linalg.slogdet(a)[1],
    "norm1": lambda a: np.abs(a).sum(),
    "norm2": np.linalg.norm,
    "relu": lambda a: np.maximum(a, 0),
    "erf": erf,
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "softplus": lambda a: np.logaddexp(0, a),
    "maximum": np.maximum,
    "minimum": np.minimum,
    "where": np.where,
    "logsumexp": lambda a: np.log(np.exp(a).sum()),
    "matrix_power": np.linalg.matrix_power,
    "diag": lambda a: np.diagflat(a) if a.shape[1] == 1 else np.diag(a)[:, None],
    "np": np,
    "pi": np.pi,
}
S = "X: n n, A: n n, B: n n, C: n n, D: n n, x: n, y: n, a: n, b: n, c: n, d: n, k"

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


def draw(shapes: str, seed: str) -> dict[str, Any]:
    """Numbers above 0.3, far from ties and kinks; vectors are columns."""
    rng = np.random.default_rng(zlib.crc32(seed.encode()))
    found = {}
    for piece in shapes.split(","):
        name, _, rest = piece.partition(":")
        sizes = [EXTENTS.get(w) or int(w) for w in rest.split() if w != "symmetric"]
        value = rng.uniform(0.3, 1.3, sizes or (1, 1))
        if "symmetric" in rest:
            value = value + value.T
        if len(sizes) == 2 and sizes[0] == sizes[1]:
            value = value + np.eye(sizes[0])
        found[name.strip()] = value[:, None] if len(sizes) == 1 else value
    return found


def evaluate(expression: str, values: dict[str, Any]) -> np.ndarray:
    known = {**WORDS, **EXTENTS, **values, "eye": np.eye(EXTENTS["n"])}
    rows = EXTENTS["m"]
    text = expression.replace("X @ vector(1)", "X @ np.ones((X.shape[1], 1))")
    text = text.replace("vector(1).T @ X", "np.ones((1, X.shape[0])) @ X")
    text = text.replace("vector(1) @", f"np.ones(({rows}, 1)) @")
    *before, last = text.split(";")
    for line in before:
        name, _, value = line.partition("=")
        known[name.strip()] = eval(value, known)  # noqa: S307 - the table's own text
    return np.asarray(eval(last.strip(), known))  # noqa: S307


def differences(expression: str, values: dict[str, Any], name: str) -> np.ndarray:
    """Every entry of the derivative: the value's entries, then those of what it is taken by."""
    base = values[name]
    rows = []
    for place in np.ndindex(base.shape):
        ends = []
        for step in (STEP, -STEP):
            moved = base.copy()
            moved[place] += step
            ends.append(evaluate(expression, {**values, name: moved}))
        rows.append((ends[0] - ends[1]) / (2 * STEP))
    return np.stack(rows, axis=-1).ravel()


def flat(shapes: str, values: dict[str, Any]) -> dict[str, Any]:
    """The values as the tool has them: vectors with one axis, numbers."""
    ranks = {p.partition(":")[0].strip(): p.partition(":")[2].split() for p in shapes.split(",")}
    found: dict[str, Any] = {}
    for key, value in values.items():
        rank = len([w for w in ranks[key] if w != "symmetric"])
        found[key] = value if rank == 2 else value[:, 0] if rank else float(value[0, 0])
    return found


def found(answers: Answers, shapes: str, values: dict[str, Any]) -> np.ndarray:
    """What the printed function gives, for vectors with one axis."""
    space: dict[str, Any] = {}
    exec(written(answers, "py"), space)
    function = space.get("gradient") or space["jacobian"]
    return np.asarray(function(*flat(shapes, values).values()), float)


def read_again(answers: Answers, shapes: str, values: dict[str, Any]) -> np.ndarray:
    """What the printed line is worth, read as an expression and worked out by plain loops."""
    system = derive.matrix(str(answers), shapes)
    arrays = interpreter.evaluate(
        system.equations, system.table, flat(shapes, values), extents=EXTENTS
    )
    return arrays[system.output]


def check(expression: str, shapes: str, name: str) -> None:
    values = draw(shapes, expression)
    wanted = differences(expression, values, name)
    answers = derivatives(expression, shapes, name)
    sizes = [e.number or EXTENTS[str(e.terms[0][0].name)] for e in answers.each[0].shape]
    each = [found(answers, shapes, values)]
    if answers.each[0].value is not None and len(expression) < 200:  # loops take their time
        each.append(read_again(answers, shapes, values))
    for got in each:
        assert got.shape == tuple(sizes)
        np.testing.assert_allclose(got.ravel(), wanted, rtol=TOLERANCE, atol=TOLERANCE)


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


REFUSED = [
    ("x.T @", S, "column 6: invalid syntax"),
    ("x' @ x", S, "column 2: a transpose is '.T': write x.T"),
    ("A * (x - y)'", S, "a transpose is '.T': write (x - y).T"),
    ("X^T @ X", S, "a transpose is '.T': write X.T"),
    ("x^2", S, "column 2: '^' is no power; write x**2"),
    ("x + norm2(A @ x)^2", S, "'^' is no power; write norm2(A @ x)**2"),
    ("X^-1", S, "write X**-1, or inv(X) of a matrix"),
    ("x.*y", S, "'.*' isn't known; write x * y"),
    ("exp(x) ./ y", S, "'./' isn't known; write exp(x) / y"),
    ("x.^2", S, "'.^' isn't known; write x**2"),
    ("A\\b", S, "write inv(A) @ b"),
    ("sum(|x|)", S, "bars aren't known; write abs(x)"),
    ("2x", S, "column 2: behind a number '*' is missing; write 2 * x"),
    ("3(x + y)", S, "behind a number '*' is missing; write 3 * (...)"),
    ("inv(A) x", S, "a sign is missing; write inv(A) @ x or inv(A) * x"),
    ("ln(x)", S, "write log"),
    ("diag(k)", S, "diag takes a vector or a square matrix, and k is a number"),
    ("max(x, 0)", S, "write maximum(x, 0); along an axis it is max(x, axis=0)"),
    ("min(1, X)", S, "write minimum(1, X); along an axis it is min(1, axis=0)"),
    ("x.max(0)", S, "write maximum(x, 0)"),
    ("x.T @ Q", S, "'Q' isn't declared"),
    ("A @ x", "A: m n, x: m", "A is m x n and x is a column of m"),
    ("A + x", S, "a vector and a matrix don't go together entry by entry"),
    ("A * x", S, "A is n x n and x is a column of n, and '*' is entry by entry; for the product"),
    ("A * x", S, "of matrices write A @ x"),
    ("x.T * A * x", S, "write x.T @ A"),
    ("A * B", "A: m n, B: n p", "write A @ B"),
    ("A * B", "A: m n, B: p m", "A is m x n and B is p x m: these don't go together"),
    ("x.T * y", S, "write x.T @ y"),
    ("x.T + y", S, "x.T is a row of n and y is a column of n"),
    ("inv(x)", S, "inv(x) takes a square matrix; this is a column of n"),
    ("__import__('os').system('ls')", S, "isn't known"),
    ("(lambda: x)()", S, "only functions by their names are known"),
    ("open('f')", S, "the function 'open' isn't known"),
    ("x.__class__", S, "'.__class__' of an array isn't known"),
    ("[x for x in y]", S, "a comprehension isn't known"),
    ("1e999 * x", S, "no finite number"),
    ("", S, "there is nothing to differentiate"),
    ("for i in x: x", S, "an expression belongs here"),
    ("(" * 200 + "x" + ")" * 200, S, "nested too deeply"),
    ("-" * 5000 + "x", S, "nested too deeply"),
    ("x" + "+x" * 3000, S, "nested too deeply"),
    ("x\0", S, "null bytes"),
    ("sum(x)", "x: n n symm", "'symm' is no extent; did you mean 'symmetric'?"),
    ("sum(x)", "x: m n symmetric", "'x' is symmetric, so it is a square matrix"),
    ("sum(x)", "x: 0", "'0' is no size"),
    ("sum(x)", "x: n, x: m", "'x' is declared twice"),
    ("sum(x)", "x: n, n: 3", "'n' is an extent and an array"),
    ("sum(x)", "sum: n", "'sum' is a word of the equation language"),
    ("sum(x)", "", "nothing is declared"),
]


@pytest.mark.parametrize(("expression", "shapes", "told"), REFUSED, ids=[k[2] for k in REFUSED])
def test_what_is_refused(expression: str, shapes: str, told: str) -> None:
    with pytest.raises(ChainruleError) as refused:
        derivatives(expression, shapes)
    assert any(told in p for p in refused.value.problems), refused.value
    assert all("\n" not in p and len(p) < 400 for p in refused.value.problems)


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
