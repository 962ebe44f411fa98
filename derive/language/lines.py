"""A text in lines, and a line in its two sides."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from derive.errors import shorten
from derive.language.name_check import check_name
from derive.language.occurrences import names_of
from derive.language.syntax import Dots, Name, Place, Refused

_NEXT_OF_ENTRY = re.compile(r"next\s*\(\s*(\w+)\s*\[([^\[\]]*)\]\s*\)")


def logical_lines(text: str, name: str, problems: list[str]) -> Iterator[tuple[int, str]]:
    """Equations with the number of their first line; comments are blanked, columns kept."""
    depth, start = 0, 1
    pieces: list[str] = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.split("#", 1)[0].rstrip()
        if depth <= 0 and not pieces:
            start = number
        if not line.strip() and not pieces:
            continue
        pieces.append(line)
        depth += sum(line.count(c) for c in "([{") - sum(line.count(c) for c in ")]}")
        if line.endswith("\\"):
            pieces[-1] = line[:-1] + " "
            continue
        if depth <= 0:
            yield start, "\n".join(pieces)
            depth, pieces = 0, []
    if pieces:
        problems.append(
            f"{name}, line {start}, column 1: a bracket is opened and never closed; close it"
        )


def equals_sign(text: str) -> int | None:
    """The place of the sign between the two sides: outside of brackets, and no comparison."""
    depth = 0
    for k, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if character == "=" and depth <= 0:
            if text[k + 1 : k + 2] == "=" or text[k - 1 : k] in ("=", "<", ">", "!"):
                continue
            return k
    return None


def left_side(
    left: str, place: Callable[[int], Place]
) -> tuple[str, tuple[Name | Dots, ...], bool]:
    """The tensor, its letters, whether `next` stands around it; `place` is that of an offset."""
    stripped = left.strip()
    begin = len(left) - len(left.lstrip())
    match = re.fullmatch(r"next\s*\(\s*(\w+)\s*\)\s*(\[.*\])?", stripped, re.DOTALL)
    is_next = match is not None
    if match is None:
        match = re.fullmatch(r"([^\W\d]\w*)\s*(\[.*\])?", stripped, re.DOTALL)
    if match is None and (inner := re.fullmatch(_NEXT_OF_ENTRY, stripped)) is not None:
        raise Refused(place(begin), f"write next({inner[1]})[{shorten(inner[2])}] = ...")
    if match is None:
        raise Refused(
            place(begin),
            f"the left side '{shorten(stripped)}' is no tensor with letters, such as y[n,i]",
        )
    tensor = match.group(1)
    problem = check_name(tensor)
    if problem:
        raise Refused(place(begin), problem)
    if match.group(2) is None:
        return tensor, (), is_next
    letters = _letters(match.group(2)[1:-1], begin + match.start(2) + 1, place)
    names = names_of(letters)
    for repeated in sorted({x for x in names if names.count(x) > 1}):
        raise Refused(
            place(begin),
            f"letter '{repeated}' stands twice on the left; "
            f"write {tensor}[i,j] = where(i == j, ..., 0) for a diagonal",
        )
    if sum(isinstance(x, Dots) for x in letters) > 1:
        raise Refused(place(begin), "'...' stands twice in one tensor")
    return tensor, letters, is_next


def _letters(
    subscripts: str, offset: int, place: Callable[[int], Place]
) -> tuple[Name | Dots, ...]:
    letters: list[Name | Dots] = []
    for piece in subscripts.split(","):
        at = place(offset + len(piece) - len(piece.lstrip()))
        letter = piece.strip()
        if letter == "...":
            letters.append(Dots(at))
        else:
            problem = check_name(letter, "letter") if letter else "a letter is missing"
            if problem:
                raise Refused(at, f"left of '=' stand letters only; {problem}")
            letters.append(Name(at, letter))
        offset += len(piece) + 1
    return tuple(letters)
