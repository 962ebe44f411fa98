"""Drawings as SVG, TikZ and in Markdown: well-formed, and no label is markup."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from codegen.cli import main
from codegen.documents.blocks import Document, Paragraph, Picture, Section
from codegen.documents.drawings import diagrams
from codegen.documents.drawings.marks import Box, Drawing, Label, framed
from codegen.documents.drawings.svg import data_uri, inline_svg, svg_file
from codegen.documents.drawings.tikz import tikz_picture
from codegen.documents.formats.form import Writer
from codegen.documents.formats.markdown import MARKDOWN, beside
from codegen.documents.formats.pdf import compile_with_log
from codegen.documents.formats.tex import tex_form
from codegen.documents.options import DocumentOptions
from codegen.documents.write import filled
from codegen.templating import render
from derive import differentiate, load
from tests.codegen.documents.drawings.nets import labels, recurrence

TEX = tex_form()

pytestmark = pytest.mark.sampled

HOSTILE = r"\input{/etc/passwd} 100% #1 a_b & ~ {\bf} <b> é 权 \write18{ls} \end{tikzpicture} ]]>"
SVG = "{http://www.w3.org/2000/svg}"


def hostile():
    marks = [Box(0, 0, 30, 2, '"/><script>'), Label(0, 0, HOSTILE, math=False)]
    return framed(marks, HOSTILE, "hostile")


def all_drawings(drawings):
    return [*drawings.values(), recurrence(), diagrams.descent(), hostile()]


def test_svg_is_well_formed_and_can_be_heard(drawings):
    for drawing in all_drawings(drawings):
        for text in (inline_svg(drawing), svg_file(drawing)):
            root = ET.fromstring(text)
            assert root.tag == f"{SVG}svg" and root.get("role") == "img"
            assert root.find(f"{SVG}title").text
            tags = {e.tag.removeprefix(SVG) for e in root.iter()}
            assert tags <= {"svg", "title", "style", "rect", "circle", "path", "text", "tspan"}
            assert not any(k in ("id", "href", "style") for e in root.iter() for k in e.attrib)
            assert text.count("<text") == len(labels(drawing))
        assert inline_svg(drawing) == inline_svg(drawing)
    assert "prefers-color-scheme: dark" in svg_file(diagrams.descent())


def test_a_subscript_stands_beside_its_superscript(drawings):
    """Under it, it would lie on the letter: no font's width is known here."""
    drawn = (inline_svg(drawings["small"]), inline_svg(recurrence()))
    assert all(" dx=" not in text for text in drawn)
    spans = re.search(r"<text[^>]*>(<tspan[^>]*>y.*?)</text>", drawn[0]).group(1)
    assert re.sub("<[^>]*>", "", spans) == "y(1)0"
    both, above = (Label(0, 0, text).width for text in ("y^{(1)}_{1}", "y^{(1)}"))
    assert both > above + 0.3


def test_no_character_of_a_label_is_markup():
    text = inline_svg(hostile())
    assert "<b>" not in text and "<script" not in text and "&lt;b&gt; é 权" in text
    tex = tikz_picture(hostile())
    assert r"\input{" not in tex and r"\write18" not in tex and r"\textbackslash{}input" in tex
    assert tex.count(r"\end{tikzpicture}") == 1


def test_wide_drawings_are_scaled():
    box = Box(0, 0, 100, 10)
    assert "scale=0.4" in tikz_picture(Drawing(100, 10, (box,), "wide"))
    assert "scale" not in tikz_picture(Drawing(40, 10, (box,), "narrow"))


def document_of(drawings):
    blocks = tuple(Picture(d, ("What it shows: ", d.name, ".")) for d in drawings)
    return Document(("pictures",), (Section(("All",), (Paragraph(("Text.",)), *blocks)),))


@pytest.mark.tex
def test_tikz_compiles(drawings):
    few = [drawings[name] for name in ("small", "resnet", "heads")]
    writer = Writer(TEX, document_of([*few, recurrence(), diagrams.descent(), hostile()]))
    text = render(TEX.template, title=writer.title(), sections=writer.sections(), **TEX.more)
    pdf, log = compile_with_log(text)
    assert pdf.startswith(b"%PDF")
    assert not re.search(r"Overfull|Warning: (?!.*Rerun)", log)


def test_without_pictures_tikz_is_not_loaded():
    derivation = differentiate(load("generated/descent/descent.toml"))
    with_pictures = r"\begin{tikzpicture}" in (text := filled(derivation, DocumentOptions(), TEX))
    assert (r"\usepackage{tikz}" in text) == with_pictures


def test_markdown_holds_its_pictures_or_names_them():
    found = document_of([diagrams.descent(), hostile(), hostile()])
    inside = Writer(MARKDOWN, found).sections()[0].blocks[1].text
    assert inside.endswith(f"]({data_uri(diagrams.descent())})")
    form, files = beside("my net")
    texts = [b.text for b in Writer(form, found).sections()[0].blocks if b.kind == "picture"]
    assert sorted(files) == ["my net-descent.svg", "my net-hostile.svg"]
    assert texts[0].endswith("](my%20net-descent.svg)")
    assert files["my net-descent.svg"] == svg_file(diagrams.descent())


def test_the_command_writes_pictures_beside_the_text(tmp_path):
    out = tmp_path / "net.md"
    assert main(["derive", "generated/descent/descent.toml", "-o", str(out)]) == 0
    text = out.read_text(encoding="utf-8")
    named = set(re.findall(r"\]\((net-\w+\.svg)\)", text))
    assert named == {p.name for p in Path(tmp_path).glob("*.svg")}
    assert "data:image" not in text
