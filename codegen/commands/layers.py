"""`chainrule layers`."""

from __future__ import annotations

from codegen.catalogue_page import catalogue_page, entry_page
from codegen.terminal import say


def run(name: str | None) -> int:
    """Print the catalogue, or one entry of it."""
    say(catalogue_page() if name is None else entry_page(name))
    return 0
