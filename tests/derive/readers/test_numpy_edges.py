"""NumPy source that changes arrays where they stand, or gives a derivative no value of the model.

Nothing that is said of a derivative goes by in silence; what isn't known isn't called wrong.
"""

from __future__ import annotations

from functools import cache

import pytest

from derive import differentiate, load
from derive.answers.languages import Answer
from derive.checking import check_answer
from derive.ir.derivation import Derivation

HEAD = "import numpy as np\nfrom functools import reduce\ndb2 = dz2.sum(axis=0)\n"
RIGHT = "dz2.T @ y1"


@cache
def gender() -> Derivation:
    return differentiate(load("generated/gender/gender.toml"))


def verdict(text: str) -> str:
    """What is said of dW2; nothing where there is no row."""
    report = check_answer(gender(), Answer(HEAD + text, "numpy"))
    return next((r.verdict for r in report.rows if r.name == "dW2"), "")


CHANGED = {
    "equal": [
        f"np.copyto(dW2, {RIGHT})",
        "np.matmul(dz2.T, y1, out=dW2)",
        "np.dot(dz2.T, y1, dW2)",
        f"np.add(dW2, {RIGHT}, dW2)",
        f"np.add(dW2, {RIGHT}, out=dW2)",
        "np.einsum('ni,nj->ij', dz2, y1, out=dW2)",
        f"grads = {{'dW2': dW2}}\nnp.copyto(grads['dW2'], {RIGHT})",
        f"def fill(a):\n    np.copyto(a, {RIGHT})\nfill(dW2)\ndW2 = dW2",
    ],
    "equal at points": [f"np.add.at(dW2, ([0, 0, 0], [0, 1, 2]), ({RIGHT})[0])"],
    "different": [
        "dW2.fill(3)",
        "np.copyto(dW2, W2)",
        "np.clip(dW2, -1, 1, out=dW2)",
        "np.subtract.at(dW2, (0, 0), 1)",
    ],
    "not checked": [
        "np.add.at(dW2, np.ix_([0], [0, 1, 2]), np.outer(dz2[0], y1[0]))",
        "np.multiply.at(dW2, (0, 0), 2)",
        f"np.put(dW2, [0, 1, 2], {RIGHT})",
        "np.fill_diagonal(dW2, 3)",
        f"np.place(dW2, dW2 == 0, {RIGHT})",
        f"dW2.put([0, 1, 2], {RIGHT})",
        "dW2.sort()",
        f"dW2.__iadd__({RIGHT})",
        "np.random.shuffle(dW2)",
        "np.nan_to_num(dW2, copy=False)",
        "dW2.resize((3, 1))",
    ],
}


@pytest.mark.parametrize(("wanted", "text"), [(w, t) for w, ts in CHANGED.items() for t in ts])
def test_a_call_that_changes_an_array(wanted: str, text: str) -> None:
    assert verdict(f"dW2 = np.zeros_like(W2)\n{text}\n") == wanted


@pytest.mark.parametrize(
    "value",
    [
        *("0", "1.5", "True", "'hello'", "range(3)", "None", "{}", "[]", "np", "np.pi", "..."),
        *("[[1, 2, 3]]", "np.zeros((1, 3))", "np.ones((1, 3))", "np.eye(3)[:1]", "np.arange(3)"),
        *("np.random.randn(1, 3)", "np.array([[0.1, 0.2, 0.3]])", f"lambda: {RIGHT}", "y1.shape"),
        *(f"({RIGHT},)", f"[{RIGHT}]", f"{{'a': {RIGHT}}}", "1j", "b'a'", "f'{1}'"),
        "[[dz2[0, 0]*y1[0, j] for j in range(3)]]",
    ],
)
def test_a_derivative_that_is_given_no_value_of_the_model_is_not_passed_over(value: str) -> None:
    assert verdict(f"dW2 = {value}\n") == "not checked"


UNKNOWN = [
    f"match W2.ndim:\n    case 2:\n        dW2 = {RIGHT}",
    f"def twice(f):\n    return lambda: 2*f()\n@twice\ndef half(): return {RIGHT}/2\ndW2 = half()",
    "def parts():\n    for d, y in zip(dz2, y1):\n        yield np.outer(d, y)\ndW2 = sum(parts())",
    "def parts():\n    yield from (np.outer(d, y) for d, y in zip(dz2, y1))\ndW2 = sum(parts())",
    "dW2 = reduce(lambda a, b: a + b, [np.outer(d, y) for d, y in zip(dz2, y1)])",
    "dW2 = np.apply_along_axis(lambda c: (dz2*c[:, None]).sum(0), 0, y1)",
    f"dW2 = np.real(np.fft.ifft(np.fft.fft({RIGHT})))",
    f"async def f():\n    return {RIGHT}\ndW2 = f()",
    f"dW2 = solved({RIGHT})",
]


@pytest.mark.parametrize("text", UNKNOWN)
def test_what_is_not_known_is_not_called_wrong(text: str) -> None:
    assert verdict(text) == "not checked"
