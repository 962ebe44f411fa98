"""Texts for small devices: nothing in double precision, nothing of 64 bits, no vectors."""

from __future__ import annotations

import re

from codegen.targets.c.functions import LIBRARY, WIDE

_FUNCTIONS = sorted({*LIBRARY.values(), *WIDE.values(), "fabs", "floor", "fmod", "log", "erfc"})
_WIDE = re.compile(
    r"(?P<comment>/\*.*?\*/)"
    r"|\b(?P<kind>double|uint64_t)\b"
    rf"|\b(?P<function>{'|'.join(_FUNCTIONS)})(?=\()"
    r"|(?P<number>(?<![\w.])\d+(?:\.\d*(?:e[-+]?\d+)?|e[-+]?\d+)(?![\w.]))"
    r"|(?P<vectors>^ *SUM\(total\)\n)",
    re.DOTALL | re.MULTILINE,
)
_KINDS = {"double": "real", "uint64_t": "uint32_t"}


def narrowed(text: str) -> str:
    """A C text whose numbers have 32 bits, and those of which arrays are made for all sums."""
    return _WIDE.sub(_one, text)


def _one(found: re.Match[str]) -> str:
    text = found.group()
    match found.lastgroup:
        case "comment":
            return text
        case "kind":
            return _KINDS[text]
        case "vectors":
            return ""
        case _:
            return f"{text}f"
