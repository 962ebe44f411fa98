"""The functions of a NumPy module, one kind a file."""
