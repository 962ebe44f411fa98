"""Expressions in matrix notation that are refused, each with its place and cure."""

from __future__ import annotations

import pytest

from derive.errors import ChainruleError
from derive.matrix_calculus.derivatives import derivatives
from tests.derive.matrix_calculus.by_differences import S

pytestmark = pytest.mark.sampled


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
