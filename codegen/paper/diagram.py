"""Drawings of one derivation: its network, its recurrence unfolded; and gradient descent."""

from __future__ import annotations

from codegen.latex.names import Names
from codegen.paper import descent as _descent
from codegen.paper import unfolded as _unfolded
from codegen.paper.drawing import Drawing
from codegen.paper.graph import drawn
from codegen.paper.layer_graph import layer_graph
from codegen.paper.tensor_graph import tensor_graph
from codegen.paper.units import units
from derive.notation import Derivation

_MOST_LAYERS = 200


def network(derivation: Derivation, names: Names) -> Drawing | None:
    """The network: its units where they are few, else its layers; of equations, their tensors.

    None where there would be too much to see.
    """
    system = derivation.system
    if not system.layers:
        graph = tensor_graph(system, names)
        return drawn(graph) if graph else None
    if len(system.layers) > _MOST_LAYERS:
        return None
    return units(system, names) or drawn(layer_graph(system, names))


def unfolded(derivation: Derivation, names: Names) -> Drawing | None:
    """The system's recurrence at three places of its axis; None where it has none."""
    return _unfolded.unfolded(derivation.system, names)


def descent() -> Drawing:
    """Gradient descent on a parabola."""
    return _descent.descent()
