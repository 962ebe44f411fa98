"""Objectives: what the output `y` costs beside the target `t`. The tuple of all."""

from __future__ import annotations

from derive.catalogue import (
    losses_classification,
    losses_embedding,
    losses_regression,
    losses_sequence,
)
from derive.catalogue.entry import Loss

LOSSES: tuple[Loss, ...] = (
    *losses_regression.LOSSES,
    *losses_classification.LOSSES,
    *losses_embedding.LOSSES,
    *losses_sequence.LOSSES,
)
