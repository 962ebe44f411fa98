"""Drawings: nothing lies on anything else, every wire ends at a box, both printers take them."""

import re
import xml.etree.ElementTree as ET
from itertools import combinations, pairwise
from pathlib import Path

import pytest

from codegen.cli import main
from codegen.documents.blocks import Document, Paragraph, Picture, Section
from codegen.documents.drawings import diagrams
from codegen.documents.drawings.marks import Box, Circle, Dot, Drawing, Label, Line, framed
from codegen.documents.drawings.svg import data_uri, inline_svg, svg_file
from codegen.documents.drawings.tikz import tikz_picture
from codegen.documents.formats.form import Writer
from codegen.documents.formats.markdown import MARKDOWN, beside
from codegen.documents.formats.pdf import compile_with_log, have_tex
from codegen.documents.formats.tex import TEX
from codegen.documents.options import DocumentOptions
from codegen.documents.write import filled
from codegen.latex.symbols import Names
from codegen.latex.unicode_label import pieces, plain
from codegen.templating import render
from derive import differentiate, load, parse

pytestmark = pytest.mark.sampled

needs_tex = pytest.mark.skipif(not have_tex(), reason="no pdflatex here")
HOSTILE = r"\input{/etc/passwd} 100% #1 a_b & ~ {\bf} <b> é 权 \write18{ls} \end{tikzpicture} ]]>"
SVG = "{http://www.w3.org/2000/svg}"


def dense(units, **more):
    return {"type": "dense", "units": units, **more}


def chain(*layers, x=20, loss="mse", **more):
    return {"name": "net", "inputs": {"x": [x]}, "layers": layers, "loss": {"type": loss}, **more}


def densely_connected():
    layers, names = [], ["x"]
    for k in range(5):
        if k:
            layers.append({"type": "concat", "name": f"c{k}", "inputs": list(names)})
        layers.append(dense(9, name=f"d{k}", inputs=[f"c{k}" if k else "x"]))
        names.append(f"d{k}")
    return chain(*layers)


def hourglass():
    layers = [dense(u, name=f"down{k}", activation="relu") for k, u in enumerate((48, 32, 24))]
    layers.append(dense(12, name="bottom"))
    for k, u in reversed(tuple(enumerate((48, 32, 24)))):
        layers.append(dense(u, name=f"up{k}"))
        layers.append({"type": "concat", "name": f"j{k}", "inputs": [f"up{k}", f"down{k}"]})
    return chain(*layers)


HEADS = {
    "name": "heads",
    "inputs": {"x": [2]},
    "layers": [
        dense(3, activation="tanh"),
        dense(4, name="kind", inputs=["y1"]),
        dense(1, name="length", inputs=["y1"]),
    ],
    "output": "kind",
    "loss": [
        {"type": "softmax_cross_entropy", "targets": "classes", "target": "label"},
        {"type": "mse", "of": "length", "factor": 0.25, "target": "metres"},
    ],
}
TWO = {
    "name": "two",
    "inputs": {"a": [4], "b": [3]},
    "layers": [
        dense(6, name="p", inputs=["a"]),
        dense(6, name="q", inputs=["b"], share={"b": "b_p"}),
        {"type": "multiply", "name": "both", "inputs": ["p", "q"]},
        {"type": "concat", "inputs": ["both", "p", "a"]},
        dense(2),
    ],
    "loss": {"type": "mse"},
}
NETS = {
    "deep": chain(*(dense(20 + k % 7, activation="tanh") for k in range(32))),
    "dense": densely_connected(),
    "hourglass": hourglass(),
    "heads": HEADS,
    "two": TWO,
    "small": chain(dense(3, activation="sigmoid"), dense(2), x=4),
    **{n: f"generated/{n}/{n}.toml" for n in ("lenet", "resnet", "gru", "residual", "factorise")},
}


def read(source):
    derivation = differentiate(load(source))
    return derivation, Names(derivation)


@pytest.fixture(scope="module")
def drawings():
    return {name: diagrams.network(*read(source)) for name, source in NETS.items()}


def recurrence(direction=-1):
    system = parse(
        f"h[n,t,i] = tanh(sum(j, W[i,j]*x[n,t,j]) + sum(k, U[i,k]*h[n,t{direction:+d},k]))\n"
        "y[n,t] = sum(i, v[i]*h[n,t,i])\n"
        "E = sum(n,t, (y[n,t] - g[n,t])**2)",
        parameters=["W", "U", "v"],
        inputs=["x"],
        targets=["g"],
        batch="n",
        sizes={"i": 3, "j": 2},
        objective="E",
    )
    derivation = differentiate(system)
    return diagrams.unfolded(derivation, Names(derivation))


def boxes(drawing):
    return [m for m in drawing.marks if isinstance(m, Box | Circle)]


def bounds(mark):
    if isinstance(mark, Circle):
        return (
            mark.x - mark.radius,
            mark.y - mark.radius,
            mark.x + mark.radius,
            mark.y + mark.radius,
        )
    half, high = mark.width / 2, mark.height / 2
    return mark.x - half, mark.y - high, mark.x + half, mark.y + high


