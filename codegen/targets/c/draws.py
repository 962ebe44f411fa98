"""Random tensors: drawn by a counter, so that the same seed gives the same numbers everywhere."""

from __future__ import annotations

from codegen.program.procedures import EVERY, Sample
from codegen.targets.c.integers import product
from codegen.targets.c.loops import Branch, Line, Loop, Node
from codegen.targets.c.scope import Scope
from codegen.targets.c.text import literal


def sample_nodes(one: Sample, scope: Scope) -> list[Node]:
    """The mean; in training what is drawn."""
    shape = scope.shape(one.shape)
    home = scope.define(one.tensor, shape)
    scope.home(one.tensor)
    scope.used.changed.add(home.name)
    scope.used.functions |= {"fill", "uniform"}
    stream = sum(1 for name in scope.used.streams if name != one.tensor)
    scope.used.streams[one.tensor] = None
    attributes = dict(one.draw.attributes)
    count = product(shape)
    place = scope.names.letter(EVERY)
    uniform = f"uniform(net->seed, {stream}, {place})"
    match one.draw.distribution:
        case "bernoulli":
            text = f"{uniform} < {one.draw.mean!r} ? 1 : 0"
        case "uniform":
            low, high = attributes.get("low", 0.0), attributes.get("high", 1.0)
            text = f"(real)({low!r} + {high - low!r} * {uniform})"
        case _:
            scope.used.functions.add("normal")
            std = attributes.get("std", 1.0)
            text = f"(real)({one.draw.mean!r} + {std!r} * normal(net->seed, {stream}, {place}))"
    mean, _ = literal(one.draw.mean, scope.single)
    drawn = Loop(place, count, (Line(f"{home.name}[{place}] = {text};"),))
    return [Line(f"fill({count}, {mean}, {home.name});"), Branch("training", (drawn,))]
