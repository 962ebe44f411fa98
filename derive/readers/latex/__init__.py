"""Formulas as papers have them, in LaTeX, read into the equation language."""

from derive.readers.latex.read import latex_equations, read_latex, read_latex_of

__all__ = ["latex_equations", "read_latex", "read_latex_of"]
