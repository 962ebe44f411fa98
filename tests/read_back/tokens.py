"""LaTeX as tokens: what stands in braces, lines beneath an operator, letters and subscripts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(r"\\[A-Za-z]+|\\[,;!\\]|\d+(?:\.\d+)?|[A-Za-z]|\S")
_SIZES = {"bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr", "Biggl", "Biggr", "left", "right"}
_NOTHING = {r"\,", r"\;", r"\!", r"\limits"}
RELATIONS = {"=": "==", "<": "<", ">": ">", r"\le": "<=", r"\ge": ">=", r"\ne": "!="}


def lex(text: str) -> list[str]:
    """Tokens; sizes of delimiters and thin spaces mean nothing."""
    # the letter of a gate is part of a tensor's name, and what follows it are its subscripts
    text = re.sub(r"_\{(\\mathrm\{[a-z]\}),", r"_{\1}_{", text)
    found = []
    for token in _TOKEN.findall(text):
        is_size = token.startswith("\\") and token[1:] in _SIZES
        if token not in _NOTHING and not is_size:
            found.append(token)
    return found


@dataclass
class Cursor:
    """A place among tokens."""

    tokens: list[str]
    place: int = field(default=0, kw_only=True)

    def peek(self, ahead: int = 0) -> str:
        where = self.place + ahead
        return self.tokens[where] if where < len(self.tokens) else ""

    def take(self, wanted: str | None = None) -> str:
        token = self.peek()
        assert wanted is None or token == wanted, f"{wanted} wanted, {token} found"
        self.place += 1
        return token

    def group(self) -> list[str]:
        """What stands in braces, or the one token that stands alone."""
        if self.peek() != "{":
            return [self.take()]
        self.take("{")
        found, depth = [], 1
        while True:
            token = self.take()
            depth += (token == "{") - (token == "}")
            if not depth:
                return found
            found.append(token)

    def rows(self, name: str) -> list[list[str]]:
        """The rows of an environment of this name."""
        self.take(r"\begin")
        assert "".join(self.group()) == name
        rows: list[list[str]] = [[]]
        depth = 0
        while depth or self.peek() != r"\end":
            token = self.take()
            depth += (token in ("{", r"\begin")) - (token in ("}", r"\end"))
            if token == r"\\" and not depth:
                rows.append([])
            else:
                rows[-1].append(token)
        self.take(r"\end")
        self.group()
        return rows


def joined(tokens: list[str]) -> str:
    return "".join(tokens)


def prime_count(tokens: list[str], at: int) -> int:
    count = 0
    while at + count < len(tokens) and tokens[at + count] == "'":
        count += 1
    return count


def spoken(line: list[str]) -> list[str]:
    """Letters with their prime_count and numbers as one."""
    found: list[str] = []
    for token in line:
        if token == "'":
            found[-1] += token
        else:
            found.append(token)
    return found


def is_letter(token: str) -> bool:
    return bool(re.fullmatch(r"([A-Za-z]|\\[a-z]+)'*", token)) and token not in RELATIONS


def lines_of(beneath: list[str]) -> list[list[str]]:
    if beneath[0] == r"\substack":
        beneath = beneath[2:-1]
    lines: list[list[str]] = [[]]
    for token in beneath:
        if token == r"\\":
            lines.append([])
        else:
            lines[-1].append(token)
    return lines


def range_of(line: list[str]) -> tuple[list[str], list[str]] | None:
    """The letters and the end of `0 <= i,j < 5`."""
    if line[:2] != ["0", r"\le"] or "<" not in line:
        return None
    cut = line.index("<")
    middle = spoken(line[2:cut])
    if all(x == "," or is_letter(x) for x in middle):
        return [x for x in middle if x != ","], line[cut + 1 :]
    return None


def subscripts_in(tokens: list[str], rank: int | None) -> list[list[str]]:
    """The subscripts: between commas, or letter by letter where there is none."""
    parts: list[list[str]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token in ("{", "(")) - (token in ("}", ")"))
        if token == "," and not depth:
            parts.append([])
        else:
            parts[-1].append(token)
    if len(parts) > 1 or rank == 1:
        return parts
    found: list[list[str]] = []
    for token in parts[0]:
        if token == "'":
            found[-1].append(token)
        else:
            found.append([token])
    return found
