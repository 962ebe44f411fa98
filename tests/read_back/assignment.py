"""Numbers for the symbols of a formula, which readers find by their LaTeX."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.read_back.tokens import Cursor, lex


@dataclass
class Assignment:
    """Numbers for what the symbols stand for: arrays and extents by their LaTeX."""

    tensors: dict[str, np.ndarray]
    extents: dict[str, int]

    def holds(self, symbol: str) -> bool:
        return symbol in self.tensors


SYMBOLS: dict[int, dict[str, str]] = {}


def assignment_of(tensors: dict[str, np.ndarray], extents: dict[str, int]) -> Assignment:
    """An assignment; symbols are found by their tokens."""
    assignment = Assignment(tensors, extents)
    SYMBOLS[id(assignment)] = {"".join(lex(s)): s for s in tensors}
    return assignment


@dataclass
class Sight(Cursor):
    """A place among tokens that speak of an assignment."""

    assignment: Assignment

    def longest_symbol(self) -> str:
        """The longest run of tokens that is a tensor's symbol; the place moves behind it."""
        known = SYMBOLS.get(id(self.assignment), {})
        text, best, behind = "", "", self.place
        for k in range(self.place, min(len(self.tokens), self.place + 60)):
            text += self.tokens[k]
            if text in known:
                best, behind = known[text], k + 1
        self.place = behind
        return best
