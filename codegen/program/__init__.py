"""The program of a module: arrays with named axes, statements, procedures."""
