"""The layers: their forward equations."""
