"""Anybody's text for LaTeX keeps its meaning where a letter isn't there."""

import pytest

from codegen.latex.escape import tex_text

TEXTS = {
    "10² m³": r"10\textsuperscript{2} m\textsuperscript{3}",
    "xⁿ⁻¹": r"x\textsuperscript{n}U+207B\textsuperscript{1}",
    "x₃ = a₁": r"x\textsubscript{3} = a\textsubscript{1}",
    "½ ¾ ⅓": "1/2 3/4 1/3",
    "ﬁne ﬂow": "fine flow",
    "ħ ſ Ŀ": "h s L",
    "Ⅳ ①": "IV 1",
    "K": "K",
    "５０％": r"50\%",
    "😀": "U+1F600",
    "50 % of $5 & #1_a": r"50 \% of \$5 \& \#1\_a",
}


@pytest.mark.parametrize("text", TEXTS)
def test_text_keeps_its_meaning(text: str) -> None:
    assert tex_text(text) == TEXTS[text]
