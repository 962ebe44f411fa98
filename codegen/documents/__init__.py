"""Documents: what is told of a derivation, in which words, on which kind of page."""
