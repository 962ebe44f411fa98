"""The derivation as a document: LaTeX, PDF, Markdown, or its steps as data."""

from __future__ import annotations

import json
from typing import Any, Literal, overload

from codegen.latex.subscripts import Formula
from codegen.paper.forms import Form, Writer
from codegen.paper.html import page
from codegen.paper.markdown import MARKDOWN, beside
from codegen.paper.pdf import compile_pdf
from codegen.paper.story import Story
from codegen.paper.tex import TEX
from codegen.render import render
from derive.backprop import differentiate
from derive.errors import ChainruleError, meant, shown
from derive.modes import in_mode
from derive.notation import Derivation, Equation, Step
from derive.text import equation_text

FORMATS = ("tex", "pdf", "md", "html", "json")
NOTATIONS = ("both", "index", "matrix")
DETAILS = ("result", "steps", "full")
SCHEMA = "chainrule/derivation/1"
_LATER = {"lang": ("zh",)}


@overload
def document(
    derivation: Derivation,
    format: Literal["tex", "md", "html", "json"] = ...,
    notation: str = ...,
    detail: str = ...,
    lang: str = ...,
) -> str: ...
@overload
def document(
    derivation: Derivation,
    format: Literal["pdf"],
    notation: str = ...,
    detail: str = ...,
    lang: str = ...,
) -> bytes: ...
@overload
def document(
    derivation: Derivation,
    format: str = ...,
    notation: str = ...,
    detail: str = ...,
    lang: str = ...,
) -> str | bytes: ...
def document(
    derivation: Derivation,
    format: str = "tex",
    notation: str = "both",
    detail: str = "steps",
    lang: str = "en",
) -> str | bytes:
    """The whole derivation: notation, forward pass, objective, every derivative, the updates.

    `format` is tex, md, html, json (text) or pdf (bytes); `notation` is index, matrix (where there
    is such a form) or both; `detail` is result (formulas alone), steps (with the step that led to
    each) or full (with both sides of every step). The same bytes every time. Raises
    `ChainruleError` for what isn't offered, and where TeX is missing for a PDF or the engine for
    HTML.
    """
    _one_of("format", format, FORMATS)
    _one_of("notation", notation, NOTATIONS)
    _one_of("detail", detail, DETAILS)
    _one_of("lang", lang, ("en",))
    story = Story(as_told(derivation), notation, detail)
    match format:
        case "json":
            return json.dumps(_data(story), indent=2, ensure_ascii=False) + "\n"
        case "html":
            return page(story.document(), lang)
        case "md":
            return _filled(story, MARKDOWN)
        case "pdf":
            return compile_pdf(_filled(story, TEX))
        case _:
            return _filled(story, TEX)


def markdown_beside(
    derivation: Derivation, stem: str, notation: str = "both", detail: str = "steps"
) -> tuple[str, dict[str, str]]:
    """The document as Markdown, and the files that its pictures are in, by name.

    The names begin with `stem`. Raises `ChainruleError` for what isn't offered.
    """
    _one_of("notation", notation, NOTATIONS)
    _one_of("detail", detail, DETAILS)
    form, files = beside(stem)
    return _filled(Story(as_told(derivation), notation, detail), form), files


def as_told(derivation: Derivation) -> Derivation:
    """The derivation that a document tells: in training, where that makes a difference.

    Both modes at once would bury what a lecturer derives in cases.
    """
    if not derivation.system.having("mode"):
        return derivation
    told = in_mode(derivation.system, training=True)
    return differentiate(told, derivation.objective, derivation.wrt)


def _one_of(key: str, value: str, known: tuple[str, ...]) -> None:
    if value in _LATER.get(key, ()):
        raise ChainruleError(f"{key}: '{value}' isn't there yet; take one of {', '.join(known)}")
    if value not in known:
        raise ChainruleError(
            f"{key}: unknown {shown(value)}{meant(str(value), known)}; known: {', '.join(known)}"
        )


def _filled(story: Story, form: Form) -> str:
    writer = Writer(form, story.document())
    return render(form.template, title=writer.title(), sections=writer.sections())


# ---- as data -------------------------------------------------------------------------------------


def _data(story: Story) -> dict[str, Any]:
    derivation = story.derivation
    return {
        "schema": SCHEMA,
        "name": derivation.system.name,
        "objective": derivation.objective,
        "tensors": [
            {
                "name": t.name,
                "symbol": str(story.names[t.name]),
                "role": t.role,
                "shape": [story.index.integers.integer(e).text for e in t.shape],
            }
            for t in derivation.tensors
        ],
        "forward": [_equation(story, e) for e in derivation.forward],
        "backward": [_equation(story, e) for e in derivation.backward],
        "inlined": [_equation(story, e) for e in derivation.inlined],
        "updates": [_equation(story, e) for e in derivation.updates],
        "steps": [_step(story, s) for s in derivation.steps],
        "assumptions": [a.text for a in derivation.system.assumptions],
        "warnings": list(derivation.warnings),
        "sources": list(derivation.system.sources),
    }


def _equation(story: Story, equation: Equation) -> dict[str, Any]:
    found: dict[str, Any] = {"tensor": equation.tensor, "text": equation_text(equation)}
    if story.notation != "matrix":
        found["index"] = story.index.formula(equation).latex()
    if story.notation != "index":
        matrix = story.in_matrices(equation)
        found["matrix"] = None if matrix is None else matrix.latex()
    return found


def _step(story: Story, step: Step) -> dict[str, Any]:
    formula: Formula = story.steps.formula(step)
    return {
        "kind": step.kind,
        "rule": step.rule,
        "reason": step.reason,
        "subject": step.subject,
        "wrt": step.wrt or None,
        "under": list(step.under),
        "before": equation_text(step.before),
        "after": equation_text(step.after),
        "latex": formula.latex(),
    }
