"""The equation language: from text to a system, and back to text."""
