"""A formula: a left side, and one right side or several that are equal."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.latex.box import flat


@dataclass(frozen=True)
class Formula:
    """`left relation right`, and further right sides that are equal to the first.

    The texts hold marks for breaking lines; `latex()` is the formula in one line.
    """

    left: str
    right: tuple[str, ...]
    relation: str = "="

    def latex(self) -> str:
        """In one line."""
        relations = (self.relation, *["="] * (len(self.right) - 1))
        sides = (f"{r} {flat(side)}" for r, side in zip(relations, self.right, strict=True))
        return " ".join([self.left, *sides])
