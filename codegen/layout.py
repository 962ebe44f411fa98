"""How emitted lines are laid out: formulas as comments, long statements broken at operators."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from itertools import pairwise

LINE = 88


def comment(note: str, indent: str) -> list[str]:
    """A formula as comment lines, broken where it is too long."""
    if not note:
        return []
    lines: list[str] = []
    for piece in note.split("; "):
        lines.extend(
            textwrap.wrap(
                piece,
                LINE - len(indent) - 2,
                subsequent_indent="    ",
                break_long_words=False,
                break_on_hyphens=False,
            )
        )
    return [f"{indent}# {line}" for line in lines]


def wrap(left: str, code: str, indent: str) -> list[str]:
    """One statement, over several lines where it is too long: broken at its outermost operators."""
    if len(left) + len(code) <= LINE:
        return [left + code]
    parts = _split(code)
    if len(parts) == 1:
        return _wrap_call(left, code, indent)
    inner = indent + "    "
    lines = [f"{left}("]
    current = inner + parts[0]
    for part in parts[1:]:
        if len(current) + len(part) + 1 <= LINE:
            current += f" {part}"
        else:
            lines.append(current)
            current = inner + part
    return [*lines, current, f"{indent})"]


def _wrap_call(left: str, code: str, indent: str) -> list[str]:
    """`f(a, b)` with its arguments on lines of their own."""
    call = re.match(r"[\w.]+\(", code)
    if call is None or _closing(code, call.end() - 1) != len(code) - 1:
        return [left + code]
    inner = indent + "    "
    lines = [f"{left}{call.group()}"]
    for argument in _pieces(code[call.end() : -1], (",",)):
        lines.extend(wrap(inner, argument.removeprefix(",").strip(), inner))
        lines[-1] += ","
    return [*lines, f"{indent})"]


def _outermost(code: str) -> Iterator[int]:
    """The places of a source text outside brackets and quotes."""
    depth, quoted = 0, False
    for k, character in enumerate(code):
        quoted ^= character == '"'
        if not quoted:
            depth += (character in "([{") - (character in ")]}")
            if depth == 0:
                yield k


def _closing(code: str, begin: int) -> int:
    return begin + next(_outermost(code[begin:]))


def _pieces(code: str, separators: tuple[str, ...]) -> list[str]:
    """The text cut before each separator that stands outside brackets."""
    width = len(separators[0])
    cuts = [0, *(k for k in _outermost(code) if code[k : k + width] in separators), len(code)]
    return [code[i:j].strip() for i, j in pairwise(cuts)]


def _split(code: str) -> list[str]:
    """The code before and after each outermost `+` or `-`, or `*`, `/`, `@` if there is none."""
    if any(code[k : k + 4] == " if " for k in _outermost(code)):
        return [code]
    for operators in ((" + ", " - "), (" * ", " / ", " @ ")):
        parts = _pieces(code, operators)
        if len(parts) > 1:
            return parts
    return [code]
