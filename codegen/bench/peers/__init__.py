"""A model's equations in libraries that differentiate by themselves: torch, jax.

The program that is printed for NumPy is run with a library's arrays, one call for each operation.
"""
