"""Targets: what a program is printed as, a folder each."""
