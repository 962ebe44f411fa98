"""How long a derivation and its module take and how long they get, imports aside."""

from codegen.pipeline import emit
from derive.calculus.differentiate import differentiate
from derive.language.printer import equation_text
from derive.specs.load import load
from tests.benchmarks.rows import Measured, least

DEPTHS = (2, 8, 32, 128)
SOFTMAX = {
    "inputs": {"x": [20]},
    "layers": [{"type": "dense", "units": 10}],
    "loss": "softmax_cross_entropy",
}


def perceptron(depth):
    """So many sigmoid layers of one width."""
    layer = {"type": "dense", "units": 16, "activation": "sigmoid"}
    return {"inputs": {"x": [16]}, "layers": [layer] * depth, "loss": "squared_error"}


def blocks(count):
    """So many blocks of a transformer."""
    layer = {"type": "transformer_encoder_layer", "heads": 4, "dim_feedforward": 64}
    return {"inputs": {"x": [16, 32]}, "layers": [layer] * count, "loss": "squared_error"}


EMITTED = (
    *((f"emit {n} layers", perceptron, n, 6 if n == 512 else None) for n in (8, 32, 128, 512)),
    *((f"emit {n} transformer blocks", blocks, n, 8 if n == 48 else None) for n in (1, 4, 16, 48)),
)


def length(derivation):
    """The characters of all equations, forward and backward."""
    return sum(len(equation_text(e)) for e in (*derivation.forward, *derivation.backward))


def measure():
    load(SOFTMAX)  # what is imported or cached on the way
    wall, _ = least(lambda: differentiate(load(SOFTMAX)))
    yield Measured("derivation of dense + softmax cross-entropy", wall, 0.1)
    times, lengths = {}, {}
    for depth in DEPTHS:
        spec = perceptron(depth)
        system = load(spec)
        whole, _ = least(lambda spec=spec: differentiate(load(spec)), 3)
        derive, _ = least(lambda system=system: differentiate(system), 3)
        derivation = differentiate(system)
        times[depth], lengths[depth] = whole, length(derivation)
        note = (
            f"(derive {derive * 1e3:.0f} ms; {len(derivation.backward)} equations backward, "
            f"{len(derivation.steps)} steps, {lengths[depth]} characters)"
        )
        limit = 1.0 if depth == 32 else None
        yield Measured(f"load and derive {depth} layers", whole, limit, note=note)
    yield Measured("time of 128 layers over time of 32", times[128] / times[32], 5, "times")
    yield Measured("length of 128 layers over length of 32", lengths[128] / lengths[32], 5, "times")
    for what, make, count, limit in EMITTED:
        derivation = differentiate(load(make(count)))
        _, work = least(lambda derivation=derivation: emit(derivation), 1)
        yield Measured(what, work, limit, note="(processor time)")
