"""What no text says, but derivatives do: writes that scatter."""

import pytest

from derive.ir.notation import Axis, Dim, Equation, FloorDiv, Mod, Read, Tensor, Term, affine
from derive.semantics.interpreter import evaluate
from tests.derive.semantics.interpreted import X

# ---- what no text says, but derivatives do ---------------------------------------------------

ROOM = Axis("i", affine(4))
STEP = Axis("k", affine(3))


def scattered(subscript, *, size=4, axis=ROOM, values=None):
    """`y[subscript] += x[i]`."""
    body = Read("x", (affine(axis),))
    equation = Equation(
        "y", (Axis("j", affine(size)),), (Term((subscript,), (axis,), "sum", body),)
    )
    table = {
        "y": Tensor("y", (affine(size),), "adjoint"),
        "x": Tensor("x", (axis.extent,), "input"),
        "c": Tensor("c", (affine(4),), "input", integer=True),
    }
    given = {"x": [1.0, 10.0, 100.0, 1000.0], "c": [2, 2, -1, 9]}
    return evaluate([equation], table, values or given)["y"].tolist()


@pytest.mark.parametrize(
    ("subscript", "value"),
    [
        (affine(ROOM) + 1, [0, 1, 10, 100]),
        (affine(ROOM) - 1, [10, 100, 1000, 0]),
        (affine(ROOM) * 2, [1, 0, 10, 0]),
        (-affine(ROOM) + 3, [1000, 100, 10, 1]),
        (affine(2), [0, 0, 1111, 0]),
        (affine(FloorDiv(affine(ROOM), 2)), [11, 1100, 0, 0]),
        (affine(Mod(affine(ROOM), 2)), [101, 1010, 0, 0]),
        (affine(Read("c", (affine(ROOM),))), [0, 0, 11, 0]),
    ],
)
def test_a_write_adds_to_its_place_and_is_dropped_outside(subscript, value):
    assert scattered(subscript) == value


def test_a_letter_shorter_than_its_axis_writes_to_its_part():
    short = Axis("i", affine(2))
    long = Axis("j", affine(3))
    terms = (
        Term((affine(short),), (short,), "sum", Read("x", (affine(short),))),
        Term((affine(long),), (long,), "sum", Read("x", (affine(long),))),
    )
    table = {"y": Tensor("y", (affine(3),), "adjoint"), "x": Tensor("x", (affine(3),), "input")}
    found = evaluate([Equation("y", (long,), terms)], table, {"x": X})
    assert found["y"].tolist() == [6, 2, 2]


def test_a_scatter_into_a_recurrence():
    time = Axis("t", affine(Dim("T")))
    body = Read("x", (affine(time),))
    back = Read("d", (affine(time),))
    equation = Equation(
        "d",
        (time,),
        (
            Term((affine(time),), (time,), "sum", body),
            Term((affine(time) - 1,), (time,), "sum", back),
        ),
    )
    shape = (affine(Dim("T")),)
    table = {"d": Tensor("d", shape, "adjoint"), "x": Tensor("x", shape, "input")}
    found = evaluate([equation], table, {"x": X})
    assert found["d"].tolist() == [6, 3, 2]


def test_what_needs_itself_is_named():
    i = Axis("i", affine(2))
    equation = Equation("y", (i,), (Term((affine(i),), (i,), "sum", Read("y", (affine(i),))),))
    table = {"y": Tensor("y", (affine(2),), "intermediate")}
    with pytest.raises(ValueError, match=r"y\[0\] needs itself"):
        evaluate([equation], table, {})
