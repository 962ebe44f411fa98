"""Parameters that several layers share, and what their size costs."""

import numpy as np
import pytest

from codegen import emit, load_module
from codegen.verify import verify_module
from derive import check, differentiate, load
from derive.errors import ChainruleError
from derive.language.printer import equation_text

TIED = {
    "inputs": {"x": ["t"]},
    "integers": ["x"],
    "layers": [
        {"type": "embedding", "name": "tok", "num_embeddings": 7, "embedding_dim": 4},
        {"type": "dense", "name": "mix", "units": 4, "activation": "tanh"},
        {"type": "dense", "units": 4, "activation": "tanh", "share": "mix"},
        {"type": "dense", "name": "out", "units": 7, "bias": False, "share": {"W": "W_tok"}},
    ],
    "loss": {"type": "softmax_cross_entropy", "targets": "classes"},
}
NET = {
    "inputs": {"x": [2]},
    "layers": [{"type": "dense", "units": 3, "activation": "tanh"}, {"type": "dense", "units": 1}],
    "loss": "mse",
}


def problems(spec):
    with pytest.raises(ChainruleError) as caught:
        load(spec)
    return caught.value.problems


def test_a_layer_used_twice_and_a_tied_embedding():
    derivation = differentiate(load(TIED))
    assert derivation.system.trainable == ("W_tok", "W_mix", "b_mix")
    rows = (*check(derivation).rows, *verify_module(derivation))
    assert [(row.name, row.detail) for row in rows if not row.ok] == []
    told = {e.tensor: equation_text(e) for e in derivation.backward}
    assert told["db_mix"] == "db_mix[i] = sum(n,t, dz1[n,t,i]) + sum(n,t, dz_mix[n,t,i])"
    module = load_module(emit(derivation))
    assert module.PARAMETERS == {"W_tok": (7, 4), "W_mix": (4, 4), "b_mix": (4,)}


def test_what_sharing_needs():
    first, *others = TIED["layers"]
    later = [{**others[1], "name": "again"}, *others]
    assert problems({**TIED, "layers": [first, *later[1:2], {**others[1], "share": "mixx"}]}) == (
        "layers[3] (dense).share: no layer before this one is called 'mixx' and has such "
        "parameters; did you mean 'mix'?",
    )
    assert problems({**TIED, "layers": [first, {**others[0], "share": {"V": "W_tok"}}]})[0] == (
        "layers[2] (dense).share: no parameter 'V' here; it has W, b"
    )
    bare = {"type": "tanh", "share": "mix"}
    assert problems({**TIED, "layers": [first, others[0], bare, others[2]]})[0] == (
        "layers[3] (tanh).share: this layer has no parameters; take it out"
    )
    wrong = [first, others[0], {**others[2], "units": 9}]
    assert problems({**TIED, "layers": wrong}) == (
        "layers[3] (dense).share: 'W_tok' is 7 x 4 and would be 9 x 4 here; make them agree",
    )
    fewer = [{**others[0], "bias": False}, {**others[1], "share": "mix"}]
    assert problems({**TIED, "layers": [first, *fewer]}) == (
        "layers[3] (dense).share: 'mix' has no b as this layer has; name those that both have, "
        'such as share = { W = "..." }',
    )


def test_sizes_cost_something():
    system = load(NET, parameters={"W1": {"l2": 0.01, "l1": 0.002}, "b2": {"l1": 0.5}})
    derivation = differentiate(system)
    rows = (*check(derivation).rows, *verify_module(derivation))
    assert [(row.name, row.detail) for row in rows if not row.ok] == []
    told = {e.tensor: equation_text(e) for e in (*derivation.forward, *derivation.backward)}
    assert told["E"] == (
        "E = E0 + 0.002*sum(i,j, abs(W1[i,j])) + sum(i,j, W1[i,j]**2)/100 + sum(i, abs(b2[i]))/2"
    )
    assert "dE0" not in told
    module = load_module(emit(derivation))
    params = module.init_params()
    x, t = np.ones((4, 2)), np.zeros((4, 1))
    plain = load_module(emit(differentiate(load(NET))))
    size = 0.01 * np.sum(params["W1"] ** 2) + 0.002 * np.sum(np.abs(params["W1"]))
    assert module.loss(params, x, t) == pytest.approx(plain.loss(params, x, t) + size)


def test_a_cost_of_nothing_is_none():
    assert "E0" not in load(NET, parameters={"W1": {"l2": 0}}).table
    assert problems({**NET, "parameters": {"W1": {"l2": -1}}}) == (
        "parameters.W1.l2: -1 is below 0; write 0 or a number above it",
    )
