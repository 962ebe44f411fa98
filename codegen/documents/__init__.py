"""Derivations as documents: what they say, in which words, in which format."""
