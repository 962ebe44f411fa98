"""Documents: complete, the same bytes every time, safe from hostile text, clean in TeX."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

import codegen
from codegen.documents.blocks import Display, Document, Section
from codegen.documents.builder import DocumentBuilder, training_derivation
from codegen.documents.formats.form import Writer
from codegen.documents.formats.markdown import MARKDOWN
from codegen.documents.formats.pdf import compile_pdf, compile_with_log
from codegen.documents.formats.tex import tex_form, tex_text
from codegen.documents.messages import Words
from codegen.documents.options import CHOICES, DocumentOptions
from codegen.documents.write import document
from codegen.latex.formula import Formula
from codegen.latex.line_breaking import width
from codegen.templating import render
from derive import ChainruleError, differentiate, load, parse
from derive.ir.system import Origin
from tests.codegen.documents.tex_log import complaints
from tests.oracles import MODELS
from tests.oracles.against_autograd import system_of

TEX = tex_form()

pytestmark = pytest.mark.sampled

SPECS = sorted(Path("generated").glob("*/*.toml"))
each_spec = pytest.mark.parametrize("spec", [pytest.param(s, id=s.stem) for s in SPECS])
HOSTILE = (
    r"\input{/etc/passwd} $x^2$ 100% #1 a_b & ~ {\bf} <b> |c| `d` [e](f) -- *g* é Ω 权 \write18{ls}"
)
BY_NAME = {m.name: m for m in MODELS}


def derived(spec):
    return differentiate(load(spec))


# ---- what is in it -------------------------------------------------------------------------------


def test_a_network_s_document_is_complete():
    text = document(derived("generated/gender/gender.toml"), format="md")
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    assert headings == [
        "gender: gradients and updates",
        "At a glance",
        "Preliminaries",
        "The network",
        "Notation",
        "Forward pass",
        "Layer 1: dense, sigmoid",
        "Layer 2: dense, sigmoid",
        "Objective",
        "Backward pass",
        "Objective",
        "Layer 2: dense, sigmoid",
        "Layer 1: dense, sigmoid",
        "Inputs",
        "Updates",
        "For a batch",
        "Training and inference",
        "Remarks",
    ]
    for formula in (
        r"z^{(1)} = W^{(1)}\thinspace x + b^{(1)}",
        r"\delta^{(1)} = \bigl(W^{(2)}\bigr)^{\top}\thinspace \delta^{(2)} \odot "
        r"\sigma'\bigl(z^{(1)}\bigr)",
        r"\frac{\partial E}{\partial W^{(2)}} = \delta^{(2)}\thinspace "
        r"\bigl(y^{(1)}\bigr)^{\top}",
        r"W^{(2)} \leftarrow W^{(2)} - \eta\thinspace \frac{\partial E}{\partial W^{(2)}}",
        r"z^{(1)} = x\thinspace \bigl(W^{(1)}\bigr)^{\top} + "
        r"\mathbf{1}\thinspace \bigl(b^{(1)}\bigr)^{\top}",
    ):
        assert formula in text
    assert "| $W^{(1)}$ | `W1` | weight matrix; layer 1 | $3 \\times 2$ |" in text
    assert "Rumelhart" in text


@each_spec
def test_every_derivative_is_in_every_detail(spec):
    derivation = training_derivation(derived(spec))
    for detail in CHOICES["detail"]:
        context = DocumentBuilder(
            derivation, DocumentOptions(notation="index", detail=detail)
        ).context
        shown = document(derivation, notation="index", detail=detail)
        for equation in context.derivation.backward:
            right = context.index.formula(equation).right[-1]
            first = TEX.display.formula(right.split("\x01")[0])
            assert first in shown, f"{detail}: {equation.tensor}"


def test_conventions_are_said_where_they_are_used():
    def said(text, **declared):
        return document(differentiate(parse(text, objective="E", **declared)), format="md")

    relu = said("E = sum(i, relu(x[i]))", parameters=["x"], sizes={"i": 3})
    assert "at 0 its derivative is taken as 0" in relu
    assert "share its derivative" not in relu
    most = said("E = max(i, x[i]**2)", parameters=["x"], sizes={"i": 3})
    assert "share its derivative equally" in most
    assert "like others" not in most
    factor = said("E = sum(i,j, (i != j)/(x[i] - x[j]))", parameters=["x"], sizes={"i": 3, "j": 3})
    assert "the model itself multiplies by is a number like others" in factor
    chosen = said(
        "E = sum(i,j, where(i != j, 1/(x[i] - x[j]), 0))",
        parameters=["x"],
        sizes={"i": 3, "j": 3},
    )
    assert "the whole product is 0" in chosen and "like others" not in chosen
    held = said("E = sum(i, x[i]*hold(abs(x[i])))", parameters=["x"], sizes={"i": 3})
    assert "its derivative is 0" in held
    shifted = said("E = sum(i, x[i]*x[i-1])", parameters=["x"], sizes={"i": 3})
    assert "outside of a tensor is read as 0" in shifted
    assert "outside of a tensor is read as 0" not in relu
    either = said("E = maximum(x, y)", parameters=["x", "y"])
    assert "takes half" in either


def test_the_unknown_upstream_derivative_is_named():
    system = parse("y[n,i] = tanh(x[n,i])", inputs=["x"], batch="n", sizes={"i": 3})
    text = document(differentiate(system, of="y"), format="md")
    assert r"\frac{\partial \mathcal{L}}{\partial x_{ni}}" in text
    assert "given: the derivative of a scalar" in text


def test_second_derivatives_print():
    system = parse("E = x**3*sin(y)", parameters=["x", "y"], objective="E")
    twice = differentiate(differentiate(system), of="dx", wrt=["x", "y"])
    for format_ in ("md", "tex", "json"):
        assert document(twice, format=format_)


@each_spec
def test_json_is_what_its_schema_says(spec):
    schema = json.loads(Path("docs/derivation.schema.json").read_text())
    data = json.loads(document(derived(spec), format="json"))
    jsonschema.validate(data, schema)
    assert data["schema"] == schema["$id"]


def test_a_step_of_a_repeated_layer_refers_to_what_is_shown_only():
    """The sums of the blocks between are in no formula of the document."""
    block = {"type": "transformer_encoder_layer", "heads": 1, "dim_feedforward": 2}
    spec = {"inputs": {"x": [2, 2]}, "layers": [block] * 4, "loss": "squared_error"}
    assert "the terms of the sum cancel" in document(derived(spec), format="md").lower()


def test_json_is_data():
    data = json.loads(document(derived("generated/rbf/rbf.toml"), format="json"))
    assert data["schema"] == "chainrule/derivation/1"
    assert {"tensor", "text", "index", "matrix"} <= set(data["backward"][0])
    assert {s["kind"] for s in data["steps"]} == {"chain", "equality"}
    assert all(s["reason"] and s["latex"] and s["before"] != s["after"] for s in data["steps"])


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("lang", "fr", "known: en, zh"),
        ("samples", "row", "did you mean 'rows'?"),
        ("calculus", "delta", "known: differential, kronecker"),
        ("format", "docx", "known: tex, pdf, md, html, json"),
        ("notation", "matrices", "did you mean 'matrix'?"),
        ("detail", "all", "known: result, steps, full"),
    ],
)
def test_what_isn_t_offered(key, value, told):
    with pytest.raises(ChainruleError, match=re.escape(told)):
        document(derived("generated/descent/descent.toml"), **{key: value})


def test_a_sentence_takes_the_slots_that_it_has():
    words = Words("en")
    assert words.say("title", name="net") == ("net", ": gradients and updates")
    with pytest.raises(ValueError, match="has no use for"):
        words.say("letters", other="it")
    with pytest.raises(KeyError):
        words.say("no such sentence")


# ---- text that means harm ------------------------------------------------------------------------


def hostile():
    system = parse(
        "z1[n,i_] = sum(j, W_input[i_,j]*x_[n,j]) + delta_[i_]\n"
        "max_pool2d2[n,i] = tanh(z1[n,i])\n"
        "np[n] = sum(i, max_pool2d2[n,i]*lambda_[i])**2\n"
        "E = sum(n, np[n])",
        name="hostile",
        parameters=["W_input", "delta_", "lambda_"],
        inputs=["x_"],
        batch="n",
        sizes={"W_input.0": 3, "W_input.1": 2},
        objective="E",
        assume=["sum(i, delta_[i]) == 1"],
    )
    # the front door refuses such a name; here it comes in by the back door
    system = replace(system, name=HOSTILE, origin=Origin(sources=(HOSTILE,), warnings=(HOSTILE,)))
    return differentiate(system)


def test_no_character_of_a_user_is_a_command():
    text = document(hostile())
    assert r"\input{/etc" not in text
    assert r"\write18" not in text
    assert r"\textbackslash{}input\{/etc/passwd\}" in text
    assert r"\$x\textasciicircum{}2\$" in text
    assert tex_text("a--b---c") == "a-{}-b-{}-{}-c"
    shown = document(hostile(), format="md").splitlines()[0]
    for plain in (r"\`d\`", r"\[e\]", r"\*g\*", r"\<b\>", r"\|c\|"):
        assert plain in shown


@pytest.mark.tex
def test_hostile_names_compile():
    pdf, log = compile_with_log(document(hostile(), detail="full"))
    assert pdf.startswith(b"%PDF")
    assert complaints(log) == []


# ---- TeX -----------------------------------------------------------------------------------------


def has_cjk():
    """Whether TeX has the package and the fonts for Chinese."""
    if shutil.which("kpsewhich") is None:
        return False
    wanted = ("CJKutf8.sty", "gbsnu4e.tfm")
    return all(
        subprocess.run(["kpsewhich", f], capture_output=True, check=False).stdout for f in wanted
    )


needs_cjk = pytest.mark.skipif(not has_cjk(), reason="TeX has no CJKutf8 here")
# each value of each switch; every spec is set in two of them
SET_IN = (
    {},
    {"notation": "matrix", "detail": "result", "layout": "numerator", "samples": "rows"},
    {"notation": "index", "detail": "full", "calculus": "kronecker", "errors": "partial"},
    {"lang": "zh", "scalars": True, "layout": "numerator"},
    {"lang": "zh", "detail": "full", "calculus": "kronecker", "level": "brief"},
)


@pytest.mark.tex
@each_spec
@pytest.mark.parametrize("lang", ["en", pytest.param("zh", marks=pytest.mark.slow)])
def test_a_spec_s_document_compiles(spec, lang):
    k = SPECS.index(spec)
    options = SET_IN[k % 3] if lang == "en" else SET_IN[3 + k % 2]
    if lang == "zh" and not has_cjk():
        pytest.skip("no Chinese letters here")
    pdf, log = compile_with_log(document(derived(spec), **options))
    assert pdf.startswith(b"%PDF")
    assert complaints(log) == [], options
    assert "??" not in log


@pytest.mark.tex
@needs_cjk
def test_a_chinese_pdf():
    assert document(derived("generated/mazur/mazur.toml"), "pdf", lang="zh").startswith(b"%PDF")


FRAME = r"""\documentclass{article}
\usepackage[margin=22mm]{geometry}
\usepackage[T1]{fontenc}
\usepackage{lmodern,textcomp,amsmath,amssymb,array,booktabs,longtable,tikz}
\usetikzlibrary{arrows.meta}
\newcolumntype{L}[1]{>{\raggedright\arraybackslash}p{#1}}
\emergencystretch=3em
\begin{document}
%s
\end{document}
"""


@pytest.mark.tex
def test_fragments_stand_in_one_document():
    """Two of them, whose labels don't get in each other's way."""
    parts = [
        document(derived(f"generated/{name}/{name}.toml"), fragment=True, level="brief")
        for name in ("descent", "mazur")
    ]
    assert not any(r"\documentclass" in p or r"\begin{document}" in p for p in parts)
    pdf, log = compile_with_log(FRAME % "\n".join(parts))
    assert pdf.startswith(b"%PDF")
    assert complaints(log) == []
    assert "multiply" not in log


@pytest.mark.tex
def test_a_fragment_fits_an_article_s_own_margins():
    """Lines, pictures, and displays that go on on the next page."""
    text = document(derived("generated/gru/gru.toml"), fragment=True)
    article = FRAME.replace(r"\documentclass{", r"\documentclass[11pt]{")
    article = article.replace(r"\usepackage[margin=22mm]{geometry}", "")
    _, log = compile_with_log(article % text)
    assert complaints(log) == []


def test_a_number_has_room_beside_a_matrix():
    one = r"\begin{pmatrix} " + " & ".join(["0.123"] * 5) + r" \end{pmatrix}"
    plain = r"W_{ijklmnopq}\,W_{ijklmnopq}"
    for right, more in ((one, 3.0), (plain, 0.0)):
        formula = Formula("A", (right, right))
        told = Document(("",), (Section(("",), (Display((formula,)),)),))
        wide = width(f"A = {right} = {right}")
        counts = []
        for room in (more + 3.0, more + 1.0):
            style = replace(TEX.display, room=wide + room)
            (section,) = Writer(replace(TEX, display=style), told).sections()
            counts.append(len(section.blocks[0].formulas[0].lines))
        assert counts == [1, 2]


@pytest.mark.tex
def test_the_pdf_is_the_same_every_time():
    derivation = derived("generated/gender/gender.toml")
    assert document(derivation, format="pdf") == document(derivation, format="pdf")


@pytest.mark.tex
@pytest.mark.slow
def test_every_model_compiles():
    sections = []
    for model in MODELS:
        derivation = differentiate(system_of(model))
        for notation in CHOICES["notation"]:
            found = DocumentBuilder(derivation, DocumentOptions(notation=notation)).document()
            Writer(MARKDOWN, found).sections()
            if notation == "both":
                style = replace(TEX.display, label=lambda number: "")
                alone = replace(TEX, display=style, ref=lambda number: f"({number})")
                title = Document(found.title, (Section((model.name,), ()),))
                sections.extend(
                    (*Writer(alone, title).sections(), *Writer(alone, found).sections())
                )
    text = render("derivation.tex.j2", title="all models", sections=sections, **TEX.more)
    pdf, log = compile_with_log(text)
    assert pdf.startswith(b"%PDF")
    assert complaints(log, most=30.0) == []


def test_without_tex_there_is_one_clear_line(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ChainruleError, match="pdflatex isn't here; install TeX"):
        document(derived("generated/descent/descent.toml"), format="pdf")


@pytest.mark.tex
def test_tex_that_stops_is_told_in_one_line():
    with pytest.raises(ChainruleError, match="pdflatex stopped") as caught:
        compile_pdf(r"\documentclass{article}\begin{document}\nosuchcommand\end{document}")
    assert "\n" not in str(caught.value)


@pytest.mark.tex
def test_tex_can_read_and_run_nothing(tmp_path):
    secret, ran = tmp_path / "secret.tex", tmp_path / "ran"
    secret.write_text("the secret")
    head = r"\documentclass{article}\begin{document}"
    compile_pdf(rf"{head}\immediate\write18{{touch {ran}}}text\end{{document}}")
    assert not ran.exists()
    for attempt in (rf"\input{{{secret}}}", rf"\immediate\openout3={secret} "):
        with pytest.raises(ChainruleError, match="pdflatex stopped"):
            compile_pdf(rf"{head}{attempt}text\end{{document}}")
    assert secret.read_text() == "the secret"


def test_templates_are_short():
    folder = Path(codegen.__file__).parent / "templates"
    for path in (*folder.glob("derivation*"), *folder.glob("derivation/*")):
        if path.is_file():
            assert len(path.read_text().splitlines()) < 60, path
