"""What the parts of a printer ask of it."""

from __future__ import annotations

from typing import Protocol

from codegen.program.nodes import Array
from codegen.python_module.tables import Code
from derive.ir.notation import Affine, Axis


class ArrayCode(Protocol):
    """Who prints arrays."""

    @property
    def dtype(self) -> str:
        """What the kind of the arrays is called."""

    def show(self, array: Array) -> Code:
        """An array expression and its precedence."""

    def aligned(self, array: Array, axes: tuple[Axis, ...]) -> Code:
        """The array, its axes in the wanted order, new axes where it has none."""

    def within(self, array: Array, axes: tuple[Axis, ...], least: int) -> str:
        """The array over these axes, in brackets where it binds less than that."""

    def index(self, value: Affine) -> str:
        """An integer of the index calculus."""
