"""A person's NumPy source, run in a process of its own, within limits."""
