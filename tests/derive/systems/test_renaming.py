"""Layers that are alike, with the names that make one the other."""

import re

import pytest

from derive import differentiate, load, parse
from derive.language.printer import equation_text
from derive.systems.renaming import likenesses, renaming


def derived(layers, inputs, **more):
    spec = {"name": "net", "inputs": inputs, "layers": layers, "loss": "squared_error", **more}
    return differentiate(load(spec))


def groups(derivation, **how):
    return [
        [group.first.name, *(layer.name for layer, _ in group.others)]
        for group in likenesses(derivation, **how)
    ]


@pytest.fixture(scope="module")
def transformer():
    block = {"type": "transformer_encoder_layer", "heads": 2}
    return derived([block] * 4, {"x": [3, 4]})


def test_the_blocks_of_a_transformer_are_one(transformer):
    (group,) = likenesses(transformer)
    assert groups(transformer) == [["1", "2", "3", "4"]]
    equations = {e.tensor: e for e in (*transformer.forward, *transformer.backward)}
    equations |= {e.tensor: e for e in transformer.inlined}
    assert len(group.forward) > 20 and len(group.backward) > 30
    covered = {e.tensor for e in (*group.forward, *group.backward)}
    for layer, names in group.others:
        assert names["Wq1"] == f"Wq{layer.name}"
        assert names["dWq1"] == f"dWq{layer.name}"
        assert names["x"] == layer.inputs[0]
        for equation in (*group.forward, *group.backward):
            # renamed as text, by no code of the engine
            text = re.sub(
                r"[^\W\d]\w*",
                lambda m, n=names: n.get(m.group(), m.group()),
                equation_text(equation),
            )
            other = equations[names[equation.tensor]]
            assert letterless(text) == letterless(equation_text(other))
            covered.add(other.tensor)
    # nothing but the objective and the derivative by the last output is left to be told
    assert set(equations) - covered == {"E", "dy4"}


def letterless(text):
    """Letters numbered by their first occurrence."""
    seen = {}
    return re.sub(
        r"\b([a-z])\b(?![\[(])", lambda m: seen.setdefault(m.group(), f"@{len(seen)}"), text
    )


@pytest.mark.parametrize(
    ("layers", "wanted"),
    [
        (["tanh", "tanh", "tanh"], [["1", "2", "3"]]),
        (["tanh", "relu", "tanh", "relu"], [["1", "3"], ["2", "4"]]),
    ],
)
def test_dense_layers_of_one_width(layers, wanted):
    specs = [{"type": "dense", "units": 3, "activation": a} for a in layers]
    derivation = derived(specs, {"x": [3]})
    assert groups(derivation, backward=False) == wanted
    # the last error term is the loss's
    last = str(len(layers))
    rest = [[name for name in group if name != last] for group in wanted]
    assert groups(derivation) == [*rest, [last]]


def test_another_width_is_another_form():
    specs = [{"type": "dense", "units": u, "activation": "tanh"} for u in (3, 3, 2, 2)]
    derivation = derived(specs, {"x": [3]})
    assert groups(derivation, backward=False) == [["1", "2"], ["3"], ["4"]]


def test_other_attributes_are_another_form():
    block = {"type": "multi_head_attention", "heads": 2}
    layers = [block, {**block, "causal": True}, block, {**block, "bias": False}]
    assert groups(derived(layers, {"x": [3, 4]})) == [["1", "3"], ["2"], ["4"]]


def test_names_have_one_place_both_ways():
    spec = {"inputs": ["x", "y"], "parameters": ["w", "v"], "sizes": {"i": 2}}
    text = "a[i] = w[i]*x[i]\nb[i] = v[i]*{}[i]\nc[i] = w[i]*w[i]\nE = sum(i, a[i]*b[i]*c[i]*y[i])"
    a, b, c, *_ = parse(text.format("y"), objective="E", **spec).equations
    assert renaming([a], [b]) == {"a": "b", "w": "v", "x": "y"}
    assert renaming([a], [c]) is None
    assert renaming([c], [a]) is None
    assert renaming([a, b], [b, a]) == {"a": "b", "w": "v", "x": "y", "b": "a", "v": "w", "y": "x"}
    a, b, *_ = parse(text.format("x"), objective="E", **spec).equations
    assert renaming([a, b], [b, a]) == {"a": "b", "w": "v", "x": "x", "b": "a", "v": "w"}
    assert renaming([a, a], [a, b]) is None
