"""Expressions over whole arrays, and the index equations that they stand for."""
