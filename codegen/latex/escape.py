"""Anybody's text for LaTeX."""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby

_TEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
}
# Latin letters that no T1 font has and that have no plain letter inside
_BARE = {"Ħ": "H", "ħ": "h", "ĸ": "k", "Ŧ": "T", "ŧ": "t"}
_NOT_IN_T1 = {*_BARE, *"Ŀŀŉſ"}
_CHINESE_PUNCTUATION = "，。、；：？！（）《》“”‘’…—·"
_PLACED = {"<super>": "textsuperscript", "<sub>": "textsubscript"}
_SPACE = re.compile(r"\s+")


def tex_text(text: str) -> str:
    """Anybody's text for LaTeX: no character of it is a command."""
    escaped = "".join(map(_tex_character, _SPACE.sub(" ", text)))
    return escaped.replace("--", "-{}-").replace("--", "-{}-")  # no dashes by ligature


def chinese_text(text: str) -> str:
    """Anybody's text where Chinese characters can be set."""
    return "".join(
        run.replace("、", r"、\allowbreak{}") if chinese else tex_text(run)
        for chinese, group in groupby(text, key=_is_chinese)
        for run in ("".join(group),)
    )


def _is_chinese(c: str) -> bool:
    """A character of the fonts for simplified Chinese: GB 2312's, and its punctuation."""
    if c.isascii():
        return False
    try:
        return len(c.encode("gb2312")) == 2 and (
            "\u4e00" <= c <= "\u9fff" or c in _CHINESE_PUNCTUATION
        )
    except UnicodeEncodeError:
        return False


def _tex_character(c: str) -> str:
    if c in _TEX:
        return _TEX[c]
    if c.isascii():
        return c if c.isprintable() else "?"
    if c in _NOT_IN_T1:
        return _BARE.get(c) or _plain(c)
    if c.isprintable() and ord(c) < 0x180:  # Latin letters with accents, that T1 has
        return c if c.isalpha() else _plain(c)
    return _plain(c)


def _plain(c: str) -> str:
    """A character's nearest in ASCII, else its number; what is raised or lowered stays so."""
    whole = unicodedata.normalize("NFKD", c).replace("\N{FRACTION SLASH}", "/")
    bare = whole.encode("ascii", "ignore").decode()
    if not bare or not bare.isprintable():
        return f"U+{ord(c):04X}"
    result = "".join(_TEX.get(x, x) for x in bare)
    kind = unicodedata.decomposition(c).partition(" ")[0]
    return f"\\{_PLACED[kind]}{{{result}}}" if kind in _PLACED else result
