"""LaTeX to a syntax tree."""
