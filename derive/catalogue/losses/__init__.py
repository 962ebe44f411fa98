"""Objectives: what the output `y` costs beside the target `t`. The tuple of all."""

from __future__ import annotations

from derive.catalogue.losses import classification, embedding, regression, sequence
from derive.catalogue.rows import Loss

LOSSES: tuple[Loss, ...] = (
    *regression.LOSSES,
    *classification.LOSSES,
    *embedding.LOSSES,
    *sequence.LOSSES,
)
