"""The one error that a user can cause."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

ALIKE = 0.6
_WIDTH, _MOST = 400, 50


class ChainruleError(Exception):
    """Something in a user's input, told in one line per problem: the place, then the cure.

    Lines have at most 400 characters, and there are at most 50 of them.
    """

    def __init__(self, *problems: str) -> None:
        lines = [_bounded(" ".join(p.split())) for p in problems[:_MOST]]
        if len(problems) > _MOST:
            more = len(problems) - _MOST
            lines.append(f"and {more} more problem{'s' * (more > 1)} like these")
        self.problems = tuple(lines)
        super().__init__("\n".join(self.problems))


def _bounded(problem: str) -> str:
    """A line of bounded length: its beginning has the place, its end the cure."""
    if len(problem) <= _WIDTH:
        return problem
    end = _WIDTH // 3
    return f"{problem[: _WIDTH - end - 5]} ... {problem[-end:]}"


def meant(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` where a known name is near, else nothing."""
    near = nearest(name, known)
    return f"; did you mean '{near}'?" if near else ""


def meant_or_known(name: str, known: Iterable[str]) -> str:
    """The known name that was probably meant; where none is near, which there are."""
    names = sorted(set(known))
    return meant(name, names) or (f"; known: {shorten(' '.join(names), 120)}" if names else "")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant, if one is near."""
    wanted = name[:60]
    matcher = SequenceMatcher(None, "", wanted)

    def alike(other: str) -> float:
        if other.lower() == wanted.lower():
            return 1.0
        matcher.set_seq1(other)
        if matcher.real_quick_ratio() < ALIKE or matcher.quick_ratio() < ALIKE:
            return 0.0  # these two are quick, and never below the ratio itself
        return matcher.ratio()

    near = [(alike(k), k) for k in sorted(set(known))]
    score, best = max(near, key=lambda pair: pair[0], default=(0.0, ""))
    return best if score >= ALIKE else None


def shorten(text: str, width: int = 60) -> str:
    """User's text for a message: printable, on one line, of bounded length."""
    shown = "".join(c if c.isprintable() else "?" for c in text.strip())
    return shown if len(shown) <= width else shown[: width - 3] + "..."


def shown(value: object) -> str:
    """A user's value for a message, in quotes, whatever it is."""
    try:
        return f"'{shorten(str(value)[:1000])}'"
    except (ValueError, RecursionError):  # Python refuses to print an integer of 4300 digits
        return "a number of very many digits"
