"""Models that were trained for real, by the emitted module and by PyTorch, beside each other."""
