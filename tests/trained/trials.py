"""The nets that are trained, each on its data."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.trained import data, nets, text_nets
from tests.trained.trial import Trial

_DIGITS, _CLASSES = data.digits()
_IMAGES = _DIGITS.reshape(-1, 1, 8, 8)
_TABLE, _KNOWN = data.ratings()
_READ, _UNREAD = data.pieces(data.TEXT[: data.HELD_OUT]), data.pieces(data.TEXT[data.HELD_OUT :])


def _accuracy(y: np.ndarray, t: np.ndarray) -> float:
    return float(np.mean(y.argmax(1) == t))


def _error(y: np.ndarray, t: np.ndarray) -> float:
    return float(np.mean((y - t) ** 2))


def _perplexity(z: np.ndarray, t: np.ndarray) -> float:
    """e to the mean cross-entropy of a character."""
    z = z - z.max(axis=-1, keepdims=True)
    chances = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
    return float(np.exp(-np.take_along_axis(chances, t[..., None], -1).mean()))


def _missing(p: np.ndarray, r: np.ndarray) -> float:
    """The root of the mean squared error of the entries that weren't known."""
    return float(np.sqrt(np.mean((p - r)[_KNOWN == 0] ** 2)))


def _split(x: np.ndarray, t: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    return {"train": (x[397:], t[397:]), "held": (x[:397], t[:397])}


_ON_DIGITS = "digits of 8 x 8 pixels, 397 of 1797 held out"
_ON_TEXT = "Alice in Wonderland, chapter VI of I to VI held out"
_TEXT = {"data": _ON_TEXT, "measure": "perplexity of a character", "digits": 4}

TRIALS = (
    Trial(
        "lenet",
        _ON_DIGITS,
        "accuracy",
        **_split(_IMAGES, _CLASSES),
        epochs=12,
        rate=0.003,
        net=nets.lenet,
        score=_accuracy,
    ),
    Trial(
        "autoencoder",
        _ON_DIGITS,
        "mean squared error",
        **_split(_DIGITS, _DIGITS),
        epochs=40,
        rate=0.005,
        net=nets.autoencoder,
        score=_error,
        digits=6,
    ),
    Trial(
        "resnet",
        _ON_DIGITS,
        "accuracy",
        **_split(_IMAGES, _CLASSES),
        epochs=10,
        rate=0.003,
        net=nets.resnet,
        score=_accuracy,
    ),
    Trial(
        "lstm_text",
        train=_READ,
        held=_UNREAD,
        epochs=8,
        rate=0.01,
        net=partial(text_nets.recurrent, "LSTM"),
        score=_perplexity,
        **_TEXT,
    ),
    Trial(
        "gru_text",
        train=_READ,
        held=_UNREAD,
        epochs=8,
        rate=0.01,
        net=partial(text_nets.recurrent, "GRU"),
        score=_perplexity,
        **_TEXT,
    ),
    Trial(
        "transformer_text",
        train=_READ,
        held=_UNREAD,
        epochs=12,
        rate=0.003,
        net=text_nets.transformer,
        score=_perplexity,
        **_TEXT,
    ),
    Trial(
        "factorise",
        "50 digits by 40 pixels, a fifth of the entries held out",
        "root mean squared error; 0.3383 by the columns' means",
        train=(_KNOWN, _TABLE),
        held=(_KNOWN, _TABLE),
        epochs=400,
        rate=0.01,
        net=text_nets.factorise,
        score=_missing,
        batch=None,
        optimizer="SGD",
    ),
)
