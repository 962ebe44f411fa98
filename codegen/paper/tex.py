"""Documents as LaTeX: anybody's text escaped, formulas in one numbered display."""

from __future__ import annotations

from codegen.latex.box import flat
from codegen.paper.forms import Form
from codegen.paper.tex_text import tex_text
from codegen.paper.tikz import tikz_picture


def _tex_code(name: str) -> str:
    text = tex_text(name).replace(r"\_", r"\_\allowbreak ")
    return rf"\texttt{{{text}}}"


TEX = Form(
    template="derivation.tex.j2",
    escape=tex_text,
    math=lambda latex: f"${flat(latex)}$",
    code=_tex_code,
    ref=lambda number: rf"\eqref{{eq:{number}}}",
    formula=flat,
    picture=tikz_picture,
    room=38.5,
    together=True,
)
