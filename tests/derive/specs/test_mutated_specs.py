"""Specs with something deleted, odd, or moved elsewhere: served, or refused in lines of our own."""

import copy
import random
import re
import tomllib
from pathlib import Path

import pytest

import codegen
from derive import catalogue, differentiate, load
from derive.errors import ChainruleError
from tests.oracles import MODELS

ROOT = Path(__file__).parents[3]
SPECS = [tomllib.loads(p.read_text()) for p in sorted((ROOT / "generated").glob("*/*.toml"))]
TEXTS = [model.spec() for model in MODELS]
TOKENS = ["0", "1/2", "-", "**", "where(i > 0, ", "size(i)", "sum(i, ", "inf", "t", "E", "[i]"]
ODD = [
    *(0, -1, 1, 2, 3.5, 10**9, True, None),
    *("", "x", "z", "z1", "y1", "a b", "n", "E", "dense", "relu", "softmax", "sum"),
    *([], [1], ["x"], [["x"]], {}, {"type": "tanh"}),
]
INPUTS = ["x", "z1", "y1", "z2", "a", "t", "h"]


def places(value, path=()):
    if path:
        yield path
    inside = value.items() if isinstance(value, dict) else ()
    inside = enumerate(value) if isinstance(value, list) else inside
    for key, part in inside:
        yield from places(part, (*path, key))


def at(spec, path):
    for key in path:
        spec = spec[key]
    return spec


def mutate(spec, draw):
    """One change: a deletion, an odd value, a copy beside or from elsewhere, a letter, a layer."""
    path = draw.choice(list(places(spec)))
    parent, key = at(spec, path[:-1]), path[-1]
    layers = spec.get("layers")
    layers = [e for e in layers if isinstance(e, dict)] if isinstance(layers, list) else []
    kind = draw.choice(["delete", "odd", "copy", "move", "number", *["text", "layer"] * 3])
    if kind == "delete":
        del parent[key]
    elif kind == "odd":
        parent[key] = copy.deepcopy(draw.choice(ODD))
    elif kind == "copy" and isinstance(parent, list):
        parent.insert(key, copy.deepcopy(draw.choice(parent)))
    elif kind == "number":
        numbers = [p for p in places(spec) if type(at(spec, p)) is int]
        for path in draw.sample(numbers, min(1, len(numbers))):
            at(spec, path[:-1])[path[-1]] += draw.choice([-1, 1])
    elif kind == "text" and isinstance(spec.get("equations"), str):
        spec["equations"] = other_text(spec["equations"], draw)
    elif kind == "layer" and layers:
        other_layer(spec["layers"], draw)
    else:
        parent[key] = copy.deepcopy(at(spec, draw.choice(list(places(spec)))))


def other_text(text, draw):
    """Equations in which one token is another's, or gone, or there is one more."""
    tokens = re.split(r"(\w+|\*\*|[<>=!]=|//|\s+|\W)", text)
    place = draw.randrange(len(tokens))
    word = draw.choice([t for t in tokens if t.strip()] + TOKENS)
    change = draw.choice(["replace", "replace", "delete", "insert", "kind"])
    if change == "kind":  # a name is another name of the same length: a letter mostly a letter
        names = [k for k, t in enumerate(tokens) if re.fullmatch(r"\w+", t)]
        place = draw.choice(names)
        word = draw.choice([tokens[k] for k in names if len(tokens[k]) == len(tokens[place])])
    tokens[place : place + (change != "insert")] = [] if change == "delete" else [word]
    return "".join(tokens)


def other_layer(layers, draw):
    """A layer of the catalogue, with what it needs, beside another one or in its place."""
    row = catalogue.LAYER[draw.choice(sorted(catalogue.LAYER))]
    needed = {a.name: a.usual for a in row.attributes if a.default is catalogue.REQUIRED}
    layer = {"type": row.name, **copy.deepcopy(needed)}
    if draw.random() < 0.3:
        layer["inputs"] = draw.sample(INPUTS, draw.randrange(1, 4))
    place = draw.randrange(len(layers))
    layers[place : place + draw.randrange(2)] = [layer]


def mutated(seed):
    """The spec that belongs to this seed."""
    draw = random.Random(seed)
    spec = copy.deepcopy(draw.choice(SPECS if draw.random() < 0.5 else TEXTS))
    for _ in range(draw.choice([1, 1, 2, 3])):
        if list(places(spec)):
            mutate(spec, draw)
    return spec


def served_or_refused(seed):
    spec = mutated(seed)
    problems = problems_of(spec)
    assert max(map(len, problems), default=0) <= 400
    assert not any("fault of chainrule" in p for p in problems)


def problems_of(spec):
    try:
        codegen.emit(differentiate(load(spec)))
    except ChainruleError as refused:
        return refused.problems
    return ()


@pytest.mark.parametrize("seed", range(40))
def test_mutated_specs(seed):
    served_or_refused(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40, 400))
def test_more_mutated_specs(seed):
    served_or_refused(seed)
