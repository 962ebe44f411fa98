"""NumPy source as formulas: parsed, never executed."""

from derive.readers.numpy_source.read import read_numpy

__all__ = ["read_numpy"]
