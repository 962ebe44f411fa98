"""Functions, big operators and constants as commands."""

from __future__ import annotations

from derive.ir.functions import FUNCTIONS

NAMES = {name: row.names.latex for name, row in FUNCTIONS.items() if row.names.latex}
OPERATORS = {"prod": r"\prod", "max": r"\max", "min": r"\min"}
CONSTANTS = {"pi": r"\pi", "inf": r"\infty"}
