"""Documents as LaTeX: anybody's text escaped, formulas in one numbered display."""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby

from codegen.latex.box import flat
from codegen.paper.drawing import Drawing
from codegen.paper.forms import Form

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
_CHINESE_PUNCTUATION = "，。、；：？！（）《》“”‘’…—·"
_SPACE = re.compile(r"\s+")


def tex_text(text: str) -> str:
    """Anybody's text for LaTeX: no character of it is a command."""
    escaped = "".join(map(_tex_character, _SPACE.sub(" ", text)))
    return escaped.replace("--", "-{}-").replace("--", "-{}-")  # no dashes by ligature


def chinese_text(text: str) -> str:
    """Anybody's text where Chinese characters can be set."""
    return "".join(
        run if chinese else tex_text(run)
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
    if c.isprintable() and ord(c) < 0x180:  # Latin letters with accents, that T1 has
        return c if c.isalpha() else _plain(c)
    return _plain(c)


def _plain(c: str) -> str:
    """What is left of a character in ASCII, else its number."""
    bare = unicodedata.normalize("NFKD", c).encode("ascii", "ignore").decode()
    if not bare or not bare.isprintable():
        return f"U+{ord(c):04X}"
    return "".join(_TEX.get(x, x) for x in bare)


def _tex_code(name: str) -> str:
    text = tex_text(name).replace(r"\_", r"\_\allowbreak ")
    return rf"\texttt{{{text}}}"


def _drawn(drawing: Drawing) -> str:
    return tex_text(drawing.alternative)


def tex_form(lang: str = "en", fragment: bool = False, name: str = "") -> Form:
    """LaTeX in one language: a document by itself, or a fragment whose labels bear its name."""
    mark = "".join(c if c.isascii() and c.isalnum() else "-" for c in name)
    prefix = f"eq:{mark}:" if fragment else "eq:"
    chinese = lang == "zh"
    escape = chinese_text if chinese else tex_text
    return Form(
        template="fragment.tex.j2" if fragment else "derivation.tex.j2",
        escape=escape,
        math=lambda latex: f"${flat(latex)}$",
        code=_tex_code,
        ref=lambda number: rf"\eqref{{{prefix}{number}}}",
        formula=flat,
        picture=_drawn,
        room=38.5,
        together=True,
        label=lambda number: rf" \label{{{prefix}{number}}}",
        more={} if fragment else {"is_chinese": chinese},
    )


TEX = tex_form()
