"""Long formulas are broken into lines: where, and that nothing is lost."""

import pytest

from codegen.latex.box import PLUS, TIMES, flat
from codegen.latex.formula import Formula
from codegen.latex.line_breaking import split, width

pytestmark = pytest.mark.sampled


def test_broken_lines_joined_are_the_formula():
    long = PLUS.join([r"\alpha_{i}", *([rf" + \beta_{{i}}{TIMES}\,(x{PLUS} - y)"] * 12)])
    lines = split(long, 20, 18)
    assert len(lines) > 3
    assert "".join(lines).replace(" ", "") == flat(long).replace(" ", "")
    assert width(lines[0]) <= 20 and all(width(x) <= 18 for x in lines[1:])


def test_each_summand_begins_a_line_where_all_are_long():
    inside = TIMES.join(["(a_{i}", *[r"\,b_{j}"] * 9, rf"{PLUS} - c)"])
    text = PLUS.join(rf"{sign}\sum_{{i}} {inside}{TIMES}\,d" for sign in ("", " + ", " + "))
    for room in (12, 14):
        lines = split(text, room, room - 1)
        assert len(lines) >= 6 and all(width(x) <= room for x in lines)
        assert [x.startswith(r"+ \sum") for x in lines].count(True) == 2
        assert not any(r"+ \sum" in x[1:] for x in lines)


def test_a_line_is_broken_before_a_long_factor():
    text = "a" + TIMES + r"\,(" + PLUS.join(["b", *[" + c"] * 20]) + ")" + TIMES + r"\,d"
    lines = split(text, 15, 12)
    assert lines[0].startswith(r"a\,(b + c")
    assert all("\\," not in x[:2] for x in lines)
    assert Formula("x", (text,)).latex() == f"x = {flat(text)}"
