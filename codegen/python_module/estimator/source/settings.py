"""What a model can be told before it is trained, checked when it is."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from codegen.python_module.estimator.source.files import _brief
from codegen.python_module.stand_in import _CLASSES, _ROLE, _TARGETS


def _check_settings(settings: dict[str, Any]) -> None:
    """Refuse settings that make no sense."""
    least = {"epochs": 0, "batch_size": 1, "patience": 1, "seed": 0}  # whole numbers
    for name, value in settings.items():
        whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        number = whole or isinstance(value, (float, np.floating))
        if name in ("standardize", "verbose"):
            fits = isinstance(value, (bool, np.bool_))
            wrong = "neither True nor False"
        elif name in least:
            fits = whole and value >= least[name]
            wrong = f"not a whole number from {least[name]} up"
        elif name == "validation":
            fits = number and 0 <= value < 1
            wrong = "not a finite number from 0 to less than 1"
        else:
            fits = number and 0 <= value < np.inf
            wrong = "not a finite number from 0 up"
        if not fits and not (name == "patience" and value is None):
            raise ValueError(f"{name}={_brief(repr(value))} is {wrong}")


def _sklearn_tags(role: str | None) -> Any:
    """What an estimator of this role tells scikit-learn."""
    utils = sys.modules["sklearn.utils"]
    tags = utils.Tags(
        estimator_type=role,
        target_tags=utils.TargetTags(required=bool(_TARGETS)),
    )
    if _ROLE == "classifier":
        tags.classifier_tags = utils.ClassifierTags(multi_class=_CLASSES > 2)
    elif _ROLE == "regressor":
        tags.regressor_tags = utils.RegressorTags()
    return tags
