"""A person's NumPy source, run apart: in a process of its own, within limits."""
