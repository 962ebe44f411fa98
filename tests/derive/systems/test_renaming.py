"""The form of equations that is left without names, and the names that make one the other."""

import re

from derive import differentiate, load, parse
from derive.language.printer import equation_text
from derive.systems.renaming import nameless


def layers(specs, inputs):
    """Each layer's own equations, by name, and the derivation."""
    spec = {"name": "net", "inputs": inputs, "layers": specs, "loss": "squared_error"}
    derivation = differentiate(load(spec))
    backward = {**{e.tensor: e for e in (*derivation.backward, *derivation.inlined)}}
    found = {}
    for layer in derivation.system.origin.layers:
        own = [e for e in derivation.forward if e.tensor in layer.tensors]
        inner = [t for t in layer.tensors if t != layer.output]
        own += [backward[a] for t in inner if (a := derivation.adjoint.get(t)) in backward]
        found[layer.name] = own
    return found


def groups(specs, inputs):
    forms = {}
    for name, equations in layers(specs, inputs).items():
        # going forward only: the last error term is the loss's
        ahead = [e for e in equations if not e.tensor.startswith("d")]
        forms.setdefault(nameless(ahead)[0], []).append(name)
    return list(forms.values())


def letterless(text):
    """Letters numbered by their first occurrence."""
    seen = {}
    return re.sub(
        r"\b([a-z])\b(?![\[(])", lambda m: seen.setdefault(m.group(), f"@{len(seen)}"), text
    )


def test_the_blocks_of_a_transformer_have_one_form():
    blocks = layers([{"type": "transformer_encoder_layer", "heads": 2}] * 4, {"x": [3, 4]})
    (form, names), *others = (nameless(equations) for equations in blocks.values())
    assert len(form) > 50
    for (other, there), equations in zip(others, list(blocks.values())[1:], strict=True):
        assert other == form
        renaming = dict(zip(names, there, strict=True))
        for mine, theirs in zip(blocks["1"], equations, strict=True):
            # renamed as text, by no code of the engine
            text = re.sub(
                r"[^\W\d]\w*",
                lambda m, n=renaming: n.get(m.group(), m.group()),
                equation_text(mine),
            )
            assert letterless(text) == letterless(equation_text(theirs))


def test_another_activation_is_another_form():
    specs = [{"type": "dense", "units": 3, "activation": a} for a in ("tanh", "relu") * 2]
    assert groups(specs, {"x": [3]}) == [["1", "3"], ["2", "4"]]


def test_another_width_is_another_form():
    specs = [{"type": "dense", "units": u, "activation": "tanh"} for u in (3, 3, 2, 2)]
    assert groups(specs, {"x": [3]}) == [["1", "2"], ["3"], ["4"]]


def test_other_attributes_are_another_form():
    block = {"type": "multi_head_attention", "heads": 2}
    specs = [block, {**block, "causal": True}, block, {**block, "bias": False}]
    assert groups(specs, {"x": [3, 4]}) == [["1", "3"], ["2"], ["4"]]


def test_names_have_one_place_both_ways():
    spec = {"inputs": ["x", "y"], "parameters": ["w", "v"], "sizes": {"i": 2}}
    text = "a[i] = w[i]*x[i]\nb[i] = v[i]*y[i]\nc[i] = w[i]*w[i]\nE = sum(i, a[i]*b[i]*c[i]*y[i])"
    a, b, c, *_ = parse(text, objective="E", **spec).equations
    (first, names), (second, others) = nameless([a]), nameless([b])
    assert first == second
    assert (names, others) == (("a", "w", "x"), ("b", "v", "y"))
    assert nameless([c])[0] != first
    assert nameless([a, b])[0] == nameless([b, a])[0]
    assert nameless([a, a])[0] != nameless([a, b])[0]
