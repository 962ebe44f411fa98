"""`[example]`: numbers for tensors, checked against the shapes that the equations give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from derive.errors import meant, shorten, shown
from derive.ir.notation import Affine, Dim, Tensor
from derive.ir.system import System
from derive.language.elaborate import LARGEST_EXTENT
from derive.language.user_numbers import exact

_GIVEN = ("input", "target", "parameter", "buffer", "random")
DEEPEST = 16


def read_example(
    given: Mapping[str, Any], system: System, problems: list[str]
) -> tuple[tuple[str, Any], ...]:
    """The numbers as nested tuples; what doesn't fit is added to the problems."""
    result: list[tuple[str, Any]] = []
    extents: dict[str, tuple[int, str]] = {}
    known = [t.name for t in system.having(*_GIVEN)]
    for name, value in given.items():
        place = f"example.{shorten(name)}"
        if name not in known:
            computed = system.unaliased(name) in system.table
            cure = "it is computed; take it out" if computed else "there is no such tensor"
            problems.append(f"{place}: {cure}{'' if computed else meant(name, known)}")
            continue
        before = len(problems)
        tensor = system.table[name]
        numbers = _numbers(value, tensor.integer, place, problems)
        if len(problems) == before:
            shape = _shape(numbers, place, problems)
            if shape is not None:
                _compare(tensor, shape, extents, place, problems)
        result.append((name, numbers))
    return tuple(result)


def _numbers(value: Any, integer: bool, place: str, problems: list[str], depth: int = 0) -> Any:
    if hasattr(value, "tolist"):  # an array, from Python
        value = value.tolist()
    if isinstance(value, list | tuple):
        if depth < DEEPEST:
            return tuple(_numbers(v, integer, place, problems, depth + 1) for v in value)
        problems.append(f"{place}: lists are nested {depth} deep; write one level for each axis")
        return 0
    if integer:
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= LARGEST_EXTENT:
            problems.append(f"{place}: {shown(value)} is no integer; this tensor has integers")
            return 0
        return value
    return float(exact(value, place, problems))


def _shape(numbers: Any, place: str, problems: list[str]) -> tuple[int, ...] | None:
    """The shape of nested tuples; None, and a problem, where they aren't rectangular."""
    if not isinstance(numbers, tuple):
        return ()
    inner = {_shape(n, place, problems) for n in numbers}
    if None in inner:
        return None
    if len(inner) != 1:
        what = "is empty" if not inner else "has rows of different lengths"
        problems.append(f"{place}: the list {what}; write as many numbers as the tensor has")
        return None
    return (len(numbers), *(next(iter(inner)) or ()))


def _compare(
    tensor: Tensor,
    shape: tuple[int, ...],
    extents: dict[str, tuple[int, str]],
    place: str,
    problems: list[str],
) -> None:
    if len(shape) != tensor.rank:
        problems.append(
            f"{place}: the numbers have {len(shape)} axes and '{tensor.name}' has {tensor.rank}"
            + ("; count the batch axis too: [[...]]" if len(shape) < tensor.rank else "")
        )
        return
    for position, (count, extent) in enumerate(zip(shape, tensor.shape, strict=True)):
        open_ = _only_dim(extent)
        if open_ is not None and open_ not in extents:
            extents[open_] = (count, tensor.name)
        wanted = _value(extent, extents)
        if wanted is not None and wanted != count:
            why = f" as in '{extents[open_][1]}'" if open_ else ""
            problems.append(f"{place}: axis {position} has {count} entries; write {wanted}{why}")


def _only_dim(extent: Affine) -> str | None:
    if extent.constant == 0 and len(extent.terms) == 1:
        atom, factor = extent.terms[0]
        if factor == 1 and isinstance(atom, Dim):
            return atom.name
    return None


def _value(extent: Affine, extents: Mapping[str, tuple[int, str]]) -> int | None:
    total = extent.constant
    for atom, factor in extent.terms:
        if not isinstance(atom, Dim) or atom.name not in extents:
            return None
        total += factor * extents[atom.name][0]
    return total
