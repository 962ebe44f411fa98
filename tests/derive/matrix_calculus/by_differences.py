"""Derivatives in matrix notation against differences of NumPy's own values.

The expression is evaluated by NumPy with every vector as a matrix of one column: none of the
readers, conventions or shapes of the product have a part in it.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from scipy.special import erf

import derive
from codegen.documents.matrix_answer import written
from derive.matrix_calculus.derivatives import Answers, derivatives
from derive.semantics import interpreter

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