def touches(point, mark, slack=1e-6):
    x, y = point
    if isinstance(mark, Circle):
        return abs((x - mark.x) ** 2 + (y - mark.y) ** 2 - mark.radius**2) < slack
    left, top, right, bottom = bounds(mark)
    on_side = min(abs(x - left), abs(x - right)) < slack and top - slack <= y <= bottom + slack
    on_end = min(abs(y - top), abs(y - bottom)) < slack and left - slack <= x <= right + slack
    return on_side or on_end


def apart(one, other):
    a, b = bounds(one), bounds(other)
    return a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def crosses(start, end, mark, slack=1e-6):
    """Whether a wire that goes along an axis passes through the inside of a box."""
    left, top, right, bottom = bounds(mark)
    (x1, x2), (y1, y2) = sorted((start[0], end[0])), sorted((start[1], end[1]))
    return x1 < right - slack and x2 > left + slack and y1 < bottom - slack and y2 > top + slack


# ---- networks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETS)
def test_nothing_lies_on_anything_else(drawings, name):
    drawing = drawings[name]
    found = boxes(drawing)
    assert len(found) > 2
    for one, other in combinations(found, 2):
        assert apart(one, other)
    for mark in found:
        left, top, right, bottom = bounds(mark)
        assert 0 <= left <= right <= drawing.width and 0 <= top <= bottom <= drawing.height
    for line in (m for m in drawing.marks if isinstance(m, Line) and len(m.points) > 2):
        for start, end in pairwise(line.points):
            assert start[0] == end[0] or start[1] == end[1]
            assert not any(crosses(start, end, m) for m in found)


@pytest.mark.parametrize("name", NETS)
def test_every_wire_connects_boxes(drawings, name):
    found = boxes(drawings[name])
    lines = [m for m in drawings[name].marks if isinstance(m, Line)]
    ends = {p for line in lines for p in (line.points[0], line.points[-1])}
    for line in lines:
        first, last = line.points[0], line.points[-1]
        # a wire from band to band is several lines, which meet
        others = [m for m in lines if m is not line]
        assert any(touches(first, m) for m in found) or any(
            first in (m.points[0], m.points[-1]) for m in others
        )
        if line.arrow:
            assert any(touches(last, m) for m in found)
    assert ends


def test_wires_of_two_tensors_don_t_lie_on_each_other(drawings):
    lines = [m for m in drawings["hourglass"].marks if isinstance(m, Line)]
    segments = [(k, s, e) for k, m in enumerate(lines) for s, e in pairwise(m.points)]
    starts = {k: m.points[0] for k, m in enumerate(lines)}
    for (k, a, b), (j, c, d) in combinations(segments, 2):
        if a[0] == b[0] == c[0] == d[0] and starts[k] != starts[j]:
            low, high = max(min(a[1], b[1]), min(c[1], d[1])), min(max(a[1], b[1]), max(c[1], d[1]))
            assert high - low < 1e-6


def crossings(drawing):
    """How often a wire that goes across meets one that goes up or down, ends aside."""
    lines = [m.points for m in drawing.marks if isinstance(m, Line)]
    count = 0
    for one, other in combinations(lines, 2):
        for (a, b), (c, d) in ((s, t) for s in pairwise(one) for t in pairwise(other)):
            level, upright = ((a, b), (c, d)) if a[1] == b[1] else ((c, d), (a, b))
            x, y = upright[0][0], level[0][1]
            inside = sorted((level[0][0], level[1][0]))
            count += (
                upright[0][0] == upright[1][0]
                and inside[0] < x < inside[1]
                and min(upright[0][1], upright[1][1]) < y < max(upright[0][1], upright[1][1])
            )
    return count


def test_few_wires_cross(drawings):
    found = {name: crossings(drawings[name]) for name in ("lenet", "residual", "gru", "factorise")}
    assert found == {"lenet": 0, "residual": 0, "gru": 0, "factorise": 0}


@pytest.mark.parametrize("name", ["dense", "factorise", "two"])
def test_arrows_at_one_box_are_apart(drawings, name):
    tips = [m.points[-1] for m in drawings[name].marks if isinstance(m, Line) and m.arrow]
    for (x, y), (x2, y2) in combinations(sorted(set(tips)), 2):
        assert x != x2 or abs(y - y2) > 0.7


def labels(drawing):
    return [m.text for m in drawing.marks if isinstance(m, Label)]


def test_extents_are_those_of_a_sample(drawings):
    found = labels(drawings["lenet"])
    for text in (r"1 \times 8 \times 8", r"6 \times 4 \times 4", "64", r"y^{(1)}"):
        assert text in found
    assert "conv2d, tanh" in found and "W^{(1)}, b^{(1)}" in found
    assert not any("N" in text for text in found)


def test_several_losses_stand_for_themselves(drawings):
    drawing = drawings["heads"]
    assert {"E_{1}", "E_{2}", "E"} <= set(labels(drawing))
    assert [b.kind for b in boxes(drawing)].count("objective") == 3
    assert "E_1 → E; E_2 → E" in drawing.alternative


