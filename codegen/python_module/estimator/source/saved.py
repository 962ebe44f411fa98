"""A model in a file: all of it is checked before any of it is used."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from codegen.python_module.estimator.source.columns import _widened
from codegen.python_module.estimator.source.files import (
    _brief,
    _listed,
    _load_arrays,
    _replace_file,
)
from codegen.python_module.estimator.source.settings import _check_settings
from codegen.python_module.stand_in import (
    _CLASSES,
    _FEATURE_COLUMNS,
    _FROM_TABLE,
    _INPUTS,
    _ROLE,
    _STANDARDIZES,
    _TARGET_COLUMNS,
    _WHOLE,
    DTYPE,
    NAME,
    Arrays,
    init_params,
    init_state,
)

# what the command line keeps of the table that it has read
_OF_TABLES = ("feature_names_in_", "target_names_", "columns_", "fills_")


def _save(path: str, settings: dict[str, Any], learned: dict[str, Any]) -> None:
    """Write a model: its arrays by path, and all else as text."""
    arrays: dict[str, Any] = {}
    packed = _pack(learned, arrays)
    about = {"name": NAME, "settings": settings, "learned": packed}
    text = json.dumps(about, default=lambda scalar: scalar.item())
    _replace_file(path, lambda file: np.savez(file, about=text, **arrays))


def _read_saved(
    path: str, settings: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings in a file, in place of these, and what was learned."""
    if not os.path.exists(path):
        message = f"there is no file {_brief(path)}; save a model first"
        raise FileNotFoundError(message)
    arrays = _load_arrays(path)
    try:
        about = _read_about(arrays)
        for name in about["settings"]:
            if name not in settings:
                raise ValueError(f"there is no setting {_brief(repr(name))}")
        settings = {**settings, **about["settings"]}
        _check_settings(settings)
        learned = _unpack(about["learned"], arrays)
        _check_learned(learned)
    except ValueError as error:
        message = f"{_brief(path)} holds no model of {NAME}: {error}"
        raise ValueError(message) from None
    return settings, learned


def _read_about(arrays: Arrays) -> dict[str, Any]:
    """The text beside the arrays, as nested dictionaries."""
    if "about" not in arrays:
        raise ValueError("there is no 'about'")
    try:
        about: Any = json.loads(str(arrays.pop("about")))
    except (RecursionError, ValueError):
        raise ValueError("its text 'about' is not JSON") from None
    for name, kind in (("name", str), ("settings", dict), ("learned", dict)):
        if not isinstance(about, dict) or not isinstance(about.get(name), kind):
            raise ValueError(f"there is no '{name}'")
    if about["name"] != NAME:
        raise ValueError(f"it holds the model {_brief(about['name'])}")
    return dict(about)


def _pack(
    tree: dict[str, Any], arrays: dict[str, Any], prefix: str = ""
) -> dict[str, Any]:
    """Nested dictionaries without their arrays, which move into `arrays` by path."""
    packed = {}
    for name, value in tree.items():
        packed[name] = value
        if isinstance(value, dict):
            packed[name] = _pack(value, arrays, f"{prefix}{name}/")
        elif isinstance(value, (np.ndarray, np.generic)):
            arrays[prefix + name] = value
            packed[name] = None  # keeps the place of `name` among the others
    return packed


def _unpack(packed: dict[str, Any], arrays: Arrays) -> dict[str, Any]:
    """What `_pack` took apart, put together again."""
    for path, array in arrays.items():
        *parents, name = path.split("/")
        tree: Any = packed
        for parent in parents:
            tree = tree.get(parent) if isinstance(tree, dict) else None
        if not isinstance(tree, dict) or tree.get(name, "") is not None:
            raise ValueError(f"there is no place for the array {_brief(repr(path))}")
        tree[name] = array
    return packed


def _check_learned(learned: dict[str, Any]) -> None:
    """Refuse what `fit` can't have set, by what it sets in the beginning."""
    params = init_params()
    names = ["params_", "state_", "rng_", "history_", "best_params_"]
    if _ROLE == "classifier":
        names.append("classes_")
    if _FROM_TABLE:
        names.append("n_features_in_")
    if _STANDARDIZES:
        names += ["mean_", "scale_"]
    for name in names:
        if name not in learned:
            raise ValueError(f"there is no {name}")
    for name in learned:
        if name not in (*names, *_OF_TABLES):
            raise ValueError(f"it holds {_brief(repr(name))}, which no model does")
    _check_like("params_", learned["params_"], params)
    _check_like("state_", learned["state_"], init_state(params))
    _check_like("best_params_", learned["best_params_"], params, may_be_empty=True)
    _check_history(learned["history_"])
    learned["rng_"] = _generator(learned["rng_"])
    if _ROLE == "classifier":
        _check_classes(learned["classes_"])
    if _STANDARDIZES:
        _check_scales(learned["mean_"], learned["scale_"])
    if _FROM_TABLE:
        columns = {
            "feature_names_in_": _FEATURE_COLUMNS,
            "target_names_": _TARGET_COLUMNS,
        }
        for name, count in columns.items():
            found = learned.get(name, [""] * count)
            if not isinstance(found, list) or [*map(type, found)] != [str] * count:
                raise ValueError(f"{name} are not the names of {count} columns")
        _check_columns(learned)
        features = learned["n_features_in_"]
        if type(features) is not int or features != _FEATURE_COLUMNS:
            raise ValueError(f"n_features_in_ is not {_FEATURE_COLUMNS}")


