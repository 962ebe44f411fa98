"""Drawings of one derivation: its network, its recurrence unfolded; and gradient descent."""

from __future__ import annotations

from codegen.documents.drawings import descent as _descent
from codegen.documents.drawings import unrolled as _unfolded
from codegen.documents.drawings.layer_graph import layer_graph
from codegen.documents.drawings.layered_layout import drawn
from codegen.documents.drawings.marks import Drawing
from codegen.documents.drawings.neurons import units
from codegen.documents.drawings.tensor_graph import tensor_graph
from codegen.latex.symbols import Names
from derive.ir.derivation import Derivation

_MOST_LAYERS = 200


def network(derivation: Derivation, names: Names) -> Drawing | None:
    """The network: its units where they are few, else its layers; of equations, their tensors.

    None where there would be too much to see.
    """
    system = derivation.system
    if not system.origin.layers:
        graph = tensor_graph(system, names)
        return drawn(graph) if graph else None
    if len(system.origin.layers) > _MOST_LAYERS:
        return None
    return units(system, names) or drawn(layer_graph(system, names))


def unfolded(derivation: Derivation, names: Names) -> Drawing | None:
    """The system's recurrence at three places of its axis; None where it has none."""
    return _unfolded.unfolded(derivation.system, names)


def descent() -> Drawing:
    """Gradient descent on a parabola."""
    return _descent.descent()
