"""Nothing looks whether places are inside that were checked before, and only these."""

import numpy as np

from codegen import emit, load_module
from codegen.lowering.module import lowered
from codegen.passes.known_places import known_places
from codegen.program.nodes import AddAt, Take
from codegen.program.walk import arrays_in, instructions
from derive import differentiate, load, parse
from tests.codegen.program.programs import built

WORDS = {
    "inputs": {"x": [5]},
    "integers": ["x"],
    "layers": [
        {"type": "embedding", "num_embeddings": 7, "embedding_dim": 3},
        {"type": "flatten"},
        {"type": "dense", "units": 4},
    ],
    "loss": {"type": "softmax_cross_entropy", "targets": "classes"},
}


def looked_up(derivation):
    """What is looked up or added to at places, and whether that is checked."""
    body = [p.body for p in known_places(lowered(built(derivation))).procedures]
    every = [one for b in body for one in instructions(b)]
    takes = [a for one in every for a in arrays_in(one) if isinstance(a, Take)]
    adds = [one for one in every if isinstance(one, AddAt)]
    return {t.of.tensor: t.checked for t in takes} | {a.tensor: a.checked for a in adds}


def test_classes_were_checked_at_the_head():
    layers = [{"type": "dense", "units": 4}]
    net = {"inputs": {"x": [3]}, "layers": layers, "loss": WORDS["loss"]}
    derivation = differentiate(load(net))
    assert looked_up(derivation) == {"z1": False, "dz1": False}
    source = emit(derivation, part="math")
    assert "z1[np.arange(N), t]" in source
    assert "    dz1[np.arange(N), t] -= 1 / N\n" in source
    assert "_inside" not in source


def test_places_that_may_be_the_same_are_added_one_by_one():
    derivation = differentiate(load(WORDS))
    source = emit(derivation, part="math")
    assert "np.add.at(dW1, (x.T,), " in source
    module = load_module(source)
    params = module.init_params(0)
    x = np.array([[1, 1, 1, 6, 0]])
    _, gradient = module.gradients(params, x, [2])
    step = 1e-6
    for place in ((1, 0), (6, 2), (3, 1)):
        ends = []
        for way in (1, -1):
            moved = params["W1"].copy()
            moved[place] += way * step
            ends.append(module.loss({**params, "W1": moved}, x, [2]))
        assert abs((ends[0] - ends[1]) / (2 * step) - gradient["W1"][place]) < 1e-8


def test_a_class_that_does_not_count_is_no_place():
    loss = {"type": "softmax_cross_entropy", "targets": "classes", "ignore_index": -100}
    net = {"inputs": {"x": [3]}, "layers": [{"type": "dense", "units": 4}], "loss": loss}
    assert set(looked_up(differentiate(load(net))).values()) == {True}


def test_what_reads_0_outside_stays_so():
    system = parse(
        "E = sum(n, (e[w[n]] - y[n])**2)",
        parameters=["e"],
        inputs=["w"],
        targets=["y"],
        integers=["w"],
        objective="E",
        batch="n",
        sizes={"e.0": 7},
    )
    derivation = differentiate(system)
    assert set(looked_up(derivation).values()) == {True}
    module = load_module(emit(derivation, part="math"))
    assert module.loss({"e": np.ones(7)}, [-1, 7, 3], [0.0, 0.0, 0.0]) == 1
