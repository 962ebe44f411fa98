"""Extents that disagree are refused with a cure that works; reads wholly outside are told."""

import numpy as np
import pytest

from codegen import emit, load_module
from derive import differentiate, parse
from derive.errors import ChainruleError

TWO_LAYERS = (
    "h[n,i] = tanh(sum(j, W[i,j]*x[n,j]))\ny[n,o] = sum(i, V[o,i]*h[n,i])\n"
    "E = mean(n,o, (y[n,o] - t[n,o])**2)"
)
GATED = (
    "f[n,o] = sum(i, A[o,i]*x[n,i])\nh[n,c] = tanh(f[n,c])*sigmoid(f[n,c+{shift}])\n"
    "E = sum(n,c, h[n,c])"
)


def system(text, parameters, **sizes):
    targets = ["t"] if "t[n" in text else []
    spec = {"parameters": parameters, "inputs": ["x"], "targets": targets, "batch": "n"}
    return parse(text, objective="E", sizes=sizes, **spec)


@pytest.mark.parametrize("rows", [(3, 4), (4, 3)])
def test_hidden_sizes_that_differ_are_refused(rows):
    """The fourth unit was 0 for ever, or a row of W was never read."""
    sizes = {"j": 2, "o": 1, "W.0": rows[0], "V.1": rows[1]}
    with pytest.raises(ChainruleError) as caught:
        system(TWO_LAYERS, ["W", "V"], **sizes)
    (told,) = caught.value.problems
    assert told.startswith("equations, line 1, column 24: letter 'i' walks axis 0 of W")
    assert told.endswith(f'make them agree, or say how long h is: "h.1" = {rows[1]}')
    cured = system(TWO_LAYERS, ["W", "V"], **sizes, **{"h.1": rows[1]})
    assert cured.table["h"].shape[1].number == rows[1]


def test_a_tensor_that_others_read_in_part():
    """f was cut to the two columns that c walks, and the gate read 0."""
    sizes = {"i": 3, "h.1": 2, "A.0": 4}
    with pytest.raises(ChainruleError, match=r'say how long f is: "f\.1" = 4'):
        system(GATED.format(shift=2), ["A"], **sizes)
    module = load_module(
        emit(differentiate(system(GATED.format(shift=2), ["A"], **sizes, **{"f.1": 4})))
    )
    weights, x = np.arange(12.0).reshape(4, 3) / 9, np.ones((1, 3))
    f = x @ weights.T
    wanted = (np.tanh(f[:, :2]) / (1 + np.exp(-f[:, 2:]))).sum()
    np.testing.assert_allclose(module.loss({"A": weights}, x), wanted, rtol=1e-12)


def test_a_prefix_is_read_with_the_cure_that_is_told():
    sizes = {"i": 2, "o": 6, "c": 3}
    with pytest.raises(ChainruleError) as caught:
        system(GATED.format(shift=3), ["A"], **sizes)
    assert str(caught.value).endswith('make them agree, or say "f.1" = 6 to read a part')
    assert system(GATED.format(shift=3), ["A"], **sizes, **{"f.1": 6}).origin.warnings == ()


def test_a_read_that_is_outside_for_all_letters_is_told():
    sizes = {"i": 3, "h.1": 2, "A.0": 2}
    (warning,) = system(GATED.format(shift=2), ["A"], **sizes).origin.warnings
    assert warning == (
        "h: f[n,c+2] is outside f for all letters, and reads 0; axis 1 of f has the extent 2"
    )
    assert system(GATED.format(shift=1), ["A"], **sizes).origin.warnings == ()
