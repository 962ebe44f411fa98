"""Extents as diagrams tell them: of one sample, with signs of multiplication between them."""

from __future__ import annotations

from codegen.latex.box import flat
from codegen.latex.integers import Integers
from codegen.latex.names import Names
from derive.notation import Affine, Dim, System, affine

SPACE = r"\,"


def extents(system: System, names: Names, tensor: str) -> str:
    """A tensor's extents without the batch; empty where it is one number a sample."""
    integers = Integers(names)
    shape = [e for e in system.table[tensor].shape if not _is_batch(system, e)]
    return r" \times ".join(flat(integers.integer(e).at_least(2).text) for e in shape)


def _is_batch(system: System, extent: Affine) -> bool:
    return system.batch is not None and extent == affine(Dim(system.batch))
