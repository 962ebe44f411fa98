"""The derivation as a document: LaTeX, PDF, Markdown, or its steps as data."""

from __future__ import annotations

import json
from typing import Any, Literal, overload

from codegen.documents.builder import DocumentBuilder, training_derivation
from codegen.documents.context import DocumentContext
from codegen.documents.formats.form import Format, Writer
from codegen.documents.formats.html import page
from codegen.documents.formats.markdown import MARKDOWN, beside
from codegen.documents.formats.pdf import compile_pdf
from codegen.documents.formats.tex import tex_form
from codegen.documents.messages import Words
from codegen.documents.options import OPTIONS, DocumentOptions
from codegen.documents.sections.second_order import Second
from codegen.latex.formula import Formula
from codegen.templating import render
from derive.errors import ChainruleError, meant, shown
from derive.ir.derivation import Derivation, Step
from derive.ir.notation import Equation
from derive.language.printer import equation_text

FORMATS = ("tex", "pdf", "md", "html", "json")
SCHEMA = "chainrule/derivation/1"


@overload
def document(
    derivation: Derivation, format: Literal["tex", "md", "html", "json"] = ..., **options: Any
) -> str: ...
@overload
def document(derivation: Derivation, format: Literal["pdf"], **options: Any) -> bytes: ...
@overload
def document(derivation: Derivation, format: str = ..., **options: Any) -> str | bytes: ...
def document(derivation: Derivation, format: str = "tex", **options: Any) -> str | bytes:
    """The whole derivation: notation, forward pass, objective, every derivative, the updates.

    `format` is tex, md, html, json (text) or pdf (bytes); the other choices are those of
    `DocumentOptions`, such as `notation="matrix"`, `detail="full"`, `lang="zh"`. The same bytes
    every time. Raises `ChainruleError` for what isn't offered, and where TeX is missing for a PDF
    or the engine that sets formulas for HTML.
    """
    if format not in FORMATS:
        raise ChainruleError(
            f"format: unknown {shown(format)}{meant(format, FORMATS)}; known: {', '.join(FORMATS)}"
        )
    for name in options:
        if name not in OPTIONS:
            near = meant(name, OPTIONS)
            raise ChainruleError(f"document: there is no option {shown(name)}{near}")
    chosen = DocumentOptions(**options)
    if chosen.fragment and format != "tex":
        raise ChainruleError(f"fragment: a fragment is LaTeX's; ask for tex, not {format}")
    tex = tex_form(chosen.lang, chosen.fragment, derivation.system.name)
    match format:
        case "json":
            data = _data(derivation, chosen)
            return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
        case "html":
            return page(DocumentBuilder(derivation, chosen).document(), chosen.lang)
        case "md":
            return filled(derivation, chosen, MARKDOWN)
        case "pdf":
            return compile_pdf(filled(derivation, chosen, tex))
        case _:
            return filled(derivation, chosen, tex)


def markdown_beside(
    derivation: Derivation, stem: str, **options: Any
) -> tuple[str, dict[str, str]]:
    """The document as Markdown, and the files that its pictures are in, by name.

    The names begin with `stem`. Raises `ChainruleError` for what isn't offered.
    """
    form, files = beside(stem)
    return filled(derivation, DocumentOptions(**options), form), files


def filled(derivation: Derivation, options: DocumentOptions, form: Format) -> str:
    """A document in one form."""
    writer = Writer(form, DocumentBuilder(derivation, options).document())
    return render(form.template, title=writer.title(), sections=writer.sections(), **form.more)


# ---- as data -------------------------------------------------------------------------------------


def _data(derivation: Derivation, options: DocumentOptions) -> dict[str, Any]:
    derivation = training_derivation(derivation)
    story = DocumentContext(derivation, options, Words(options.lang))
    second = {"second": _second(Second(story, options.wrt))} if options.order > 1 else {}
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
        "sources": list(derivation.system.origin.sources),
        **second,
    }


def _second(second: Second) -> dict[str, Any]:
    """The Hessian times a direction and Hessians in full."""
    along = second.along
    derivation = along.derivation
    return {
        "objective": _equation(along, derivation.system.defined[derivation.objective]),
        "backward": [_equation(along, e) for e in derivation.backward],
        "inlined": [_equation(along, e) for e in derivation.inlined],
        "steps": [_step(along, s) for s in derivation.steps],
        "hessians": [
            {"by": list(by), "equations": [_equation(whole, e) for e in whole.derivation.backward]}
            for by, whole in second.wholes
        ],
    }


def _equation(story: DocumentContext, equation: Equation) -> dict[str, Any]:
    result: dict[str, Any] = {"tensor": equation.tensor, "text": equation_text(equation)}
    if story.options.notation != "matrix":
        result["index"] = story.index.formula(equation).latex()
    if story.options.notation != "index":
        matrix = story.matrix_form(equation)
        result["matrix"] = None if matrix is None else matrix.latex()
    return result


def _step(story: DocumentContext, step: Step) -> dict[str, Any]:
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
