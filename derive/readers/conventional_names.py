"""Names that people give: which tensor of a model is probably meant.

`dW2`, `grad_W2`, `dL_dW2`, `W2_grad` are the derivative by `W2`; `delta2`, `d2`, `dz_2` that by
`z2`; `a1` is `y1`, `X` is `x`, `labels` the target. A name of the model itself always means that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction

from derive.ir.notation import Number
from derive.ir.system import System
from derive.ir.tree import walk
from derive.readers.vocabulary import Vocabulary

_DERIVATIVE = (
    r"d_?(?:[LJEClje]|loss|cost|err|error)_?d_?(?P<of>.+)",
    r"(?:grad|gradient|nabla|g|del)_(?P<of>.+)",
    r"(?P<of>.+)_(?:grad|gradient|deriv|prime)",
    r"(?:nabla|grad)(?P<of>[A-Z].*)",
    r"d_?(?P<of>.+)",
)
_ERROR_TERM = (r"delta_(?P<of>.+)", r"(?P<of>.+)_delta")
_NUMBERED = re.compile(r"([A-Za-z_]+?)_?(\d+)")
_FAMILIES = {
    **dict.fromkeys(("w", "weight", "weights", "theta", "kernel"), ("W",)),
    **dict.fromkeys(("b", "bias", "biases"), ("b",)),
    "gamma": ("g",),
    **dict.fromkeys(("mu", "mean", "sample_mean", "batch_mean"), ("mu",)),
    **dict.fromkeys(("var", "variance", "sigma2", "sample_var", "batch_var"), ("s",)),
    "scale": ("g",),
    **dict.fromkeys(
        ("a", "h", "o", "act", "activation", "hidden", "layer", "output", "out", "y", "l"),
        ("y", "h", "z"),
    ),
    **dict.fromkeys(("z", "s", "net", "u", "pre", "scores", "logits"), ("z",)),
}
_ACTIVATED = frozenset(
    ("a", "h", "o", "act", "activation", "out", "output", "p", "probs", "yhat", "y_hat")
)
_ERRORS = frozenset(("delta", "Delta", "d"))  # an `error` is as often the target less the output
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
EPSILON = frozenset(("eps", "epsilon"))
_SMALL = Fraction(1, 1000)
_RATES = frozenset(("lr", "eta", "alpha", "learning_rate", "rate"))


def guessed(name: str, vocabulary: Vocabulary, said: Mapping[str, str] | None = None) -> str | None:
    """The tensor that a name means, if one fits.

    `said` has the tensors of names that are told by what the text says of them.
    """
    found = _candidates(name, vocabulary, said or {})
    return next((c for c in found if c in vocabulary.shapes), None)


def _candidates(name: str, vocabulary: Vocabulary, said: Mapping[str, str]) -> Iterator[str]:
    if name in said:
        yield said[name]
    yield name
    system = vocabulary.system
    low = name.lower()
    yield from _forward(name, vocabulary)
    numbered = _NUMBERED.fullmatch(name)
    if numbered and numbered.group(1) in _ERRORS:
        yield f"dz{numbered.group(2)}"
        yield f"dy{numbered.group(2)}"
    if low in ("delta", "d_out", "dout", "error_term"):
        yield from (f"d{z}" for z in _only(vocabulary, "z"))
    for pattern in _ERROR_TERM:
        match = re.fullmatch(pattern, name)
        if match:
            yield from _error_terms(match.group("of"), vocabulary, said)
    for pattern in _DERIVATIVE:
        match = re.fullmatch(pattern, name)
        if match:
            yield from (f"d{of}" for of in _derived_by(match.group("of"), vocabulary, said))
    if low in _RATES:
        yield "learning_rate"
    if low in _OBJECTIVES and system.objective:
        yield system.objective


def _derived_by(of: str, vocabulary: Vocabulary, said: Mapping[str, str]) -> Iterator[str]:
    """What a derivative is by. By probabilities it isn't by what they are made of."""
    system = vocabulary.system
    hidden = system.probabilities if system.probabilities != system.output else None
    for one in (*((said[of],) if of in said else ()), of, *_forward(of, vocabulary)):
        if one == hidden:
            return
        yield one


def _error_terms(of: str, vocabulary: Vocabulary, said: Mapping[str, str]) -> Iterator[str]:
    """The error term of a layer is the derivative by its sum, not by its output."""
    numbers = _NUMBERED.fullmatch(of)
    last = layers(vocabulary)
    if of.lower() in ("out", "output", "o") and last:
        yield f"dz{last}"
    elif of.lower() in ("h", "hidden") and last == 2:
        yield "dz1"
    elif numbers and _FAMILIES.get(numbers.group(1).lower(), "W")[0] not in ("W", "b"):
        yield f"dz{numbers.group(2)}"
    yield from (f"d{one}" for one in _derived_by(of, vocabulary, said))


def layers(vocabulary: Vocabulary) -> int:
    """The number of the last numbered layer."""
    numbers = (re.fullmatch(r"[zyWb](\d{1,4})", n) for n in vocabulary.shapes)
    return max((int(m.group(1)) for m in numbers if m), default=0)


def _forward(name: str, vocabulary: Vocabulary) -> Iterator[str]:
    """Values, parameters, what is given."""
    system = vocabulary.system
    low = name.lower()
    if low in _INPUTS:
        yield from _having(system, "input")
    if low in _TARGETS:
        yield from _having(system, "target")
    if low in _OUTPUTS:
        yield from outputs(vocabulary)
    numbered = _NUMBERED.fullmatch(name)
    if numbered:
        base, number = numbered.group(1).rstrip("_"), numbered.group(2)
        yield f"{base}{number}"
        if base.lower() in _ACTIVATED and system.output in (f"y{number}", f"z{number}"):
            yield from outputs(vocabulary)
        for family in _FAMILIES.get(base.lower(), ()):
            yield f"{family}{number}"
    elif low in ("scores", "logits") and system.output:
        yield f"z{layers(vocabulary)}" if system.output.startswith("y") else system.output
    elif low in ("hidden", "h", "hidden_layer", "hidden_output") and layers(vocabulary) == 2:
        yield "y1"
    elif low in ("beta", "shift") and len(scales := list(_only(vocabulary, "g"))) == 1:
        yield f"b{scales[0][1:]}"  # what is added beside the scale
    elif low in _FAMILIES:
        if low in _ACTIVATED and system.output in ("y1", "z1"):
            yield from outputs(vocabulary)
        for family in _FAMILIES[low]:
            yield from _only(vocabulary, family)


def outputs(vocabulary: Vocabulary) -> Iterator[str]:
    """What comes out of the model: probabilities, where the loss makes such of the output."""
    system = vocabulary.system
    if system.probabilities:
        yield system.probabilities
    if system.output:
        yield system.output


def _only(vocabulary: Vocabulary, family: str) -> Iterator[str]:
    """The single tensor of a family."""
    found = [n for n in vocabulary.shapes if re.fullmatch(rf"{family}(\d*|_\w+)", n)]
    if len(found) == 1:
        yield found[0]


def small_number(system: System) -> Fraction | None:
    """What a model adds to keep off 0, where there is one such number: what `eps` means."""
    found = {
        node.value
        for equation in system.equations
        for term in equation.terms
        for node in walk(term.body)
        if isinstance(node, Number) and 0 < node.value <= _SMALL
    }
    return found.pop() if len(found) == 1 else None


def _having(system: System, role: str) -> Iterator[str]:
    """The tensor that plays a role, where one alone does."""
    found = [t.name for t in system.having(role) if t.name != "sample_weight"]
    if len(found) == 1:
        yield found[0]
