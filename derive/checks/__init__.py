"""Checks of a derivation: points, exact and numeric comparison, the report."""
