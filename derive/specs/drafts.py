"""Parts of a network's system while it is being built: they grow with every layer."""

from __future__ import annotations

from dataclasses import dataclass, field

from derive.ir.input_limits import Limit
from derive.ir.notation import Affine
from derive.ir.system import Draw, Initializer


@dataclass
class SizesDraft:
    """Extents that are given: of axes by (tensor, position), of letters by (place, letter)."""

    slots: dict[tuple[str, int], Affine] = field(default_factory=dict)
    letters: dict[tuple[str, str], int] = field(default_factory=dict)


@dataclass
class TrainingDraft:
    """What a module needs beside the equations.

    `pytorch` has the initialisers that parameters take where the whole network begins as PyTorch's;
    `assumed` are equations that hold for the targets, each once.
    """

    initializers: dict[str, Initializer] = field(default_factory=dict)
    pytorch: dict[str, Initializer] = field(default_factory=dict)
    frozen: list[str] = field(default_factory=list)
    draws: list[tuple[str, Draw]] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)
    assumed: dict[str, None] = field(default_factory=dict)


@dataclass
class OriginDraft:
    """Further names of tensors, and the sources, each once."""

    aliases: list[tuple[str, str]] = field(default_factory=list)
    sources: dict[str, None] = field(default_factory=dict)

    def cite(self, name: str, source: str) -> None:
        """Note a source."""
        if source:
            self.sources[f"{name}: {source}"] = None
