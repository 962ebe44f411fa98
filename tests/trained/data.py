"""What is trained on: digits, a text, a table with holes.

`alice.txt` holds chapters I to VI of Lewis Carroll, Alice's Adventures in Wonderland, 1865, in the
public domain: the Millennium Fulcrum Edition 2.9 as the Canterbury corpus has it (alice29.txt),
without indents and rows of asterisks.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

LENGTH = 48  # characters in a piece
TEXT = (Path(__file__).parent / "alice.txt").read_text(encoding="ascii")
SYMBOLS = sorted(set(TEXT))
HELD_OUT = TEXT.index("CHAPTER VI\n")


def digits() -> tuple[np.ndarray, np.ndarray]:
    """scikit-learn's digits, 1797 of 8 x 8 pixels from 0 to 1, in an order of their own."""
    from sklearn.datasets import load_digits

    x, t = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    return x[order] / 16, t[order]


def numbers(text: str) -> np.ndarray:
    """Characters as numbers from 0."""
    return np.searchsorted(SYMBOLS, list(text))


def pieces(text: str) -> tuple[np.ndarray, np.ndarray]:
    """Pieces of a text, and for each character the one that follows it."""
    found = numbers(text)
    count = (len(found) - 1) // LENGTH
    whole = count * LENGTH
    return found[:whole].reshape(count, LENGTH), found[1 : whole + 1].reshape(count, LENGTH)


def ratings() -> tuple[np.ndarray, np.ndarray]:
    """A table of 50 digits by their 40 most varied pixels, each pixel's mean taken off, and which
    entries are known: four of five.
    """
    x, _ = digits()
    columns = np.sort(np.argsort(-x.var(axis=0), kind="stable")[:40])
    table = x[:50, columns]
    known = np.random.default_rng(1).random(table.shape) < 0.8
    return table - (table * known).sum(axis=0) / known.sum(axis=0), known.astype(float)
