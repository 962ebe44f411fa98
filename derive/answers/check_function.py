"""A given function that computes gradients, by whatever means, against the derivation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from derive.checks.points import NoInstance, draw, run_time_extents
from derive.checks.report import DIFFERENT, OPEN, Report, Row
from derive.errors import ChainruleError, meant, shorten
from derive.ir.derivation import Derivation
from derive.ir.names import adjoint_of
from derive.semantics.interpreter import Interpreter
from derive.specs.subject import Subject, derivation_of

CHECK = "function"
POINTS = 3
TOLERANCE = 1e-7  # relative and absolute, in float64
_BATCH = 3

Gradients = Callable[..., Any]


def check_function(
    derivation: Subject,
    function: Gradients,
    *,
    points: int = POINTS,
    tolerance: float = TOLERANCE,
    seed: int = 0,
) -> Report:
    """A report on a function that computes the gradients, at random points.

    The first argument is a derivation, a system, or a spec: a file, or a dict as in one.

    The function is called as the emitted module's `gradients` is, `function(params, *inputs,
    *targets)`, with a dict of arrays by name first and the batch axis first, and returns
    `{name: gradient}` or `(loss, {name: gradient})`. So `jax.value_and_grad(loss)` is such a
    function. The gradients it doesn't return are not checked; a name that the model doesn't have
    doesn't pass.

    Raises `ChainruleError` where it returns something else, or no gradient that is known.
    """
    derivation = derivation_of(derivation)
    rows: dict[str, Row] = {}
    for point in range(points):
        try:
            result = dict(_rows(derivation, function, tolerance, seed + point, point))
        except NoInstance as none:
            return Report(_title(derivation), (Row(derivation.objective, CHECK, OPEN, str(none)),))
        for name, row in result.items():
            if name not in rows or rows[name].ok:
                rows[name] = row
    return Report(_title(derivation), tuple(rows.values()))


def _title(derivation: Derivation) -> str:
    return f"check of a function for {derivation.system.name}"


def _rows(
    derivation: Derivation, function: Gradients, tolerance: float, seed: int, point: int
) -> Iterator[tuple[str, Row]]:
    extents = run_time_extents(derivation, first=min(point + 1, _BATCH))
    values = draw(derivation, seed, extents, training=False)
    arrays = {n: _plain(derivation, n, v) for n, v in values.items()}
    system = derivation.system
    params = {t.name: arrays[t.name] for t in system.having("parameter", "buffer")}
    others = [arrays[t.name] for r in ("input", "target") for t in system.having(r)]
    loss, gradients = _returned(function({n: a.copy() for n, a in params.items()}, *others))
    known = [n for n in derivation.wrt if n in gradients]
    if not known:
        wanted = meant(next(iter(gradients), ""), derivation.wrt)
        raise ChainruleError(f"the function returned no gradient of the model's{wanted}")
    for name in gradients:
        if name not in derivation.wrt:
            text = shorten(str(name))
            detail = f"the model has no parameter of this name{meant(text, derivation.wrt)}"
            yield text, Row(text, CHECK, OPEN, detail, {"refused": True})
    equations = (*derivation.forward, *derivation.backward, *derivation.inlined)
    right = Interpreter(equations, derivation.table, arrays, extents=extents)
    if loss is not None:
        objective = np.asarray(float(right.value(derivation.objective)))
        yield derivation.objective, _row(derivation.objective, loss, objective, tolerance, arrays)
    for name in known:
        right_array = right.array(derivation.adjoint[name]).astype(float)
        yield name, _row(adjoint_of(name), gradients[name], right_array, tolerance, arrays, name)


def _returned(result: Any) -> tuple[Any, Mapping[str, Any]]:
    loss, gradients = result if isinstance(result, tuple) and len(result) == 2 else (None, result)
    if not isinstance(gradients, Mapping):
        raise ChainruleError(
            f"the function returned '{shorten(type(gradients).__name__)}'; return a dict of "
            "gradients by name, or the loss and that dict"
        )
    return loss, gradients


def _row(
    shown: str,
    given: Any,
    wanted: np.ndarray,
    tolerance: float,
    arrays: Mapping[str, Any],
    name: str = "",
) -> Row:
    """The verdict on the function's answer for `shown`; the row is about `name`."""
    name = name or shown
    result = _numbers(given)
    if isinstance(result, str):
        return Row(name, CHECK, DIFFERENT, result)
    if result.shape != wanted.shape:
        return Row(name, CHECK, DIFFERENT, f"its shape is {result.shape}, not {wanted.shape}")
    near = np.isclose(result, wanted, rtol=tolerance, atol=tolerance)
    if near.all():
        return Row(name, CHECK, "agrees", "float64")
    place = tuple(int(k) for k in np.argwhere(~near)[0])
    mine, theirs = float(wanted[place]), float(result[place])
    where = f"{shown}{list(place)}" if place else shown
    detail = f"{where} is {mine:.9g}; the function gives {theirs:.9g}"
    return Row(name, CHECK, DIFFERENT, detail, _example(place, theirs, mine, arrays))


def _numbers(given: Any) -> np.ndarray | str:
    """As floats; a line where they are none."""
    try:
        result = np.asarray(given)
    except Exception:  # whatever another library's arrays raise
        return f"it is no array of numbers but '{shorten(type(given).__name__)}'"
    if result.dtype.kind == "c":
        return "it is complex; return its real part"
    if result.dtype.kind not in "fiub":
        return "it is no array of numbers"
    return result.astype(float)


def _example(
    place: tuple[int, ...], written: float, derived: float, arrays: Mapping[str, Any]
) -> dict[str, Any]:
    values = {n: a.tolist() for n, a in arrays.items()}
    example = {"at": list(place), "written": written, "derived": derived, "values": values}
    return {"counterexample": example}


def _plain(derivation: Derivation, name: str, array: Any) -> Any:
    return array.astype(np.int64 if derivation.table[name].integer else np.float64)
