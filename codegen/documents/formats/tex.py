"""Documents as LaTeX: anybody's text escaped, formulas in one numbered display."""

from __future__ import annotations

from codegen.documents.drawings.tikz import tikz_picture
from codegen.documents.formats.form import DisplayStyle, Format
from codegen.latex.box import flat
from codegen.latex.escape import chinese_text, tex_text

# em: the text of our own page, and of an article that knows nothing of us
_PAGE, _FRAGMENT = 49.0, 32.0
_MARGIN = 3.5  # beside formulas, for their numbers
_NUMBER = 3.0


def _tex_code(name: str) -> str:
    text = tex_text(name).replace(r"\_", r"\_\allowbreak ")
    return rf"\texttt{{{text}}}"


def tex_form(lang: str = "en", fragment: bool = False, name: str = "") -> Format:
    """LaTeX in one language: a document by itself, or a fragment whose labels bear its name."""
    mark = "".join(c if c.isascii() and c.isalnum() else "-" for c in name)
    prefix = f"eq:{mark}:" if fragment else "eq:"
    width = _FRAGMENT if fragment else _PAGE
    chinese = lang == "zh"
    escape = chinese_text if chinese else tex_text
    return Format(
        template="fragment.tex.j2" if fragment else "derivation.tex.j2",
        escape=escape,
        math=lambda latex: f"${flat(latex)}$",
        code=_tex_code,
        ref=lambda number: rf"\eqref{{{prefix}{number}}}",
        picture=lambda drawing: tikz_picture(drawing, width),
        display=DisplayStyle(
            formula=flat,
            room=width - _MARGIN,
            together=True,
            label=lambda number: rf" \label{{{prefix}{number}}}",
            number=_NUMBER,
        ),
        more={} if fragment else {"is_chinese": chinese},
    )
