"""Names that people give: which tensor of a model is probably meant.

`dW2`, `grad_W2`, `dL_dW2`, `W2_grad` are the derivative by `W2`; `delta2`, `d2`, `dz_2` that by
`z2`; `a1` is `y1`, `X` is `x`, `labels` the target. A name of the model itself always means that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from derive.notation import System
from derive.vocabulary import Vocabulary

_DERIVATIVE = (
    r"d_?(?:[LJEC]|loss|cost|err|error)_?d_?(?P<of>.+)",
    r"(?:grad|gradient|nabla|g|delta|del)_(?P<of>.+)",
    r"(?P<of>.+)_(?:grad|gradient|deriv|prime|delta|error)",
    r"(?:nabla|grad)(?P<of>[A-Z].*)",
    r"d_?(?P<of>.+)",
)
_NUMBERED = re.compile(r"([A-Za-z_]+?)_?(\d+)")
_FAMILIES = {
    **dict.fromkeys(("w", "weight", "weights", "theta", "kernel"), ("W",)),
    **dict.fromkeys(("b", "bias", "biases"), ("b",)),
    **dict.fromkeys(
        ("a", "h", "o", "act", "activation", "hidden", "layer", "output", "out", "y"),
        ("y", "h", "z"),
    ),
    **dict.fromkeys(("z", "s", "net", "u", "pre", "scores", "logits"), ("z",)),
}
_ERRORS = frozenset(("delta", "d", "error", "err", "delta_"))
_INPUTS = frozenset(("x", "inputs", "input", "data", "a0", "l0", "layer0", "features"))
_TARGETS = frozenset(
    ("t", "y", "target", "targets", "label", "labels", "y_true", "ytrue", "truth", "d", "tgt")
)
_OUTPUTS = frozenset(
    (
        "y_hat",
        "yhat",
        "y_pred",
        "ypred",
        "out",
        "output",
        "outputs",
        "pred",
        "preds",
        "prediction",
        "predictions",
        "p",
        "probs",
        "o",
        "al",
    )
)
_OBJECTIVES = frozenset(("e", "l", "loss", "cost", "j", "c", "error", "total_loss", "objective"))
SAMPLES = frozenset(  # how many there are
    """
    n N m B batch batch_size batchsize n_samples num_samples n_examples num_examples N_samples
    """.split()  # noqa: SIM905 - a list of words reads better so
)
_RATES = frozenset(("lr", "eta", "alpha", "learning_rate", "rate"))


def guessed(name: str, vocabulary: Vocabulary) -> str | None:
    """The tensor that a name means, if one fits."""
    return next((c for c in _candidates(name, vocabulary) if c in vocabulary.shapes), None)


def _candidates(name: str, vocabulary: Vocabulary) -> Iterator[str]:
    yield name
    system = vocabulary.system
    low = name.lower()
    yield from _forward(name, vocabulary)
    numbered = _NUMBERED.fullmatch(name)
    if numbered and numbered.group(1).lower() in _ERRORS:
        yield f"dz{numbered.group(2)}"
        yield f"dy{numbered.group(2)}"
    if low in ("delta", "d_out", "dout", "error_term"):
        yield from (f"d{z}" for z in _only(vocabulary, "z"))
    for pattern in _DERIVATIVE:
        match = re.fullmatch(pattern, name)
        if match:
            for of in (match.group("of"), *_forward(match.group("of"), vocabulary)):
                yield f"d{of}"
    if low in _RATES:
        yield "learning_rate"
    if low in _OBJECTIVES and system.objective:
        yield system.objective


def _forward(name: str, vocabulary: Vocabulary) -> Iterator[str]:
    """Values, parameters, what is given."""
    system = vocabulary.system
    low = name.lower()
    if low in _INPUTS:
        yield from _having(system, "input")
    if low in _TARGETS:
        yield from _having(system, "target")
    if low in _OUTPUTS:
        if system.probabilities:
            yield system.probabilities
        if system.output:
            yield system.output
    numbered = _NUMBERED.fullmatch(name)
    if numbered:
        base, number = numbered.group(1).rstrip("_"), numbered.group(2)
        yield f"{base}{number}"
        for family in _FAMILIES.get(base.lower(), ()):
            yield f"{family}{number}"
    elif low in _FAMILIES:
        for family in _FAMILIES[low]:
            yield from _only(vocabulary, family)


def _only(vocabulary: Vocabulary, family: str) -> Iterator[str]:
    """The single tensor of a family."""
    found = [n for n in vocabulary.shapes if re.fullmatch(rf"{family}\d*", n)]
    if len(found) == 1:
        yield found[0]


def _having(system: System, role: str) -> Iterator[str]:
    """The tensor that plays a role, where one alone does."""
    found = [t.name for t in system.having(role) if t.name != "sample_weight"]
    if len(found) == 1:
        yield found[0]
