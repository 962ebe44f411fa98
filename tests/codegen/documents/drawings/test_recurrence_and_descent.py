"""A recurrence unfolded over three steps, and the drawing of gradient descent."""

from itertools import pairwise

import pytest

from codegen.documents.drawings import diagrams
from codegen.documents.drawings.marks import Dot, Line
from tests.codegen.documents.drawings.nets import NETS, labels, read, recurrence

pytestmark = pytest.mark.sampled


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


def test_a_net_without_a_recurrence_is_not_unfolded():
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
