"""What the tensors of the catalogue's entries are, in the field's words, by their names there."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from derive.ir.system import Layer, System

_ATTENTION = {
    "q": "queries",
    "k": "keys",
    "v": "values",
    "s_s": "products of queries and keys",
    "s": "scores",
    "m": "largest score of a row",
    "s_a": "sum of the exponentials",
    "a": "attention weights",
    "o": "outputs of the heads",
    "Wq": "weights of the queries",
    "Wk": "weights of the keys",
    "Wv": "weights of the values",
    "Wo": "weights of the output",
    "bq": "bias of the queries",
    "bk": "bias of the keys",
    "bv": "bias of the values",
    "bo": "bias of the output",
}
_NORM = {"g": "scale", "b": "shift", "m": "mean", "v": "variance"}
_BATCH_NORM = {
    "g": "scale",
    "b": "shift",
    "mu": "mean of the batch",
    "s": "variance of the batch",
    "m": "mean that is used",
    "v": "variance that is used",
    "running_mean": "running mean",
    "running_var": "running variance",
    "count": "number of values in a mean",
}
_TRANSFORMER = {
    **_ATTENTION,
    "z_a": "output of the attention",
    "r_a": "sum with what goes past the attention",
    "mu_a": "mean",
    "z": "variance, kept from 0",
    "z_sigma_a": "variance, kept from 0",
    "sigma_a": "standard deviation",
    "n_a": "normalised values",
    "x_a": "output of the first half",
    "p": "pre-activation of the hidden layer",
    "f": "hidden layer",
    "z_f": "output of the feed-forward net",
    "r_f": "sum with what goes past the feed-forward net",
    "mu_f": "mean",
    "z_sigma_f": "variance, kept from 0",
    "sigma_f": "standard deviation",
    "n_f": "normalised values",
    "g_a": "scale",
    "b_a": "shift",
    "g_f": "scale",
    "b_f": "shift",
    "Wu": "weights of the hidden layer",
    "bu": "bias of the hidden layer",
    "Wd": "weights of the feed-forward net's output",
    "bd": "bias of the feed-forward net's output",
}
_STATE = {
    "h": "hidden state",
    "W": "weights of the input",
    "U": "weights of the state",
    "b": "bias",
}
_GATES = {"i": "input gate", "f": "forget gate", "o": "output gate", "r": "reset gate"}


def _gated(gates: Mapping[str, str], first: str) -> Mapping[str, str]:
    """The gates with their pre-activations; that of the `first` is named `z`."""
    inside = {
        f"z_{g}" if g != first else "z": f"pre-activation, {what}" for g, what in gates.items()
    }
    own = {
        f"{letter}{g}": f"{part}, {what}"
        for g, what in gates.items()
        for letter, part in (
            ("W", "weights of the input"),
            ("U", "weights of the state"),
            ("b", "bias"),
            ("v", "second bias"),
        )
    }
    return {**gates, **inside, **own, "h": "hidden state"}


_SOFTMAX = {"m": "largest value", "s": "sum of the exponentials"}
_LSTM = {
    **_gated({**{g: _GATES[g] for g in "ifo"}, "g": "candidate"}, "i"),
    "c": "cell state",
}
_GRU = {
    **_gated({"r": _GATES["r"], "u": "update gate", "c": "candidate"}, "r"),
    "m": "the state's part of the candidate",
}

LAYERS: Mapping[str, Mapping[str, str]] = {
    "attention": _ATTENTION,
    "multi_head_attention": _ATTENTION,
    "transformer_encoder_layer": _TRANSFORMER,
    "transformer_decoder_layer": _TRANSFORMER,
    "layer_norm": _NORM,
    "group_norm": _NORM,
    "instance_norm": _NORM,
    "rms_norm": {"g": "scale", "r": "root mean square"},
    "batch_norm1d": _BATCH_NORM,
    "batch_norm2d": _BATCH_NORM,
    "batch_norm3d": _BATCH_NORM,
    "rnn": _STATE,
    "lstm": _LSTM,
    "gru": _GRU,
}
ACTIVATIONS: Mapping[str, Mapping[str, str]] = {"softmax": _SOFTMAX, "log_softmax": _SOFTMAX}
LOSSES: Mapping[str, Mapping[str, str]] = {
    "softmax_cross_entropy": {
        "m": "largest logit",
        "s": "sum of the exponentials",
        "p": "probabilities of the classes",
        "q": "smoothed targets",
        "w": "weights of the targets",
        "weight": "weights of the classes",
    },
    "binary_cross_entropy": {
        "u": "probability, kept from 0",
        "v": "chance of the opposite, kept from 0",
    },
    "binary_cross_entropy_with_logits": {"p": "probability"},
}


def meaning_of(system: System, name: str, layer: Layer | None) -> str:
    """What a tensor of a layer is, or of the loss where it is of none; "" where that isn't said."""
    if layer is None:
        return LOSSES.get(system.origin.loss_type, {}).get(name.removesuffix("_loss"), "")
    local = name.removesuffix(layer.name).removesuffix("_")
    kinds = (LAYERS.get(layer.type, {}), ACTIVATIONS.get(layer.type, {}))
    return next(
        (m[local] for m in (*kinds, ACTIVATIONS.get(layer.activation, {})) if local in m), ""
    )


def every_meaning() -> frozenset[str]:
    """All that `meaning_of` may say."""
    tables = (*LAYERS.values(), *ACTIVATIONS.values(), *LOSSES.values())
    return frozenset(chain.from_iterable(t.values() for t in tables))
