"""Numbers for the symbols of a formula, which readers find by their LaTeX."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.read_back.tokens import Cursor, lex


@dataclass
class World:
    """Numbers for what the symbols stand for: arrays and extents by their LaTeX."""

    tensors: dict[str, np.ndarray]
    extents: dict[str, int]

    def holds(self, symbol: str) -> bool:
        return symbol in self.tensors


SYMBOLS: dict[int, dict[str, str]] = {}


def world_of(tensors: dict[str, np.ndarray], extents: dict[str, int]) -> World:
    """A world; symbols are found by their tokens."""
    world = World(tensors, extents)
    SYMBOLS[id(world)] = {"".join(lex(s)): s for s in tensors}
    return world


@dataclass
class Sight(Cursor):
    """A place among tokens that speak of a world."""

    world: World

    def longest_symbol(self) -> str:
        """The longest run of tokens that is a tensor's symbol; the place moves behind it."""
        known = SYMBOLS.get(id(self.world), {})
        text, best, behind = "", "", self.place
        for k in range(self.place, min(len(self.tokens), self.place + 60)):
            text += self.tokens[k]
            if text in known:
                best, behind = known[text], k + 1
        self.place = behind
        return best
