"""Differentiation: the rule, the reverse sweep, optimisers, second order."""
