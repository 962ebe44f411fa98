"""What a module holds: which function computes what, and the facts of the model."""
