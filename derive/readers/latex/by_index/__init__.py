"""A LaTeX tree read with indices: entries of tensors."""
