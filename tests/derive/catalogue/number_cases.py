"""The table of numbers' entries of the catalogue, and numbers for all that they read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from derive import catalogue, load

UPSTREAM = {"equations": "E = sum(n, ..., t[n,...]*y[n,...])"}
Arrays = Mapping[str, Any]


@dataclass(frozen=True)
class Case:
    """An entry with its attributes, and samples: arrays by name, the batch's axis counted.

    A loss is its objective, anything else its output under a given derivative t. Where an entry of
    a result is a sum over several numbers (`joint`), its error is measured by the largest entry.
    """

    name: str
    spec: Mapping[str, Any]
    samples: tuple[Arrays, ...]
    joint: bool = False
    is_loss: bool = False
    training: bool = False


def _entry(
    name: str,
    inputs: Mapping[str, Sequence[int]],
    samples: Sequence[Arrays],
    joint: bool = False,
    **attributes: Any,
) -> Case:
    kind = name.split(",", maxsplit=1)[0]
    layer = {"type": kind, **({"inputs": list(inputs)} if len(inputs) > 1 else {}), **attributes}
    spec = {"inputs": {n: list(s) for n, s in inputs.items()}, "layers": [layer], "loss": UPSTREAM}
    return Case(name, spec, tuple(samples), joint)


def _loss(
    name: str,
    inputs: Mapping[str, Sequence[int]],
    samples: Sequence[Arrays],
    joint: bool = False,
    **attributes: Any,
) -> Case:
    names = list(inputs)
    loss = {"type": name.split(",", maxsplit=1)[0], **attributes}
    if len(names) > 1:
        loss["inputs"] = names
    spec = {
        "inputs": {n: list(s) for n, s in inputs.items()},
        "layers": [{"type": "identity", "inputs": names[:1]}],
        "loss": loss,
    }
    return Case(name, spec, tuple(samples), joint, is_loss=True)


# ---- activations ---------------------------------------------------------------------------------

POINTS = (0, 1e-30, -1e-30, 1, -1, 5, -5, 30, -30, 1e3, -1e3, 1e20, -1e20)
ROWS = ((1000, 999, 0), (-1e3, 0, 5), (1e20, -1e20, 0), (2, 2, 2), (1e-30, 0, -1e-30))
FAR_ROWS = (*ROWS, (1e30, -1e30, 0), (1e30, 1e30, -1e30), (30, 0, 0))
_ALONG = ("softmax", "log_softmax", "softmin")
_SETTINGS = {"threshold": {"threshold": 0.5, "value": 0.25}}
_GATES = ("glu", "swiglu", "geglu")


def _activations() -> tuple[Case, ...]:
    apart = {*_ALONG, *_GATES, "rrelu", "prelu"}
    found = []
    here = {"x": [POINTS], "t": [[1] * len(POINTS)]}
    for row in catalogue.ACTIVATIONS:
        if row.name in _ALONG:
            samples = [{"x": [r], "t": [[1, 0, 0]]} for r in FAR_ROWS]
            found.append(_entry(row.name, {"x": [3]}, samples))
        elif row.name in _GATES:
            pairs = [(u, v) for u in (1, -1e3) for v in POINTS]
            samples = [{"x": [pair], "t": [[1]]} for pair in pairs]
            found.append(_entry(row.name, {"x": [2]}, samples))
        elif row.name not in apart:
            settings = _SETTINGS.get(row.name, {})
            found.append(_entry(row.name, {"x": [len(POINTS)]}, [here], **settings))
    slopes = [{**here, "a1": [a]} for a in (0.25, 0, -1e3)]
    found.append(_entry("prelu", {"x": [len(POINTS)]}, slopes, joint=True))
    drawn = [{**here, "slope_rrelu1": [[0.25] * len(POINTS)]}]
    found.append(replace(_entry("rrelu", {"x": [len(POINTS)]}, drawn), training=True))
    found.append(_entry("gelu, tanh", {"x": [len(POINTS)]}, [here], approximate="tanh"))
    return tuple(found)


# ---- losses --------------------------------------------------------------------------------------


def _pairs(xs: Sequence[float], ts: Sequence[float]) -> list[Arrays]:
    return [{"x": [[x]], "t": [[t]]} for x in xs for t in ts]


_FAR = (*POINTS, 1e30, -1e30)
_ONE, _THREE = {"x": [1]}, {"x": [3]}
_HITS = [{"x": [row], "t": [k]} for row in FAR_ROWS for k in (0, 2)]
_ONE_HOT = [{"x": [row], "t": [np.eye(3)[k]]} for row in FAR_ROWS for k in (0, 2)]
_LOGARITHMS = ((-1, -2, -3), (-1e-30, -30, -1e3), (-1e20, 0, -1e30))
_CHANCES = ((1, 1e-20, 0), (0.5, 0.25, 1), (1 - 2**-24, 0, 0), (0, 0, 0))
_MASKS = ((1, 0, 0), (0, 0, 0), (1, 1, 1))
_VECTORS = ((1, 2), (1e-30, 0), (0, 0), (1e3, 1), (1e3, 999), (1e20, -1e20))
_PATHS = (
    ((-1, -2, -3), (-0.5, -1, -2), (-3, -1e-30, -1)),
    ((-1e3, -1, -2), (-30, 0, -1), (0, -30, -30)),
    ((-1, -1, -1),) * 3,
)
_SCORES = (*(-np.array(path) for path in _PATHS), np.full((3, 3), 1e20))
_CHAIN = {"A": [[0.1, -0.1, 0], [0, 0.2, 0.3], [1, 0, -1]], "start": [0, 1, 2], "end": [3, 0, -1]}
_BATCHES = (((1, 2), (3, -1)), ((1e-30, 0), (0, 1)), ((1e3, 1), (1e3, 999)), ((1e20, 1), (1, 0)))

REGRESSION = (
    *(_loss(n, _ONE, _pairs(_FAR, (0, 1, -3, 1e3))) for n in ("squared_error", "mse", "mae")),
    _loss("huber", _ONE, _pairs(_FAR, (0, 1, -3, 1e3))),
    _loss("smooth_l1", _ONE, _pairs(_FAR, (0, 1, -3, 1e3))),
    _loss("poisson_nll", _ONE, _pairs(_FAR, (0, 3))),
    _loss("poisson_nll, rates", _ONE, _pairs((0, 1, 30, 1e3, 1e20), (0, 3)), log_input=False),
    _loss(
        "gaussian_nll",
        {"y": [1], "variance": [1]},
        [
            {"y": [[y]], "variance": [[v]], "t": [[t]]}
            for y in (0, 1, 30, -1e3, 1e20)
            for t in (0, 3)
            for v in (0, 1e-3, 1, 1e3)
        ],
    ),
)
CLASSIFICATION = (
    _loss("binary_cross_entropy", _ONE, _pairs((0, 1e-20, 0.25, 0.5, 0.999, 1), (0, 1))),
    _loss("binary_cross_entropy_with_logits", _ONE, _pairs(_FAR, (0, 1))),
    _loss("focal", _ONE, _pairs(_FAR, (0, 1))),
    _loss("softmax_cross_entropy", _THREE, _ONE_HOT),
    _loss("softmax_cross_entropy, classes", _THREE, _HITS, targets="classes"),
    _loss("nll", _THREE, [{"x": [r], "t": [k]} for r in _LOGARITHMS for k in range(3)]),
    _loss("kl_divergence", _ONE, _pairs((0, -1e-30, -1, -5, -1e3, -1e20), (0, 1e-30, 0.25, 1))),
    _loss(
        "kl_divergence, logarithms",
        _ONE,
        _pairs((0, -1e-30, -1, -5, -1e3), (-30, -1e3, -1, 0)),
        log_target=True,
    ),
    _loss("hinge", _ONE, _pairs(_FAR, (1, -1))),
    _loss("squared_hinge", _ONE, _pairs(_FAR, (1, -1))),
    _loss("multi_margin", _THREE, _HITS),
    _loss("multi_margin, squares", _THREE, _HITS, p=2),
    _loss("dice", _THREE, [{"x": [y], "t": [t]} for y in _CHANCES for t in _MASKS], joint=True),
)
BETWEEN = (
    _loss(
        "cosine_embedding",
        {"x1": [2], "x2": [2]},
        [{"x1": [a], "x2": [b], "t": [k]} for a in _VECTORS for b in _VECTORS for k in (1, -1)],
        joint=True,
    ),
    _loss(
        "triplet_margin",
        {"anchor": [2], "positive": [2], "negative": [2]},
        [
            {"anchor": [a], "positive": [b], "negative": [(1, 2)]}
            for a in _VECTORS
            for b in _VECTORS
        ],
        joint=True,
    ),
    _loss(
        "info_nce",
        {"query": [2], "key": [2]},
        [{"query": a, "key": b} for a in _BATCHES for b in _BATCHES],
        joint=True,
    ),
)
SEQUENCES = (
    _loss(
        "ctc",
        {"x": [3, 3]},
        [{"x": [p], "t": [t]} for p in _PATHS for t in ((1, 2), (1, 0))],
        joint=True,
    ),
    _loss(
        "crf",
        {"x": [3, 3]},
        [{"x": [s], "t": [(0, 1, 2)], **_CHAIN} for s in _SCORES],
        joint=True,
    ),
)

# ---- layers --------------------------------------------------------------------------------------

_NORMED = (
    *((1, 2, 3), (5, 5, 5), (0.1, 0.1, 0.1), (1e-30, 0, -1e-30), (0, 0, 0)),
    *((1e3, 999, 1001), (1e20, -1e20, 0), (1e20, 1e20, 1e20)),
)
_GAIN = {"g1": [1, 2, -1], "b1": [0, 0.5, 1]}
_ROW = [{"x": [row], "t": [(1, 0, 0)], **_GAIN} for row in _NORMED]
_PLACES = (((1, 2), (0, 1)), ((30, -30), (1, 1)), ((1e-30, 0), (0, 0)), ((1e10, 0), (0, 1e10)))
_STEPS = [((a,), (b,)) for a in (0, 1e-30, 1, 5, -5, 30, 1e3, -1e20) for b in (0, 1, -5)]


def _cells(name: str, gates: Sequence[str]) -> Case:
    """A recurrent layer of one unit, over two steps."""
    weights = {"W": [[1]], "U": [[0.5]], "b": [0], "v": [0]}
    given = {f"{w}{gate}1": value for gate in gates for w, value in weights.items()}
    samples = [{"x": [steps], "t": [((1,), (1,))], **given} for steps in _STEPS]
    return _entry(name, {"x": [2, 1]}, samples, joint=True, units=1)


_TOKENS = (
    *(((1, 2, 0), (0, 1, -1)), ((30, -30, 1), (1, 2, 4)), ((1e-30, 0, 1), (0, 0, 1))),
    *(((1e3, 999, 0), (1, 0, 2)), ((1e20, 1, -1e20), (0, 1, 2))),
)


def _weighed(name: str, memory: bool = False, **attributes: Any) -> Case:
    """A layer over two places of three features, with eighths for weights."""
    inputs = {"x": [2, 3], **({"memory": [2, 3]} if memory else {})}
    bare = _entry(name, inputs, (), joint=True, heads=1, **attributes)
    draw = np.random.default_rng(5)
    given = {
        p.name: draw.integers(-8, 9, [e.number for e in p.shape]) / 8
        for p in load(bare.spec).having("parameter")
    }
    seen = {"memory": [_TOKENS[0]]} if memory else {}
    samples = ({"x": [p], "t": [((1, 0, 2), (-1, 2, 0))], **seen, **given} for p in _TOKENS)
    return replace(bare, samples=tuple(samples))


_COLUMN = {"g1": [1], "b1": [0], "running_mean1": [0], "running_var1": [1]}
LAYERS = (
    replace(
        _entry(
            "batch_norm1d",
            {"x": [1]},
            [{"x": [[v] for v in r], "t": [[1], [0], [0]], "on1": 1, **_COLUMN} for r in _NORMED],
            joint=True,
        ),
        training=True,
    ),
    _entry("layer_norm", _THREE, _ROW, joint=True),
    _entry("rms_norm", _THREE, [{**one, "g1": [1, 2, -1]} for one in _ROW], joint=True),
    _entry(
        "group_norm",
        {"x": [3, 1]},
        [{"x": [[[v] for v in r]], "t": [((1,), (0,), (0,))], **_GAIN} for r in _NORMED],
        joint=True,
        groups=1,
    ),
    _entry(
        "instance_norm",
        {"x": [1, 3]},
        [{"x": [[r]], "t": [[(1, 0, 0)]]} for r in _NORMED],
        joint=True,
    ),
    _entry(
        "attention",
        {"q": [2, 2], "k": [2, 2], "v": [2, 2]},
        [
            {"q": [a], "k": [b], "v": [c], "t": [((1, 0), (0, 1))]}
            for a in _PLACES
            for b in _PLACES
            for c in (_PLACES[0], _PLACES[3])
        ],
        joint=True,
    ),
    _weighed("multi_head_attention"),
    _weighed("transformer_encoder_layer", dim_feedforward=2),
    _weighed("transformer_encoder_layer, norm first", dim_feedforward=2, norm_first=True),
    _weighed("transformer_decoder_layer", memory=True, dim_feedforward=2),
    _cells("rnn", ("",)),
    _cells("lstm", "ifgo"),
    _cells("gru", "ruc"),
)

CASES = (*_activations(), *REGRESSION, *CLASSIFICATION, *BETWEEN, *SEQUENCES, *LAYERS)
