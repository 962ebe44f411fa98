"""Derivatives in matrix notation, written out: as LaTeX, as a function of NumPy, as data."""
