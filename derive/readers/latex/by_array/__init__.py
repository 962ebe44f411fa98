"""A LaTeX tree read as whole arrays: matrices and vectors."""
