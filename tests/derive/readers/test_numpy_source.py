"""NumPy source read as formulas: what it says, evaluated, is what the source would compute."""

from __future__ import annotations

import random
import re

import numpy as np
import pytest

from derive.errors import ChainruleError
from derive.readers.name_table import guessed
from derive.readers.numpy_source import read_numpy
from tests.derive.readers.numpy_texts import (
    CLASSES,
    COLUMNS,
    FUNCTION,
    IN_OUT,
    LOOP,
    NET,
    SINGLE,
    SINGLE_COLUMNS,
    SOFTMAX,
    check,
    evaluated,
    model,
    vocabulary,
)

pytestmark = pytest.mark.sampled


def test_a_function_of_a_batch() -> None:
    names = check(FUNCTION, NET, "z1 y1 z2 y2 dz2 dW2 db2 dz1 dW1 db1").names
    assert names == {
        "X": "x", "Y": "t", "a1": "y1", "a2": "y2", "delta1": "dz1", "delta2": "dz2"
    }  # fmt: skip


def test_a_script_with_weights_of_in_by_out() -> None:
    names = check(IN_OUT, NET, "dz2 dz1 dW2 dW1").names
    assert names["W1"] == "W1.T"
    assert names["dW2"] == "dW2.T"


def test_samples_in_columns() -> None:
    reading = check(COLUMNS, NET, "dz2 dW2 db2 dz1 dW1 db1")
    assert reading.names["A1"] == "y1.T"
    # taken out of a cache, a value is what it was: no formula
    assert {w.tensor for w in reading.equations} == {"dz2", "dW2", "db2", "dz1", "dW1", "db1"}


def test_softmax_with_masks_and_entries_of_dictionaries() -> None:
    check(SOFTMAX, CLASSES, "dW1 db1 dW2 db2", W2_grad="dW2")


def test_one_sample() -> None:
    check(SINGLE, NET, "dz2 dz1 dW2 dW1 db1", single=True)


def test_one_sample_as_a_column() -> None:
    check(SINGLE_COLUMNS, NET, "dz2 dz1 dW2 dW1", single=True)
    batch = read_numpy(SINGLE_COLUMNS, vocabulary(model(NET)), {})  # it tells of no batch
    assert {"dW2", "dW1"} <= {u.name for u in batch.unread} | {m.tensor for m in batch.misfits}


def test_a_short_loop_is_unrolled() -> None:
    check(LOOP, NET, "db2 dW2 db1 dW1")


def test_given_names_win() -> None:
    assert check("G = delta2.T @ y1", NET, "dW2", G="dW2").names["G"] == "dW2"
    assert check("Q = y1.T @ delta2", NET, "dW2", Q="dW2.T").names["Q"] == "dW2.T"
    check("z1 = (delta2.T @ y1)", NET, "dW2", z1="dW2")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("dW2 = foo(delta2)", "line 1, column 7: the function 'foo' isn't known"),
        ("\n\ndW2 = q.T @ y1", "line 3, column 7: 'q' is no tensor of the model"),
        ("x = 3", "nothing here gives a tensor of the model"),
        pytest.param(
            "while True:\n    dW2 = foo(1)",
            "the function 'foo' isn't known",
            marks=pytest.mark.slow,  # as many steps as are allowed
        ),
        ("dW2 = [i for i in x]", "make one array of them"),
        ("def f(z):\n    return f(z)\ndW2 = f(dz2)", "calls itself"),
        ("if x > 0:\n    dW2 = 3", "'if' isn't known where arrays decide"),
        ("for i in range(1000):\n    dW2 = dW2 + i * dz2", "a short range"),
        ("dW2 = open('f').read()", "isn't known"),
        ("dW2 = (", "line 1"),
        ("dW2 = dz2.T @ y1[0:2]", "shapes (4, 5) and (2, 3) don't go together"),
        ("dW2 = np.linalg.svd(W2)", "the function 'svd' isn't known"),
        ("(" * 300, "nested too deeply"),
    ],
)
def test_what_is_refused(text: str, told: str) -> None:
    with pytest.raises(ChainruleError) as refused:
        read_numpy(text, vocabulary(model(NET)), {})
    assert told in str(refused.value)
    assert len(refused.value.problems) == 1


def test_a_wrong_formula_stays_wrong() -> None:
    derivation = model(NET)
    text = FUNCTION.replace("delta2 @ W2 * sigmoid_prime(z1)", "delta2 @ W2")
    got = evaluated(read_numpy(text, vocabulary(derivation), {}), derivation)
    wrong = {n for n, (one, other) in got.items() if not np.allclose(one, other)}
    assert wrong == {"dz1"}


def test_a_wrong_value_is_not_told_as_a_shape_that_nobody_wrote() -> None:
    text = "dz1 = dz2 @ W2 * y1 * 1 - y1\ndW1 = dz1.T @ x"
    reading = read_numpy(text, vocabulary(model(NET)), {})
    assert not reading.names  # W2 isn't W2.T, in which the first line has no shape
    assert not reading.misfits
    assert {w.tensor for w in reading.equations} == {"dz1", "dW1"}


GUESSES = [
    ("dW2", "dW2"),
    ("grad_W2", "dW2"),
    ("W2_grad", "dW2"),
    ("dL_dW2", "dW2"),
    ("dEdW2", "dW2"),
    ("nabla_w2", "dW2"),
    ("delta2", "dz2"),
    ("d2", "dz2"),
    ("dz_2", "dz2"),
    ("dA1", "dy1"),
    ("dh1", "dy1"),
    ("a1", "y1"),
    ("A1", "y1"),
    ("h1", "y1"),
    ("Z2", "z2"),
    ("X", "x"),
    ("Y", "t"),
    ("labels", "t"),
    ("y_hat", "y2"),
    ("out", "y2"),
    ("lr", "learning_rate"),
    ("loss", "E"),
    ("hidden_sum", None),
    ("delta9", None),
    ("q", None),
]


@pytest.mark.parametrize(("written", "tensor"), GUESSES)
def test_names_are_guessed(written: str, tensor: str | None) -> None:
    assert guessed(written, vocabulary(model(NET))) == tensor


def test_no_source_is_a_traceback() -> None:
    """Sources with some of their words changed are read, or refused in one line each."""
    chance = random.Random(4)
    words = [
        "(",
        ")",
        "[",
        "]",
        "@",
        ".T",
        "==",
        "x",
        "W1",
        "dz2",
        "0",
        "axis=0",
        ":",
        "None",
        "if",
    ]
    sources = [FUNCTION, IN_OUT, COLUMNS, SOFTMAX, SINGLE, LOOP]
    lines = []
    for _ in range(120):
        parts = re.findall(r"\w+|\s+|[^\w\s]", chance.choice(sources))
        for _ in range(3):
            parts[chance.randrange(len(parts))] = chance.choice((*words, *parts))
        try:
            read_numpy("".join(parts), vocabulary(model(NET)), {})
        except ChainruleError as refused:
            lines.append(len(refused.problems))
    assert set(lines) == {1}
