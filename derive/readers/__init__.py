"""Other people's notations: names that are customary, LaTeX and NumPy source."""
