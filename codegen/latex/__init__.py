"""Formulas as LaTeX: names, numbers, the order of operations, subscripts, matrices, lines."""
