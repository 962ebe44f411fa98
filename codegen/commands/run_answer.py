"""`check --against FILE.py --run`: what a person's source computes, beside the right values.

The source runs in a process of its own, within limits. It is given the arrays of what the model is
given, by the names that mean them, and of what else it reads and never sets.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from codegen.sandbox.run import run_source
from codegen.sandbox.whitelist import calls, check_source, keys
from derive.answers.batch_or_sample import Instance, Setting, vocabularies
from derive.answers.counterexample import plain
from derive.answers.known_names import known_names
from derive.checks.points import NoInstance
from derive.checks.report import DIFFERENT, EQUAL_AT_POINTS, OPEN, Report, Row
from derive.errors import ChainruleError
from derive.ir.derivation import Derivation
from derive.readers.name_table import guessed
from derive.readers.vocabulary import Vocabulary

CHECK, PLACE = "formula", "formulas"
POINTS = 2
_GIVEN = ("input", "target", "parameter", "constant", "hyperparameter")
CLOSE = 1e-8  # of numbers in float64, after a person's own order of operations


def check_run(derivation: Derivation, text: str, names: Mapping[str, str]) -> Report:
    """A report on each tensor of the model that a source gives.

    Raises `ChainruleError` where the source can't be run, or gives none.
    """
    vocabulary = vocabularies(derivation)[0]
    tree = check_source(text, PLACE)
    meant = {n: t for n in _names(tree) if (t := names.get(n) or guessed(n, vocabulary))}
    set_ = _set(tree)
    outputs = [n for n in meant if n in set_]
    if not outputs:
        raise ChainruleError(
            f"{PLACE}: nothing here gives a tensor of the model or a derivative, such as dW1; say "
            'which names do, such as --names "my_gradient=dW1"'
        )
    setting = Setting(derivation, known_names(derivation), False, 0)
    rows: dict[str, Row] = {}
    roles = {t.name: t.role for t in derivation.system.tensors}
    for point in range(1, POINTS + 1):
        try:
            at = setting.point(point)
        except NoInstance as none:
            return _report(derivation, (Row(derivation.objective, CHECK, OPEN, str(none)),), {})
        given = _given(meant, set_, at, setting, vocabulary)
        result = run_source(text, given, outputs)
        for row in (
            *_rows(result, meant, at, setting),
            *_no_arrays(tree, result, meant, at, setting),
        ):
            if row.name not in rows or rows[row.name].ok:
                rows[row.name] = row
    if not rows:
        wanted = [n for n in outputs if roles.get(meant[n]) not in _GIVEN] or outputs
        raise ChainruleError(
            f"{PLACE}: it ran, and set none of {', '.join(wanted)}; call your functions, or "
            "name their parameters after arrays of the model"
        )
    return _report(derivation, tuple(rows.values()), meant)


def _report(derivation: Derivation, rows: tuple[Row, ...], meant: Mapping[str, str]) -> Report:
    names = tuple((n, t) for n, t in meant.items() if n != t)
    return Report(f"formulas of {derivation.system.name}, run", rows, names)


def _names(tree: ast.Module) -> list[str]:
    """Every name that may be an array, in the order of the text."""
    result: dict[str, None] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.arg(arg=name):
                result[name] = None
            case _:
                pass
    result.update((word, None) for _, word in keys(tree))
    for call in calls(tree):
        result.update(dict.fromkeys(call.returns))
    return list(result)


def _set(tree: ast.Module) -> set[str]:
    """The names that are given a value."""
    words = (n for n in ast.walk(tree) if isinstance(n, ast.Name))
    result = {n.id for n in words if isinstance(n.ctx, ast.Store)}
    return result | {name for call in calls(tree) for name in call.returns}


def _given(
    meant: Mapping[str, str], set_: set[str], at: Instance, setting: Setting, vocabulary: Vocabulary
) -> dict[str, np.ndarray]:
    """The arrays that a source sees: what isn't set, and all that the model is given."""
    result = {}
    for name, tensor in meant.items():
        real = setting.known.get(tensor)
        if real is not None and (name not in set_ or real in at.values):
            result[name] = _floats(at, real)
    for leaf in vocabulary.system.having("input", "target", "parameter"):
        result.setdefault(leaf.name, _floats(at, leaf.name))
    return result


def _floats(at: Instance, real: str) -> np.ndarray:
    kind = np.int64 if at.right.table[real].integer else np.float64
    return at.array(real).astype(kind)


def _rows(
    computed: Mapping[str, np.ndarray], meant: Mapping[str, str], at: Instance, setting: Setting
) -> Iterator[Row]:
    for name, array in computed.items():
        tensor = meant[name]
        real = setting.known.get(tensor)
        if real is None or real in at.values:
            continue
        yield _row(tensor, array, _floats(at, real), at)


def _no_arrays(
    tree: ast.Module,
    computed: Mapping[str, np.ndarray],
    meant: Mapping[str, str],
    at: Instance,
    setting: Setting,
) -> Iterator[Row]:
    """A row for what the script itself sets, and is no array of numbers when it ends."""
    inside = (ast.FunctionDef, ast.ClassDef)
    given = _set(ast.Module([s for s in tree.body if not isinstance(s, inside)], []))
    data: dict[str, Any] = {"assumption": None, "slips": [], "counterexample": None}
    for name, tensor in meant.items():
        real = setting.known.get(tensor)
        if name in given - computed.keys() and real is not None and real not in at.values:
            detail = "it ran, and this is no array of numbers"
            yield Row(tensor, CHECK, OPEN, detail, {**data, "refused": True})


def _as_it_lies(array: np.ndarray, right: np.ndarray) -> np.ndarray:
    """A column as a vector, samples in columns as rows, weights as the model has them."""
    if array.shape == right.shape:
        return array
    ways = [array.T] if array.T.shape == right.shape else []
    if [n for n in array.shape if n != 1] == [n for n in right.shape if n != 1] and array.ndim:
        ways.append(array.reshape(right.shape))
    close = (w for w in ways if np.allclose(w.astype(float), right, rtol=CLOSE, atol=CLOSE))
    return next(close, array)


def _row(tensor: str, array: np.ndarray, right: np.ndarray, at: Instance) -> Row:
    data: dict[str, Any] = {"assumption": None, "slips": [], "counterexample": None}
    array = _as_it_lies(array, right)
    if array.shape != right.shape:
        reason = f"{tensor} has shape {right.shape}, and the source gives {array.shape}"
        shapes = {"derived": str(right.shape), "written": str(array.shape), "reason": reason}
        turned = array.ndim > 1 and array.shape == right.shape[::-1]
        data |= {"slips": ["transpose"] if turned else [], "counterexample": {"shapes": shapes}}
        return Row(tensor, CHECK, DIFFERENT, reason, data)
    near = np.isclose(array.astype(float), right, rtol=CLOSE, atol=CLOSE)
    if near.all():
        return Row(tensor, CHECK, EQUAL_AT_POINTS, f"{POINTS} points, run in float64", data)
    place = tuple(int(k) for k in np.argwhere(~near)[0])
    mine, theirs = float(right[place]), float(array[place])
    shown = f"{tensor}{list(place)}" if place else tensor
    example = {
        "at": list(place),
        "written": theirs if np.isfinite(theirs) else str(theirs),
        "derived": mine,
        "values": {n: plain(v) for n, v in at.values.items()},
    }
    detail = f"{shown} is {mine:.6g}; the source gives {theirs:.6g}"
    return Row(tensor, CHECK, DIFFERENT, detail, data | {"counterexample": example})
