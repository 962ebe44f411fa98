"""C: a printer of modules as C99 text that is to be read."""
