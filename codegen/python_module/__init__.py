"""What every emitted Python module carries, whatever works its mathematics out."""
