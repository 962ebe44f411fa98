"""The labels of a classifier: read, numbered, and made of scores."""

from __future__ import annotations

from typing import Any

import numpy as np

from codegen.python_module.estimator.source.files import _brief
from codegen.python_module.runtime import _array
from codegen.python_module.stand_in import (
    _CLASSES,
    _COLUMN,
    _KIND,
    _LABEL_SHAPE,
    _NO_CLASS,
    DTYPE,
    Array,
)


def _labels(given: Any) -> Array:
    """The labels as an array of text, whole numbers or truth values, none missing."""
    if isinstance(given, np.ma.MaskedArray) or np.iscomplexobj(given):
        raise ValueError("t must hold labels, none of them complex or masked")
    labels = np.asarray(given)
    if any(label is None or label != label for label in labels.ravel().tolist()):
        raise ValueError("t: a label is missing")
    if labels.dtype.kind not in "biufUS":
        labels = np.array(labels.tolist())  # objects: text or numbers after all
    if _LABEL_SHAPE == () and labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if _KIND == "one_hot":
        if labels.ndim == len(_LABEL_SHAPE) + 2 and labels.shape[-1] == _CLASSES:
            ones = labels == 1
            if (ones | (labels == 0)).all() and (ones.sum(axis=-1) == 1).all():
                labels = ones.argmax(axis=-1)  # rows that were one-hot already
    if labels.size == 0:
        raise ValueError("t is empty")
    return _array(labels, "t", ("samples", *_LABEL_SHAPE), dtype=None)


def _classes_of(labels: Any) -> Array:
    """The labels in order; small whole numbers may leave some of the classes out."""
    classes = np.unique(labels)
    if _NO_CLASS:
        classes = classes[[label not in _NO_CLASS for label in classes.tolist()]]
        if len(classes) == 0:
            raise ValueError("t holds no label that counts")
    if classes.dtype.kind in "iu" and classes[0] >= 0 and classes[-1] < _CLASSES:
        return np.arange(_CLASSES)
    if len(classes) != _CLASSES:
        raise ValueError(
            f"the model tells {_CLASSES} classes apart, "
            f"t has {len(classes)} label{'s' * (len(classes) != 1)}"
        )
    return classes


def _codes(labels: Array, classes: Array) -> Array:
    """The place of each label among the classes."""
    places = {label: place for place, label in enumerate(classes.tolist())}
    if _NO_CLASS:
        places.update(_NO_CLASS)
    unknown = set(labels.ravel().tolist()) - places.keys()
    if unknown:
        first = _brief(repr(min(unknown, key=str)))
        raise ValueError(f"t holds an unknown label: {first}")
    codes = [places[label] for label in labels.ravel().tolist()]
    return np.array(codes).reshape(labels.shape)


def _encoded(codes: Array) -> Array:
    """The numbers of labels as the loss takes them."""
    if _COLUMN:
        codes = codes[:, np.newaxis]
    if _KIND == "one_hot":
        return np.eye(_CLASSES, dtype=DTYPE)[codes]
    elif _KIND == "binary":
        return codes.astype(DTYPE)
    elif _KIND == "signs":
        return (2 * codes - 1).astype(DTYPE)
    else:
        return codes


def _picked(scores: Array) -> Any:
    """The number of the label that each score speaks for."""
    if _KIND == "binary":
        codes = (scores >= 0.5).astype(int)  # of two labels
    elif _KIND == "signs":
        codes = (scores >= 0).astype(int)  # of two labels
    else:
        codes = scores.argmax(axis=-1)
    return codes.reshape(-1) if _LABEL_SHAPE == () else codes
