"""What the product is checked against: models with references of their own, and random systems."""

from tests.oracles import (
    models_algebra,
    models_attention,
    models_classification,
    models_convolution,
    models_dense,
    models_distances,
    models_dynamics,
    models_embeddings,
    models_functions,
    models_indexing,
    models_interactions,
    models_losses,
    models_normalisation,
    models_policies,
    models_probability,
    models_recurrence,
    models_recurrent,
    models_reductions,
)
from tests.oracles.model import OracleModel

MODELS: tuple[OracleModel, ...] = (
    *models_algebra.MODELS,
    *models_dense.MODELS,
    *models_interactions.MODELS,
    *models_functions.MODELS,
    *models_losses.MODELS,
    *models_classification.MODELS,
    *models_indexing.MODELS,
    *models_reductions.MODELS,
    *models_convolution.MODELS,
    *models_normalisation.MODELS,
    *models_recurrent.MODELS,
    *models_recurrence.MODELS,
    *models_dynamics.MODELS,
    *models_attention.MODELS,
    *models_embeddings.MODELS,
    *models_distances.MODELS,
    *models_probability.MODELS,
    *models_policies.MODELS,
)
