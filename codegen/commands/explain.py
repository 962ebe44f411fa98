"""`chainrule explain`."""

from __future__ import annotations

from codegen.commands.files_in_out import read_derivation
from codegen.documents.explain import explain
from codegen.terminal import say


def run(spec: str, name: str, detail: str, lang: str) -> int:
    """Print one gradient's derivation."""
    say(explain(read_derivation(spec), name, lang, detail))
    return 0
