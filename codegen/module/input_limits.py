"""What the arguments of a module must keep to beside their shapes: the limits of its layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from codegen.program.procedures import Places
from derive.ir.input_limits import Inside, NoLonger
from derive.ir.notation import Affine
from derive.ir.system import System


@dataclass(frozen=True)
class Bounds:
    """`places` of integer arguments, the `longest` a run-time extent may be, and the `weight`."""

    places: tuple[Places, ...] = ()
    longest: tuple[tuple[Affine, int], ...] = ()
    weight: str = ""


def bounds_of(system: System) -> Bounds:
    """The limits of a system, with the extents that they speak of."""
    table = system.table
    places: dict[Places, None] = {}
    longest: dict[Affine, int] = {}
    for limit in system.training.limits:
        extent = table[limit.of].shape[limit.axis if isinstance(limit, Inside) else limit.of_axis]
        match limit:
            case Inside(tensor, _, _, besides):
                outside = tuple(b for b in besides if not 0 <= b < (extent.number or 0))
                places[Places(tensor, extent, outside)] = None
            case NoLonger(tensor, axis):
                given, most = table[tensor].shape[axis], extent.number
                if most is not None and given.number is None:
                    longest[given] = min(most, longest.get(given, most))
    return Bounds(tuple(places), tuple(longest.items()), system.training.sample_weight)


def besides_of(system: System) -> Mapping[str, tuple[int, ...]]:
    """What integer arguments may hold that doesn't count, by their names."""
    result: dict[str, tuple[int, ...]] = {}
    for limit in system.training.limits:
        if isinstance(limit, Inside):
            result[limit.tensor] = tuple(
                dict.fromkeys((*result.get(limit.tensor, ()), *limit.besides))
            )
    return result
