"""What a loop walks has that axis first, and what a caller is handed the order of its equation."""

import numpy as np
import pytest

from codegen import emit, load_module
from codegen.lowering.module import lowered
from codegen.passes.walked_first import walked_first
from codegen.program.interpreter import Interpreter
from codegen.program.nodes import For, Zeros
from codegen.program.walk import instructions
from codegen.verify import verify_module
from derive.calculus.differentiate import differentiate
from derive.specs.parse import parse
from tests.codegen.program.programs import built, net

RECURRENCE = """
z[n,t,i] = sum(j, W[i,j]*x[n,t,j]) + sum(k, U[i,k]*h[n,t-1,k])
h[n,t,i] = tanh(z[n,t,i])
"""
LAST = RECURRENCE + "E = sum(n,i, h[n,size(h,1)-1,i]**2)"
SIZES = {"i": 3, "j": 2}


def recurrence(text, **more):
    given = {"parameters": ["W", "U"], "inputs": ["x"], "objective": "E", "batch": "n"}
    return differentiate(parse(text, **{**given, "sizes": SIZES, **more}))


def turned(derivation):
    before = lowered(built(derivation))
    after = walked_first(before)
    assert any(isinstance(i, For) for p in before.procedures for i in instructions(p.body))
    return {t.name for t, u in zip(before.tensors, after.tensors, strict=True) if t != u}


def test_what_is_used_inside_is_turned():
    assert turned(recurrence(LAST)) == {"z", "h", "dz", "dh"}


def test_what_is_handed_out_is_not():
    assert turned(recurrence(LAST, output="h")) == {"z", "dz", "dh"}


def test_what_lies_as_its_parts_lie_is_not():
    text = LAST.replace("sum(j, W[i,j]*x[n,t,j])", "w[i]*x[n,t,i]")
    derivation = recurrence(text, parameters=["w", "U"], sizes={"i": 3})
    assert turned(derivation) == {"h", "dz", "dh"}


def test_what_is_counted_by_position_is_not():
    text = RECURRENCE + "E = sum(n,t,k,i, v[k]*h[n,t+k-1,i]**2)"
    derivation = recurrence(text, parameters=["W", "U", "v"], sizes={**SIZES, "k": 3})
    assert "h" not in turned(derivation)
    assert all(row.verdict != "different" for row in verify_module(derivation))


def test_nothing_is_done_without_a_loop():
    before = lowered(built(net({"type": "dense", "units": 3})))
    assert walked_first(before) is before


def test_the_outer_loop_goes_first():
    text = """
    h[n,i,j] = tanh(x[n,i,j] + h[n,i-1,j]*w + h[n,i,j-1]*v)
    E = sum(n,i,j, h[n,i,j]**2)
    """
    given = {"parameters": ["w", "v"], "inputs": ["x"], "objective": "E", "batch": "n"}
    derivation = differentiate(parse(text, sizes={"i": 4, "j": 5}, **given))
    module = walked_first(lowered(built(derivation)))
    (made,) = (
        one.shape
        for procedure in module.procedures
        for one in instructions(procedure.body)
        if isinstance(one, Zeros) and one.tensor == "h"
    )
    assert [extent.number for extent in made] == [4, 5, None]


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("sequences", [False, True])
def test_layers_behind_each_other(kind, sequences):
    """The same numbers, whoever reads what was turned."""
    layers = (
        {"type": kind, "units": 3},
        {"type": kind, "units": 2, "return_sequences": sequences},
        {"type": "dense", "units": 2},
    )
    derivation = net(*layers, shape=("s", 2))
    before = lowered(built(derivation))
    after = walked_first(before)
    assert after != before
    emitted = load_module(emit(derivation, part="math"))
    params = emitted.init_params()
    x = np.random.default_rng(0).standard_normal((4, 5, 2))
    t = np.zeros_like(emitted.forward(params, x))
    wanted = Interpreter(before).call("gradients", params, x, t, inputs=True)
    for found in (
        Interpreter(after).call("gradients", params, x, t, inputs=True),
        emitted.gradients(params, x, t, inputs=True),
    ):
        assert found[0] == pytest.approx(wanted[0], rel=1e-12)
        for name, value in wanted[1].items():
            np.testing.assert_allclose(found[1][name], value, rtol=1e-9, atol=1e-12)
