"""The head of an emitted `Model` in words: its settings, what it takes and what it learns."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from codegen.module.model_facts import Argument, Estimator

_EPOCHS, _BATCH_SIZE = 100, 32  # where nothing is said


@dataclass(frozen=True)
class Setting:
    """One keyword of `Model`."""

    name: str
    default: str
    text: str


def settings(e: Estimator) -> tuple[Setting, ...]:
    """The keywords of `Model`, in order."""
    batched = e.has_batch
    rows = [
        (True, "epochs", _EPOCHS, "passes over the data"),
        (batched, "batch_size", _BATCH_SIZE, "samples per update"),
        *(
            (True, name, float(default), f"the optimiser's {name.replace('_', ' ')}")
            for name, default in e.hyperparameters
        ),
        (batched, "validation", 0.0, "the share of the samples that is held out"),
        (
            True,
            "patience",
            None,
            "stop after so many epochs without a lower loss and keep the best",
        ),
        (e.standardizes, "standardize", True, "bring each feature to mean 0 and spread 1 first"),
        (True, "seed", 0, "decides parameters, order and draws"),
        (True, "verbose", False, "show progress on standard error"),
    ]
    return tuple(Setting(name, repr(default), text) for there, name, default, text in rows if there)


def description(e: Estimator) -> list[str]:
    """Lines on what `fit` takes."""
    if not e.data:
        return ["There is no data: `fit` takes no arrays."]
    sentences = []
    for letter, arguments in (("x", e.inputs), ("t", e.targets)):
        if letter == "t" and e.classifier:
            sentences.append(_label_text(e))
        elif len(arguments) == 1:
            kind = "whole numbers" if arguments[0].integer else "numbers"
            shape = _shape_text(e, arguments[0])
            sentences.append(f"`{letter}` is an array of {kind} of shape {shape}.")
        elif arguments:
            parts = ", ".join(f"{one.name} {_shape_text(e, one)}" for one in arguments)
            table = ", or a table with all their columns" if e.reads_csv else ""
            sentences.append(f"`{letter}` is a tuple of arrays ({parts}){table}.")
    if e.weighted:
        sentences.append("`sample_weight` holds what each sample counts, all alike without it.")
    if e.labels.ignored:
        numbers = " or ".join(map(str, e.labels.ignored))
        sentences.append(f"A label whose number is {numbers} doesn't count.")
    return textwrap.wrap(" ".join(sentences), 80)


def learned(e: Estimator) -> list[str]:
    """Lines on the attributes that `fit` sets."""
    parts = ["`params_`", "`state_` (the optimiser's)", "`history_` (the losses by epoch)"]
    if e.classifier:
        parts.append("`classes_` (the labels in order)")
    if e.standardizes:
        parts.append("`mean_` and `scale_` (of the features)")
    parts.append("`rng_`")
    return textwrap.wrap(f"What is learned ends in an underscore: {', '.join(parts)}.", 80)


def _label_text(e: Estimator) -> str:
    named = "A first `partial_fit` may name all of them in `classes`."
    if e.label_shape == ():
        return f"`t` holds a label of any kind for each sample. {named}"
    shape = _shape_text(e, Argument(e.targets[0].name, e.label_shape))
    return f"`t` holds labels of any kind, in shape {shape}. {named}"


def _shape_text(e: Estimator, argument: Argument) -> str:
    extents = [str(extent) for extent in argument.shape]
    if e.has_batch:
        extents.insert(0, "samples")
    return f"({', '.join(extents)}{',' if len(extents) == 1 else ''})"
