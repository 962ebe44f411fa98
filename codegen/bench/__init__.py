"""How long a training step of a model takes, and what for: its modules, and others' libraries."""
