"""From equations between indexed tensors to statements over whole arrays."""
