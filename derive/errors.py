"""The one error that a user can cause."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class ChainruleError(Exception):
    """Something in a user's input, told in one line per problem: the place, then the cure."""

    def __init__(self, *problems: str) -> None:
        self.problems = tuple(" ".join(p.split()) for p in problems)
        super().__init__("\n".join(self.problems))


def meant(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` where a known name is near, else nothing."""
    near = get_close_matches(name, sorted(set(known)), n=1, cutoff=0.6)
    return f"; did you mean '{near[0]}'?" if near else ""


def shorten(text: str, width: int = 60) -> str:
    """User's text for a message: printable, on one line, of bounded length."""
    shown = "".join(c if c.isprintable() else "?" for c in text.strip())
    return shown if len(shown) <= width else shown[: width - 3] + "..."
