"""Layers of a net that have one form: the first is derived in full, the others refer to it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from derive.ir.notation import Equation, Tensor
from derive.ir.system import Layer
from derive.systems.renaming import nameless

# so many layers of one form: two are derived in full, as a textbook does
_LEAST = 3


@dataclass(frozen=True)
class Same:
    """A layer described by reference to an equal one, with the renaming of its tensors."""

    like: Layer
    names: Mapping[str, str]


def repeated(
    layers: Iterable[Layer],
    parts: Mapping[str, Sequence[Equation]],
    table: Mapping[str, Tensor],
) -> Mapping[str, Same]:
    """The layers that have the form of an earlier one in this order, by their names.

    `parts` are each layer's equations.
    """
    groups: dict[Hashable, list[tuple[Layer, tuple[str, ...]]]] = {}
    for layer in layers:
        equations = parts.get(layer.name)
        if equations:
            form, names = nameless(equations)
            kinds = tuple((table[n].role, table[n].shape) for n in names)
            key = (layer.type, layer.activation, form, kinds)
            groups.setdefault(key, []).append((layer, names))
    return {
        layer.name: Same(first, dict(zip(own, names, strict=True)))
        for (first, own), *others in groups.values()
        if len(others) + 1 >= _LEAST
        for layer, names in others
    }
