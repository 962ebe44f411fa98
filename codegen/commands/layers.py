"""`chainrule layers`."""

from __future__ import annotations

import json
import sys

from codegen.catalogue_page import WIDTH, catalogue_page, entry_data, entry_page, looked_up
from codegen.terminal import say
from derive import catalogue


def run(name: str | None, as_json: bool) -> int:
    """Print the catalogue, what a word finds in it, or one entry; sentences whole in a pipe."""
    found = catalogue.entries() if name is None else looked_up(name)
    if as_json:
        say(json.dumps([entry_data(e) for e in found], indent=2, default=str) + "\n")
        return 0
    if name is None or len(found) > 1:
        watched = sys.stdout is not None and sys.stdout.isatty()
        say(catalogue_page(found, WIDTH if watched else 0))
        return 0
    (one,) = found
    if one.name.lower() != name.lower():
        say(f"{name} is {one.name} here\n\n")
    say(entry_page(one.name))
    return 0
