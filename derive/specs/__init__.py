"""Specifications in TOML or Python: from layers, losses and equations to a system."""
