"""The people of the demo: weight, height and sex, and who of them is held out."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

SEED = 0
HELD_OUT = 0.25  # of each sex


@dataclass(frozen=True)
class People:
    """A table: `x` has weight in kg and height in cm, `sex` is F or M; `held_out` tells who is."""

    x: np.ndarray
    sex: np.ndarray
    held_out: np.ndarray
    swapped: int  # the row, counted from 1, whose two numbers were swapped in the original

    def part(self, held_out: bool) -> tuple[np.ndarray, np.ndarray]:
        """Those to train on, or those held out."""
        chosen = self.held_out == held_out
        return self.x[chosen], self.sex[chosen]

    def count(self, sex: str) -> int:
        """How many of one sex there are."""
        return int((self.sex == sex).sum())

    def csv(self) -> str:
        """The mended table, as the emitted module's command line reads it."""
        rows = [f"{w:g},{h:g},{s}" for (w, h), s in zip(self.x, self.sex, strict=True)]
        return "\n".join(("weight_kg,height_cm,sex", *rows)) + "\n"


def read_people() -> People:
    """Davis' table, the swapped row put right, a quarter of each sex held out."""
    text = (files("codegen") / "data" / "davis.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    x = np.array([[float(r["weight_kg"]), float(r["height_cm"])] for r in rows])
    sex = np.array([r["sex"] for r in rows])
    (swapped,) = np.flatnonzero(x[:, 0] > x[:, 1])  # nobody weighs more kg than they are cm tall
    x[swapped] = x[swapped, ::-1]
    rng = np.random.default_rng(SEED)
    held_out = np.zeros(len(x), dtype=bool)
    for each in ("F", "M"):
        order = rng.permutation(np.flatnonzero(sex == each))
        held_out[order[: round(HELD_OUT * len(order))]] = True
    return People(x, sex, held_out, int(swapped) + 1)
