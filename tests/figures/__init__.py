"""Figures that PyTorch gave, a file a family of the catalogue."""

FAMILIES = (
    "activations",
    "losses",
    "sequences",
    "convolutions",
    "pooling",
    "normalisation",
    "shapes",
    "training",
    "recurrent",
    "attention",
)
