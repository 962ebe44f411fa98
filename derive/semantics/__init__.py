"""The meaning of equations: an interpreter over any number system."""