def test_one_layer_s_parameter_is_told_at_both(drawings):
    assert {r"W^{(p)}, b^{(p)}", r"b^{(p)}, W^{(q)}"} <= set(labels(drawings["two"]))


def test_layers_that_are_alike_are_one_box():
    net = chain(*(dense(16, activation="relu") for _ in range(14)), dense(3), x=20)
    found = labels(diagrams.network(*read(net)))
    assert r"\times 13" in found and r"W^{(2)}, \dots, W^{(14)}" in found
    assert found.count("dense, relu") == 2


def test_a_deep_net_fits_a_page(drawings):
    drawing = drawings["deep"]
    assert len(boxes(drawing)) == 35
    assert drawing.width < 75 and drawing.height < 1.3 * drawing.width


def test_small_nets_are_drawn_unit_by_unit(drawings):
    drawing = drawings["small"]
    circles = [m for m in drawing.marks if isinstance(m, Circle)]
    assert [c.kind for c in circles].count("layer") == 5
    weights = [m for m in drawing.marks if isinstance(m, Line) and m.kind == "weight"]
    assert len(weights) == 4 * 3 + 3 * 2
    assert {"x_{3}", "y^{(1)}_{2}", "z^{(2)}_{1}"} <= set(labels(drawing))
    joined = diagrams.network(*read(chain(dense(3), dense(2), x=4, merge_bias=True)))
    assert len([m for m in joined.marks if isinstance(m, Circle)]) == 4 + 3 + 2 + 1


@pytest.mark.parametrize(
    "layers",
    [
        [dense(9), dense(2)],
        [dense(3), {"type": "layer_norm"}, dense(2)],
        [dense(3, name="a"), dense(3, name="b"), {"type": "add", "inputs": ["a", "b"]}, dense(2)],
    ],
)
def test_what_isn_t_a_small_chain_is_drawn_layer_by_layer(layers):
    drawing = diagrams.network(*read(chain(*layers, x=4)))
    assert "dense" in labels(drawing)
    assert not any(isinstance(m, Circle) for m in drawing.marks)


def test_too_many_equations_are_not_drawn():
    text = "".join(f"a{k + 1} = a{k}*w\n" for k in range(14))
    system = parse(f"{text}E = a14**2", parameters=["w"], inputs=["a0"], objective="E")
    derivation = differentiate(system)
    assert diagrams.network(derivation, Names(derivation)) is None


# ---- the other drawings --------------------------------------------------------------------------


@pytest.mark.parametrize("direction", [-1, 1])
def test_a_recurrence_is_unfolded(direction):
    drawing = recurrence(direction)
    assert {"h_{t-1}", "h_{t}", "h_{t+1}", "x_{t}", "y_{t+1}"} <= set(labels(drawing))
    level = [
        m.points for m in drawing.marks if isinstance(m, Line) and m.points[0][1] == m.points[1][1]
    ]
    assert len(level) == 4
    assert all((end[0] - start[0]) * -direction > 0 for start, end in level)
    assert drawing.alternative.startswith("h[t-1] → h[t]" if direction < 0 else "h[t+1] → h[t]")


def test_what_isn_t_a_recurrence_isn_t_unfolded():
    assert diagrams.unfolded(*read(NETS["small"])) is None


def test_descent_is_computed():
    drawing = diagrams.descent()
    steps = [m for m in drawing.marks if isinstance(m, Line) and m.kind == "objective" and m.arrow]
    lengths = [line.points[1][0] - line.points[0][0] for line in steps]
    # E = (w - 1)^2/2: each step is 1 - eta of the one before
    assert len(lengths) == 3
    assert lengths[1] / lengths[0] == pytest.approx(0.55) == lengths[2] / lengths[1]
    (curve,) = [m.points for m in drawing.marks if isinstance(m, Line) and m.kind == "curve"]
    for dot in (m for m in drawing.marks if isinstance(m, Dot)):
        left, right = next((a, b) for a, b in pairwise(curve) if a[0] <= dot.x <= b[0])
        part = (dot.x - left[0]) / (right[0] - left[0])
        assert dot.y == pytest.approx(left[1] + part * (right[1] - left[1]), abs=0.05)


# ---- labels --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("latex", "told"),
    [
        (r"W^{(1)}_{ij}", "W^(1)_ij"),
        (r"6 \times 14", "6 × 14"),
        (r"\mathrm{max\_pool2d}^{(2)}", "max_pool2d^(2)"),
        (r"\delta^{(\mathrm{a})}", "δ^(a)"),
        (r"\Lambda\lambda\varepsilon", "Λλε"),
        (r"\hat{y}_{t-1}", "y\u0302_t−1"),
        (r"\frac{\partial E}{\partial w}", "∂E/∂w"),
        (r"\lvert a\rvert", "|a|"),
        (r"\nosuchcommand{x}", "nosuchcommandx"),
        ("a_", "a"),
    ],
)
def test_labels_are_told_in_characters(latex, told):
    assert plain(latex) == told


def test_letters_are_slanted_and_words_are_not():
    assert [(p.text, p.slanted) for p in pieces(r"x\mathrm{ab}2")] == [("x", True), ("ab2", False)]


# ---- printers ------------------------------------------------------------------------------------


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
@needs_tex
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
