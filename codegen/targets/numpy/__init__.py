"""A module printed as NumPy."""
