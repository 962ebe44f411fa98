"""An emitted module as a live one, for tests, checks and demonstrations."""

from __future__ import annotations

from types import ModuleType


def load_module(source: str, name: str = "emitted") -> ModuleType:
    """Run the source of an emitted module and give it back as a module.

    The source is what `emit` wrote: it holds a user's names and numbers as checked data only.
    """
    module = ModuleType(name)
    exec(compile(source, f"<{name}>", "exec"), module.__dict__)  # noqa: S102 - our own text
    return module
