"""What an emitted function is, and the lines that such functions share."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from codegen.targets.numpy.line_breaking import LINE, defined


@dataclass(frozen=True)
class Function:
    """One emitted function: its signature, docstring and body."""

    name: str
    parameters: str
    doc: tuple[str, ...]
    lines: tuple[str, ...]
    quiet: bool = False

    @property
    def head(self) -> list[str]:
        """The line that defines it, or the lines where its parameters are too many for one."""
        return defined(self.name, self.parameters)


def wrapped(text: str) -> tuple[str, ...]:
    """A docstring's lines, with nothing in them that could end it."""
    text = text.replace("\\", "/").replace('"""', "'''")
    return tuple(textwrap.wrap(text, 78, break_long_words=False, break_on_hyphens=False))


def dict_of(left: str, rows: Sequence[str]) -> list[str]:
    """A dictionary behind `left`, its entries on lines of their own where they are many."""
    line = f"{left}{{{', '.join(rows)}}}"
    if len(line) <= LINE:
        return [line]
    return [f"{left}{{", *(f"        {row}," for row in rows), "    }"]


def picked(call: str, names: Sequence[str], name: str) -> str:
    """One of the values that a call returns."""
    if len(names) == 1:
        return call
    return f"{call}[{names.index(name)}]"