def _check_columns(learned: dict[str, Any]) -> None:
    """Refuse columns of a table that don't give the model's features."""
    columns = learned.get("columns_", {})
    if not isinstance(columns, dict):
        raise ValueError("columns_ are not columns with their texts")
    for texts in columns.values():
        if not isinstance(texts, list) or {*map(type, texts)} - {str}:
            raise ValueError("columns_ are not columns with their texts")
    if columns and _widened(columns) != learned.get("feature_names_in_"):
        raise ValueError("columns_ don't give the feature_names_in_")
    fills = learned.get("fills_", {})
    if not isinstance(fills, dict) or (fills and fills.keys() != columns.keys()):
        raise ValueError("fills_ are not those of the columns")
    for name, fill in fills.items():
        texts = columns[name]
        if not (fill in texts if texts else _is_number(fill)):
            raise ValueError(f"fills_ has no entry of {_brief(name)}")


def _check_like(path: str, found: Any, wanted: Any, may_be_empty: bool = False) -> None:
    """Refuse what isn't of the same make: names, shapes and kinds of numbers."""
    if isinstance(wanted, dict):
        if may_be_empty and isinstance(found, dict) and not found:
            return
        if not isinstance(found, dict) or found.keys() != wanted.keys():
            raise ValueError(f"{path} has not the entries {_listed([*wanted])}")
        for name, value in wanted.items():
            _check_like(f"{path}/{name}", found[name], value)
    elif isinstance(wanted, np.ndarray):
        if not isinstance(found, np.ndarray):
            raise ValueError(f"{path} is no array of shape {wanted.shape}")
        if (found.shape, found.dtype) != (wanted.shape, wanted.dtype):
            given, right = (f"{a.dtype}{a.shape}" for a in (found, wanted))
            raise ValueError(f"{path} is {_brief(given)}, not {right}")
        if not np.isfinite(found).all():
            raise ValueError(f"{path} holds NaN or infinity")
    elif not _is_number(found):
        raise ValueError(f"{path} is no number")


def _is_number(value: Any) -> bool:
    """Whether it is one finite number, by itself or as an array."""
    if isinstance(value, np.ndarray):
        if value.shape != () or value.dtype.kind not in "iuf":
            return False
        value = value.item()
    return type(value) in (int, float) and abs(value) <= np.finfo(np.float64).max


def _check_history(history: Any) -> None:
    """Refuse what isn't a list of losses, or two of them."""
    names = history.keys() if isinstance(history, dict) else set()
    if not {"loss"} <= names <= {"loss", "validation_loss"}:
        raise ValueError("history_ is not that of a loss")
    for name, losses in history.items():
        if not isinstance(losses, list) or not all(map(_is_number, losses)):
            raise ValueError(f"history_/{name} is no list of numbers")


def _generator(state: Any) -> np.random.Generator:
    """The generator of random numbers that was in this state."""
    rng = np.random.default_rng()
    try:
        rng.bit_generator.state = state
    except Exception:  # whatever NumPy makes of it
        raise ValueError("rng_ is not the state of a generator") from None
    return rng


def _check_classes(classes: Any) -> None:
    """Refuse what isn't as many labels as there are classes, in order."""
    if not isinstance(classes, np.ndarray) or classes.dtype.kind not in "biufUS":
        raise ValueError("classes_ is no array of labels")
    if classes.shape != (_CLASSES,):
        raise ValueError(f"classes_ has shape {_brief(classes.shape)}")
    if not np.array_equal(np.unique(classes), classes):
        raise ValueError("classes_ are not different labels in order")


def _check_scales(mean: Any, scale: Any) -> None:
    """Refuse means and spreads that aren't those of the inputs."""
    wanted = {}
    for name, shape in _INPUTS.items():
        if _WHOLE and name in _WHOLE:
            continue
        sizes = [1 if isinstance(extent, str) else extent for extent in shape]
        wanted[name] = np.ones(sizes, DTYPE)
    _check_like("mean_", mean, wanted, may_be_empty=True)
    _check_like("scale_", scale, mean)
    if not all((spread > 0).all() for spread in scale.values()):
        raise ValueError("scale_ holds a number that is not above 0")
