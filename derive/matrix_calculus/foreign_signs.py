r"""Signs of other notations, and what to write here: `x'`, `x .* y`, `x^2`, `A \ b`, `2x`."""

from __future__ import annotations

import re

from derive.errors import shorten
from derive.language.syntax import Place

_NAME = r"[A-Za-z_]\w*(?:\.T)?"
_WORDS = ("and", "or", "not", "if", "else", "in", "is", "for", "lambda")
_DOTTED = {"*": "*", "/": "/", "^": "**", "\\": "/"}


def foreign(text: str, name: str) -> tuple[Place, str] | None:
    """The place of the first such sign of a text, and its cure; None: there is none."""
    result: list[tuple[int, str]] = []
    for reader in (_power, _transpose, _dotted, _bars, _other):
        known = reader(text)
        if known is not None:
            result.append(known)
    if not result:
        return None
    at, cure = min(result)
    line = text.count("\n", 0, at) + 1
    return Place(name, line, at - text.rfind("\n", 0, at)), cure


def _power(text: str) -> tuple[int, str] | None:
    match = re.search(r"(?<!\.)\^\s*(T\b|\(?-1\)?|-?\w+(?:\.\d+)?|)", text)
    if match is None:
        return None
    base, above = _before(text, match.start()), match[1]
    if above == "T":
        return match.start(), f"'^' is no power; a transpose is '.T': write {base}.T"
    more = f", or inv({base}) of a matrix" if above.strip("()") == "-1" else ""
    return match.start(), f"'^' is no power; write {base}**{above or '...'}{more}"


def _transpose(text: str) -> tuple[int, str] | None:
    match = re.search(r"[\w)\]]'", text)
    if match is None or "einsum" in text:
        return None
    at = match.start() + 1
    return at, f"a transpose is '.T': write {_before(text, at)}.T"


def _dotted(text: str) -> tuple[int, str] | None:
    match = re.search(r"(?:[A-Za-z_]\w*|[)\]'])\s*(\.([*/^\\]))\s*(-?[\w.]+)?", text)
    if match is None:
        return None
    at = match.start(1)
    op = _DOTTED[match[2]]
    one, other = _before(text, at), match[3] or "..."
    if text[match.end() : match.end() + 1] == "(":
        other += "(...)"
    if match[2] == "\\":
        one, other = other, one
    shown = f"{one}{op}{other}" if op == "**" else f"{one} {op} {other}"
    return at, f"'{match[1]}' isn't known; write {shown}, which is entry by entry"


def _bars(text: str) -> tuple[int, str] | None:
    at = text.find("|")
    if at < 0 or text.count("|") < 2:
        return None
    return at, "bars aren't known; write abs(x), norm1(x), norm2(x) or det(X)"


def _other(text: str) -> tuple[int, str] | None:
    match = re.search(r"(?<!\.)\\\s*([A-Za-z_]\w*)?", text)
    if match is not None:
        one = _before(text, match.start())
        return match.start(), f"'\\' isn't known; write inv({one}) @ {match[1] or '...'}"
    match = re.search(r"(?<![\w.])(\d+(?:\.\d+)?)([A-DF-Za-df-z_]\w*|[eE](?!\d)\w*|\()", text)
    if match is not None:
        other = match[2] + "..." * (match[2] == "(")
        return match.start(2), f"behind a number '*' is missing; write {match[1]} * {other}"
    for match in re.finditer(rf"({_NAME}|\))[ \t]+({_NAME})", text):
        if match[1] not in _WORDS and match[2] not in _WORDS:
            one, other = _before(text, match.end(1)), match[2]
            return match.start(2), f"a sign is missing; write {one} @ {other} or {one} * {other}"
    return None


def _before(text: str, end: int) -> str:
    """The operand that ends here, for a message."""
    end = len(text[:end].rstrip())
    start = end
    if text[:end].endswith((")", "]")):
        depth = 0
        while start:
            start -= 1
            depth += (text[start] in ")]") - (text[start] in "([")
            if not depth:
                break
    while start and (text[start - 1].isalnum() or text[start - 1] in "_."):
        start -= 1
    shown = text[start:end].lstrip(".")
    return shorten(shown, 30) or "..."
