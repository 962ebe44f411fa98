"""What is given to a model, checked: arrays of numbers of the shapes that it takes."""

from __future__ import annotations

from typing import Any

import numpy as np

from codegen.python_module.estimator.source.files import _brief, _listed
from codegen.python_module.runtime import _array, _integers
from codegen.python_module.stand_in import (
    _BATCHED,
    _FROM_TABLE,
    _INPUTS,
    _SEVERAL,
    _WEIGHTED,
    _WHOLE,
    DTYPE,
    Array,
    Arrays,
    Shape,
    Shapes,
)


def _arrays(given: Any, shapes: Shapes) -> list[Array]:
    """One checked array for each name; for several, from a tuple or from a table."""
    if _SEVERAL:
        names = list(shapes)
        if len(names) == 1:
            given = (given,)
        elif not isinstance(given, tuple):
            given = _cut(given, shapes)
        if len(given) != len(names):
            raise ValueError(f"{len(given)} arrays for {', '.join(names)}")
        arrays = [
            _checked_array(name, shapes[name], part) for name, part in zip(names, given)
        ]
        if _BATCHED:
            for name, array in zip(names, arrays):
                if len(array) != len(arrays[0]):
                    first = f"{names[0]} has {len(arrays[0])} samples"
                    raise ValueError(f"{first}, {name} has {len(array)}")
        return arrays
    else:
        return [_checked_array(name, shape, given) for name, shape in shapes.items()]


def _in_order(table: Any, names: list[str]) -> Any:
    """A table with its columns in this order; what has no names stays as it is."""
    if not hasattr(table, "columns"):
        return table
    given = [*map(str, table.columns)]
    if sorted(given) != sorted(names):
        found = f"x has the columns {_listed(given)}"
        raise ValueError(f"{found}; the model was fitted on {_listed(names)}")
    return table.iloc[:, [given.index(name) for name in names]]


def _cut(table: Any, shapes: Shapes) -> list[Array]:
    """The columns of a table, shared out among names by the size of one sample."""
    message = f"expected a tuple of arrays ({', '.join(shapes)})"
    if _FROM_TABLE:
        table = np.asarray(table)
        sizes = [int(np.prod(shape)) for shape in shapes.values()]
        if table.ndim == 2 and table.shape[1] == sum(sizes):
            return np.split(table, np.cumsum(sizes)[:-1], axis=1)
        message += f" or a table of {sum(sizes)} columns, got shape {table.shape}"
    raise ValueError(message)


def _checked_array(name: str, shape: Shape, given: Any) -> Array:
    """One array of numbers, none missing, of the shape that the model takes."""
    try:
        if isinstance(given, np.ma.MaskedArray) or np.iscomplexobj(given):
            raise TypeError("none of them may be complex or masked")
        array = np.asarray(given, np.float64 if _WHOLE and name in _WHOLE else DTYPE)
    except (TypeError, ValueError) as error:
        reason = _uneven(given) or _brief(error, 200)
        raise ValueError(f"{name} must hold numbers: {reason}") from None
    if _BATCHED:
        flat = array.ndim in (1, 2) and not any(isinstance(e, str) for e in shape)
        if flat and array.size == len(array) * int(np.prod(shape)):  # rows of a table
            array = array.reshape(len(array), *shape)
        shape = ("samples", *shape)
    array = _array(array, name, shape, dtype=None)
    if array.size == 0:
        raise ValueError(f"{name} is empty")
    if not np.isfinite(array).all():
        place = tuple(np.argwhere(~np.isfinite(array))[0].tolist())
        raise ValueError(f"{name} holds NaN or infinity, first at {place}")
    if _WHOLE and name in _WHOLE:
        return _integers(array, name, shape)
    return array


def _uneven(given: Any) -> str:
    """How far the lengths of rows differ, in words; nothing where they don't."""
    if not isinstance(given, (list, tuple)):
        return ""
    rows = (list, tuple, np.ndarray)
    sizes = {len(row) if isinstance(row, rows) else 0 for row in given}
    if len(sizes) > 1:
        return f"its rows have from {min(sizes)} to {max(sizes)} entries"
    return next(filter(None, map(_uneven, given)), "")


def _weights(given: Any, count: int) -> Array:
    """The weight of each sample: 1 where none are given."""
    if given is None:
        return np.ones(count, dtype=DTYPE)
    weights = _array(given, "sample_weight", (count,))
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise ValueError("sample_weight holds NaN, infinity or a number below 0")
    if not weights.any():
        raise ValueError("sample_weight is 0 for every sample")
    return weights


def _amount(arrays: list[Array]) -> float:
    """What some samples count together."""
    if _WEIGHTED:
        return max(float(arrays[-1].sum()), 1e-30)
    else:
        return len(arrays[0])


def _split(
    arrays: list[Array], validation: float, seed: int
) -> tuple[list[Array], list[Array]]:
    """The samples to train on and those held out, the same for the same seed."""
    if not validation:
        return arrays, []
    count = len(arrays[0])
    held = max(1, round(validation * count))
    if held >= count:
        raise ValueError(
            f"validation={validation} of {count} leaves nothing to train on"
        )
    order = np.random.default_rng([seed, 1]).permutation(count)
    return [a[order[held:]] for a in arrays], [a[order[:held]] for a in arrays]


def _measured(inputs: list[Array]) -> tuple[Arrays, Arrays]:
    """The mean and the spread of each feature, by the names of inputs."""
    mean, scale = {}, {}
    for (name, shape), array in zip(_INPUTS.items(), inputs):
        if _WHOLE and name in _WHOLE:
            continue
        # an axis of any extent has no features of its own
        free = [k for k, extent in enumerate(shape, 1) if isinstance(extent, str)]
        axes = (0, *free)
        # in powers of two of about the largest, so that no sum overflows
        power = np.frexp(np.abs(array).max(axis=axes, keepdims=True))[1]
        parts = np.ldexp(array.astype(np.float64), -power)
        middle = parts.mean(axis=axes, keepdims=True)
        spread = parts.std(axis=axes, keepdims=True)
        varies = spread > 1e-9 * np.abs(middle)  # by more than rounding
        mean[name] = np.ldexp(middle, power)[0].astype(DTYPE)
        spread = np.ldexp(spread, power)[0].astype(DTYPE)
        scale[name] = np.where(varies[0] & (spread > 0), spread, DTYPE(1))
    return mean, scale


def _scaled(inputs: list[Array], mean: Arrays, scale: Arrays) -> list[Array]:
    """The inputs with mean 0 and spread 1, as far as these have been measured."""
    scaled = []
    for name, array in zip(_INPUTS, inputs):
        if name not in mean:
            scaled.append(array)
            continue
        with np.errstate(over="ignore"):
            # halves, so that no difference overflows
            parts = (array / 2 - mean[name] / 2) / scale[name] * 2
        if not np.isfinite(parts).all():
            raise ValueError(f"{name} is too far from what the model was trained on")
        scaled.append(parts)
    return scaled
