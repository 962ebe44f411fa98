"""Drawings of networks: boxes lie apart, every wire ends at one, and what the labels say."""

from itertools import combinations, pairwise

import pytest

from codegen.documents.drawings import diagrams
from codegen.documents.drawings.marks import Circle, Line
from codegen.latex.symbols import Names
from derive import differentiate, parse
from tests.codegen.documents.drawings.nets import NETS, boxes, chain, dense, labels, read

pytestmark = pytest.mark.sampled


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


def test_extents_are_those_of_a_sample(drawings):
    found = labels(drawings["lenet"])
    for text in (r"1 \times 8 \times 8", r"6 \times 4 \times 4", "64", r"y^{(1)}"):
        assert text in found
    assert "conv2d, tanh" in found and "W^{(1)}, b^{(1)}" in found
    assert not any("N" in text for text in found)


def test_several_losses_are_boxes_of_their_own(drawings):
    drawing = drawings["heads"]
    assert {"E_{1}", "E_{2}", "E"} <= set(labels(drawing))
    assert [b.kind for b in boxes(drawing)].count("objective") == 3
    assert "E_1 → E; E_2 → E" in drawing.alternative


def test_a_shared_parameter_is_labelled_at_both_layers(drawings):
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
