"""The activations, each by its equation."""

from __future__ import annotations

from derive.catalogue.activations import along_axis, piecewise, smooth
from derive.catalogue.rows import Entry

ACTIVATIONS: tuple[Entry, ...] = (
    *smooth.ACTIVATIONS,
    *piecewise.ACTIVATIONS,
    *along_axis.ACTIVATIONS,
)
