"""Expressions over whole arrays against NumPy itself: same shape, same numbers."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from derive.arrays.nodes import (
    NOWHERE,
    All,
    Array,
    At,
    Determinant,
    Diagonal,
    Dot,
    Einsum,
    Entrywise,
    Every,
    Extent,
    Fill,
    Hot,
    Identity,
    Indexed,
    Inverse,
    Like,
    Literal,
    New,
    Norm,
    Outer,
    Product,
    Reduce,
    Reshape,
    Trace,
    Transpose,
    Whole,
)
from derive.arrays.to_equations import Elaborator
from derive.ir.notation import Dim, affine
from derive.language.assemble import Declarations, assemble
from derive.language.extent_inference import Sizes
from derive.language.occurrences import refs
from derive.language.syntax import Refused
from derive.semantics.interpreter import Interpreter

pytestmark = pytest.mark.sampled

RNG = np.random.default_rng(5)
VALUES: dict[str, Any] = {
    "x": RNG.normal(size=(4, 3)),
    "y": RNG.normal(size=(4, 3)),
    "W": RNG.normal(size=(2, 3)),
    "b": RNG.normal(size=2),
    "v": RNG.normal(size=3),
    "S": RNG.normal(size=(3, 3)),
    "T": RNG.normal(size=(4, 2, 3)),
    "U": RNG.normal(size=(4, 3, 2)),
    "one": RNG.normal(size=(4, 1)),
    "c": np.float64(0.7),
    "t": np.array([0, 2, 1, 2]),
}
x, y, W, b, v, S, T, U, one, c, t = (Array(n) for n in VALUES)
_EXTENTS = {4: affine(Dim("N"))}
SHAPES = {n: tuple(_EXTENTS.get(e, affine(e)) for e in np.shape(a)) for n, a in VALUES.items()}


def of(op: str, *args: Whole) -> Entrywise:
    return Entrywise(op, args)


def num(value: int | str) -> Literal:
    return Literal(Fraction(value))


def softmax(a: np.ndarray) -> np.ndarray:
    e = np.exp(a)
    return e / e.sum(1, keepdims=True)


V = VALUES
CASES: list[tuple[str, Whole, Any]] = [
    ("dense", of("+", Product(x, Transpose(W)), b), V["x"] @ V["W"].T + V["b"]),
    ("outer", Outer(b, v), np.outer(V["b"], V["v"])),
    ("flat outer", Outer(W, v), np.outer(V["W"], V["v"])),
    ("dot", Dot(v, v), V["v"] @ V["v"]),
    ("row by matrix", Product(v, S), V["v"] @ V["S"]),
    ("chain", Product(Product(v, S), v), V["v"] @ V["S"] @ V["v"]),
    ("matrix chain", Product(W, Product(S, Product(S, Transpose(W)))),
     V["W"] @ V["S"] @ V["S"] @ V["W"].T),
    ("numbers", of("/", of("*", num(3), c), num(4)), 3 * V["c"] / 4),
    ("axis", Reduce("sum", x, (0,)), V["x"].sum(0)),
    ("last axis", Reduce("max", x, (-1,)), V["x"].max(-1)),
    ("keepdims", of("-", x, Reduce("mean", x, (1,), True)), V["x"] - V["x"].mean(1, keepdims=True)),
    ("two axes", Reduce("prod", T, (1, 2)), V["T"].prod((1, 2))),
    ("all", Reduce("min", T), V["T"].min()),
    ("softmax", of("/", of("exp", x), Reduce("sum", of("exp", x), (1,), True)), softmax(V["x"])),
    ("logsumexp", Reduce("logsumexp", x, (1,)), np.log(np.exp(V["x"]).sum(1))),
    ("stretched", of("*", one, x), V["one"] * V["x"]),
    ("new axis", of("-", Indexed(b, (All(), New())), v), V["b"][:, None] - V["v"]),
    ("distances", Reduce("sum", of("**", of("-", Indexed(x, (All(), New())),
     Indexed(S, (New(),))), num(2)), (2,)), ((V["x"][:, None] - V["S"][None]) ** 2).sum(2)),
    ("compare", of("*", of(">", x, num(0)), y), (V["x"] > 0) * V["y"]),
    ("where", of("where", of("and", of(">", x, num(0)), of("<", y, num(1))), x, num(2)),
     np.where((V["x"] > 0) & (V["y"] < 1), V["x"], 2)),
    ("number as truth", of("where", of("-", x, x), x, y), V["y"]),
    ("batched", Product(T, U), V["T"] @ V["U"]),
    ("batched by one", Product(T, S), V["T"] @ V["S"]),
    ("batched by vector", Product(T, v), V["T"] @ V["v"]),
    ("dot of many", Dot(T, U), np.dot(V["T"], V["U"])),
    ("einsum", Einsum(("nij", "nj"), "i", (T, x)), np.einsum("nij,nj->i", V["T"], V["x"])),
    ("einsum diagonal", Einsum(("ii",), "i", (S,)), np.diag(V["S"])),
    ("transpose", Transpose(T, (0, 2, 1)), V["T"].transpose(0, 2, 1)),
    ("transpose of three", Transpose(T), V["T"].T),
    ("flatten", Reshape(T, (Extent(T, 0), None)), V["T"].reshape(4, -1)),
    ("unflatten", Reshape(Reshape(T, (affine(Dim("N")), affine(6))), (affine(Dim("N")), None,
     affine(2))), V["T"].reshape(4, 3, 2)),
    ("added axis", Reshape(b, (affine(2), affine(1))), V["b"].reshape(2, 1)),
    ("column", Indexed(x, (All(), At(-1))), V["x"][:, -1]),
    ("row", Indexed(x, (At(1),)), V["x"][1]),
    ("last row", Indexed(x, (At(-1),)), V["x"][-1]),
    ("gather", Indexed(x, (Every(), t)), V["x"][np.arange(4), V["t"]]),
    ("one-hot", of("-", x, Hot(t, affine(3))), V["x"] - np.eye(3)[V["t"]]),
    ("diag", Product(Diagonal(v), S), np.diag(V["v"]) @ V["S"]),
    ("diag behind", Product(x, Diagonal(v)), V["x"] @ np.diag(V["v"])),
    ("whole diag", of("+", Diagonal(v), S), np.diag(V["v"]) + V["S"]),
    ("of a matrix", Diagonal(of("+", S, Diagonal(v))), np.diag(V["S"]) + V["v"]),
    ("identity", of("-", S, Identity(affine(3))), V["S"] - np.eye(3)),
    ("identity beside", Product(S, Product(Identity(), S)), V["S"] @ V["S"]),
    ("trace", Trace(Product(S, S)), np.trace(V["S"] @ V["S"])),
    ("norm", Norm(S), np.linalg.norm(V["S"])),
    ("norm squared", of("**", Norm(of("-", Product(W, v), b)), num(2)),
     np.sum((V["W"] @ V["v"] - V["b"]) ** 2)),
    ("norm of sizes", Norm(v, 1), np.abs(V["v"]).sum()),
    ("ones", Product(Fill(Fraction(1)), S), V["S"].sum(0)),
    ("ones behind", Product(x, Fill(Fraction(1), (affine(3),))), V["x"].sum(1)),
    ("ones alone", Reduce("sum", of("*", num(2), Fill(Fraction(1), (affine(3),)))), 6.0),
    ("mean of ones", Reduce("mean", Like(Fraction(1), x)), 1.0),
    ("product of twos", Reduce("prod", Like(Fraction(2), b)), 4.0),
    ("extent", of("/", Reduce("sum", x, (0,)), Extent(x, 0)), V["x"].sum(0) / 4),
]  # fmt: skip


@pytest.mark.parametrize(("node", "wanted"), [k[1:] for k in CASES], ids=[k[0] for k in CASES])
def test_numpy_gives_the_same(node: Whole, wanted: Any) -> None:
    elaborator = Elaborator(SHAPES, batch=affine(Dim("N")), taken=("R",))
    written = elaborator.equation("R", node, NOWHERE, "R")
    shape = elaborator.entries(node).shape
    assert [e.number or 4 for e in shape] == list(np.shape(wanted))
    system = assemble(
        [written],
        Declarations(
            "whole",
            roles=dict.fromkeys(VALUES, "input"),
            integers=frozenset("t"),
            sizes=Sizes.of({**SHAPES, "R": shape}),
        ),
    )
    found = Interpreter(system.equations, system.table, V).array("R")
    np.testing.assert_allclose(np.asarray(found, float), wanted, rtol=1e-12)


@pytest.mark.parametrize(
    ("node", "told"),
    [
        (Product(x, W), "x @ W: x is N x 3 and W is 2 x 3"),
        (of("+", x, b), "x is N x 3 and b is a vector of 2"),
        (Product(c, x), "c is a number, which '@' doesn't take; write '*'"),
        (Reduce("sum", x, (2,)), "x is N x 3 and has no axis 2"),
        (Trace(W), "tr(W) takes a square matrix; this is 2 x 3"),
        (Reshape(T, (affine(5), None)), "T is N x 2 x 3, which can't become 5 x -1"),
        (Indexed(b, (All(), At(0))), "b is a vector of 2 and has 2 subscripts here"),
        (Indexed(b, (At(2),)), "place 2 is outside of an axis of 2"),
        (Array("X"), "'X' has no shape; did you mean 'x'?"),
        (Einsum(("ij", "jk"), "ik", (x, W)), "letter 'j' is 3 long and, in W, 2"),
        (Fill(Fraction(1)), "nothing says how long the ones in vector(1) are"),
    ],
)
def test_shapes_that_do_not_fit(node: Whole, told: str) -> None:
    with pytest.raises(Refused) as refused:
        Elaborator(SHAPES).equation("R", node, NOWHERE, "R")
    assert told in str(refused.value)


M, N = affine(Dim("m")), affine(Dim("n"))
COLUMNS = {"A": (M, N), "S": (N, N), "x": (N,), "y": (N,), "z": (M,), "c": ()}


@pytest.mark.parametrize(
    ("node", "shape"),
    [
        (Product(Transpose(x), y), ()),
        (Product(x, Transpose(y)), (N, N)),
        (Product(x, y), ()),
        (Product(Product(x, S), x), ()),
        (Product(Product(Transpose(x), S), x), ()),
        (Product(Product(Transpose(x), y), Transpose(x)), (N,)),
        (Product(Product(x, Transpose(y)), x), (N,)),
        (Product(Array("z"), Transpose(x)), (M, N)),
    ],
)
def test_columns_and_rows(node: Whole, shape: tuple[Any, ...]) -> None:
    assert Elaborator(COLUMNS, column=True).entries(node).shape == shape


@pytest.mark.parametrize(
    ("node", "told"),
    [
        (of("+", Transpose(x), y), "x.T is a row of n and y is a column of n"),
        (of("+", S, x), "a vector and a matrix don't go together"),
        (of("*", S, x), "for the product of matrices write S @ x"),
        (Product(Product(Transpose(x), y), S), "is a number, which '@' doesn't take"),
        (Product(Transpose(x), Array("z")), "x.T is a row of n and z is a column of m"),
    ],
)
def test_columns_and_rows_that_do_not_fit(node: Whole, told: str) -> None:
    with pytest.raises(Refused) as refused:
        Elaborator(COLUMNS, column=True).entries(node)
    assert told in str(refused.value)


def test_what_is_inverted_has_a_name() -> None:
    elaborator = Elaborator(COLUMNS, column=True)
    gram = Product(Transpose(Array("A")), Array("A"))
    node = of("+", Determinant(gram, log=True), Trace(Inverse(Transpose(gram))))
    written = elaborator.equation("E", node, NOWHERE, "E")
    assert [w.text for w in elaborator.before] == ["M = A.T @ A"]
    named = {r.name: len(r.subscripts) for r in refs(written.right)}
    assert named == {"logdet(M)": 0, "inv(M)": 2}
