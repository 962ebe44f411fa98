"""Losses beside PyTorch's, with `reduction = "mean"` but where a loss says otherwise."""

from __future__ import annotations

from tests.figures.classification_losses import CLASSIFICATION
from tests.figures.embedding_losses import EMBEDDING
from tests.figures.regression_losses import REGRESSION

CASES = (*REGRESSION, *CLASSIFICATION, *EMBEDDING)
