"""Which layers of a net are of one form, so that one of them is told and the others refer to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from derive.ir.notation import Equation, Tensor
from derive.ir.system import Layer
from derive.systems.renaming import renaming

# so many layers of one form: two are told in full, as a textbook does
_LEAST = 3


@dataclass(frozen=True)
class Same:
    """A layer told by another one: what the other's tensors are called here."""

    like: Layer
    names: Mapping[str, str]


def told_by_another(
    layers: Iterable[Layer],
    parts: Mapping[str, Sequence[Equation]],
    table: Mapping[str, Tensor],
) -> Mapping[str, Same]:
    """The layers, in the order of telling, that are like one told before, by their names.

    `parts` are the equations that are told of each layer.
    """
    groups: list[tuple[Layer, list[tuple[Layer, Mapping[str, str]]]]] = []
    for layer in layers:
        mine = parts.get(layer.name, ())
        if not mine:
            continue
        for first, others in groups:
            if (first.type, first.activation) == (layer.type, layer.activation):
                names = renaming(parts[first.name], mine)
                if names and all(_same_role(table[a], table[b]) for a, b in names.items()):
                    others.append((layer, names))
                    break
        else:
            groups.append((layer, []))
    return {
        layer.name: Same(first, names)
        for first, others in groups
        if len(others) + 1 >= _LEAST
        for layer, names in others
    }


def _same_role(one: Tensor, other: Tensor) -> bool:
    return (one.role, one.shape) == (other.role, other.shape)
