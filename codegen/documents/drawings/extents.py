"""Extents as diagrams show them: of one sample, multiplication signs between them."""

from __future__ import annotations

from codegen.latex.box import flat
from codegen.latex.subscripts import Integers
from codegen.latex.symbols import Names
from derive.ir.notation import Affine, Dim, affine
from derive.ir.system import System


def extents(system: System, names: Names, tensor: str) -> str:
    """A tensor's extents without the batch; empty where it is one number a sample."""
    integers = Integers(names)
    shape = of_sample(system, tensor)
    return r" \times ".join(flat(integers.integer(e).at_least(2).text) for e in shape)


def of_sample(system: System, tensor: str) -> tuple[Affine, ...]:
    """A tensor's shape without the batch."""
    shape = system.table[tensor].shape
    if system.batch is None:
        return shape
    batch = affine(Dim(system.batch))
    return tuple(e for e in shape if e != batch)
