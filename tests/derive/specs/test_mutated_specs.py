"""Specs with something deleted, odd, or moved elsewhere: served, or refused in lines of our own."""

import copy
import random
import tomllib
from pathlib import Path

import pytest

from derive import catalogue, differentiate, load
from derive.errors import ChainruleError

ROOT = Path(__file__).parents[3]
SPECS = [tomllib.loads(p.read_text()) for p in sorted((ROOT / "generated").glob("*/*.toml"))]
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
    """One change: a deletion, an odd value, a copy beside or from elsewhere, another neighbour."""
    path = draw.choice(list(places(spec)))
    parent, key = at(spec, path[:-1]), path[-1]
    layers = spec.get("layers")
    layers = [e for e in layers if isinstance(e, dict)] if isinstance(layers, list) else []
    kind = draw.choice(["delete", "delete", "odd", "odd", "copy", "move", "neighbour"])
    if kind == "delete":
        del parent[key]
    elif kind == "odd":
        parent[key] = copy.deepcopy(draw.choice(ODD))
    elif kind == "copy" and isinstance(parent, list):
        parent.insert(key, copy.deepcopy(draw.choice(parent)))
    elif kind == "neighbour" and layers:
        layer = draw.choice(layers)
        layer["type"] = draw.choice(sorted(catalogue.LAYER))
        if draw.random() < 0.5:
            layer["inputs"] = draw.sample(INPUTS, draw.randrange(1, 4))
    else:
        parent[key] = copy.deepcopy(at(spec, draw.choice(list(places(spec)))))


def served_or_refused(seed):
    draw = random.Random(seed)
    spec = copy.deepcopy(draw.choice(SPECS))
    for _ in range(draw.randrange(1, 4)):
        if list(places(spec)):
            mutate(spec, draw)
    problems = _problems(spec)
    assert max(map(len, problems), default=0) <= 400
    assert not any("fault of chainrule" in p for p in problems)


def _problems(spec):
    try:
        differentiate(load(spec))
    except ChainruleError as refused:
        return refused.problems
    return ()


@pytest.mark.parametrize("seed", range(40))
def test_mutated_specs(seed):
    served_or_refused(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40, 3000))
def test_more_mutated_specs(seed):
    served_or_refused(seed)
