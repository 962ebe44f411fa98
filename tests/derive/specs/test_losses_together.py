"""Several outputs, each with a loss and a target of its own."""

import numpy as np
import pytest

from codegen import emit, load_module
from codegen.verify import verify_module
from derive import check, differentiate, load
from derive.errors import ChainruleError
from derive.language.printer import equation_text

HEADS = {
    "inputs": {"x": [2]},
    "layers": [
        {"type": "dense", "units": 3, "activation": "tanh"},
        {"type": "dense", "name": "kind", "units": 4, "inputs": ["y1"]},
        {"type": "dense", "name": "length", "units": 1, "inputs": ["y1"]},
    ],
    "output": "kind",
    "loss": [
        {"type": "softmax_cross_entropy", "targets": "classes", "target": "label"},
        {"type": "mse", "of": "length", "factor": 0.25, "target": "metres"},
    ],
}


def problems(**more):
    with pytest.raises(ChainruleError) as caught:
        load({**HEADS, **more})
    return caught.value.problems


def test_two_heads():
    system = load(HEADS)
    assert system.origin.warnings == ()
    assert [t.name for t in system.having("target")] == ["label", "metres"]
    derivation = differentiate(system)
    rows = (*check(derivation).rows, *verify_module(derivation))
    assert [(row.name, row.detail) for row in rows if not row.ok] == []
    told = {e.tensor: equation_text(e) for e in derivation.forward}
    assert told["E"] == "E = E1 + E2/4"
    module = load_module(emit(derivation))
    params = module.init_params()
    x = np.array([[0.5, -1.0], [2.0, 0.25], [1.0, 1.0]])
    assert module.forward(params, x).shape == (3, 4)
    before = module.loss(params, x, [0, 3, 1], np.zeros((3, 1)))
    state = module.init_state(params)
    for _ in range(20):
        module.train_step(params, state, x, [0, 3, 1], np.zeros((3, 1)))
    assert module.loss(params, x, [0, 3, 1], np.zeros((3, 1))) < before


def test_targets_have_names_of_their_own():
    losses = [{"type": "mse"}, {"type": "mse", "of": "length"}]
    assert [t.name for t in load({**HEADS, "loss": losses}).having("target")] == ["t", "t2"]


def test_a_factor_and_a_size():
    system = load({**HEADS, "loss": {"type": "mse", "factor": 2}}, parameters={"W1": {"l2": 1}})
    assert equation_text(system.defined["E"]) == "E = 2*E0 + sum(i,j, W1[i,j]**2)"


def test_what_does_not_fit():
    assert problems(loss=[{"type": "mse"}, {"type": "mse", "of": "lenght"}])[0] == (
        "loss[2].of: unknown layer 'lenght'; did you mean 'length'?"
    )
    assert problems(loss=[{"type": "mse"}, {"type": "mse", "target": "t"}])[0] == (
        "the target of the loss: the name 't' is taken by the target of the loss; give the layer "
        "another name, or rename the other"
    )
    assert "lambda" in problems(loss=[{"type": "mse", "target": "lambda"}])[0]
    assert problems(loss=[]) == ('loss: it is missing; add [loss] with type = "squared_error"',)
