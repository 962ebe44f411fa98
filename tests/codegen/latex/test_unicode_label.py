"""LaTeX labels as plain characters: letters slanted, words upright."""

import pytest

from codegen.latex.unicode_label import pieces
from codegen.latex.unicode_text import plain

pytestmark = pytest.mark.sampled


@pytest.mark.parametrize(
    ("latex", "told"),
    [
        (r"W^{(1)}_{ij}", "W⁽¹⁾_ij"),
        (r"6 \times 14", "6 × 14"),
        (r"\mathrm{max\_pool2d}^{(2)}", "max_pool2d⁽²⁾"),
        (r"\delta^{(\mathrm{a})}", "δ^(a)"),
        (r"\Lambda\lambda\varepsilon", "Λλε"),
        (r"\hat{y}_{t-1}", "y\u0302_{t−1}"),
        (r"\frac{\partial E}{\partial w}", "∂E/∂w"),
        (r"\lvert a\rvert", "|a|"),
        (r"\nosuchcommand{x}", "nosuchcommandx"),
    ],
)
def test_a_label_as_plain_characters(latex, told):
    assert plain(latex) == told


def test_letters_are_slanted_and_words_are_not():
    assert [(p.text, p.slanted) for p in pieces(r"x\mathrm{ab}2")] == [("x", True), ("ab2", False)]
