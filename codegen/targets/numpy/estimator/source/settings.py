"""What a model can be told before it is trained, checked when it is."""

from __future__ import annotations

from typing import Any

import numpy as np

from codegen.targets.numpy.estimator.source.files import _brief
from codegen.targets.numpy.stand_in import _BATCHED, HYPERPARAMETERS


def _check_settings(settings: dict[str, Any]) -> None:
    """Refuse settings that make no sense."""
    _check_setting("epochs", settings, 0, whole=True)
    if _BATCHED:
        _check_setting("batch_size", settings, 1, whole=True)
    for name in HYPERPARAMETERS:
        _check_setting(name, settings, 0)
    if _BATCHED:
        _check_setting("validation", settings, 0, below=1)
    if settings["patience"] is not None:
        _check_setting("patience", settings, 1, whole=True)
    _check_setting("seed", settings, 0, whole=True)
    for name, value in settings.items():
        if name in ("standardize", "verbose") and not isinstance(
            value, (bool, np.bool_)
        ):
            shown = _brief(repr(value))
            raise ValueError(f"{name}={shown} is neither True nor False")


def _check_setting(
    name: str,
    settings: dict[str, Any],
    least: int,
    below: float = np.inf,
    whole: bool = False,
) -> None:
    """Refuse a setting that isn't a number of this kind and size."""
    value = settings[name]
    kinds = (int, np.integer) if whole else (int, float, np.integer, np.floating)
    number = isinstance(value, kinds) and not isinstance(value, bool)
    if not (number and least <= value < below):
        kind = "whole" if whole else "finite"
        limit = "up" if below == np.inf else f"to less than {below}"
        shown = _brief(repr(value))
        raise ValueError(f"{name}={shown} is not a {kind} number from {least} {limit}")
