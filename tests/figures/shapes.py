"""Shapes beside PyTorch's."""

from tests.figures.case import Case

CASES: tuple[Case, ...] = ()
