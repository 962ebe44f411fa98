"""`chainrule explain`: one gradient's steps, in lines that a terminal has room for."""

import re
import unicodedata
from itertools import pairwise
from pathlib import Path

import pytest

from codegen.cli import main
from codegen.documents.explain import COLUMNS, _broken, explain
from codegen.latex.unicode_text import plain
from derive import ChainruleError, differentiate, load

pytestmark = pytest.mark.sampled

SPECS = sorted(Path("generated").glob("*/*.toml"))
GENDER = "generated/gender/gender.toml"


def columns(line):
    """Cells of a terminal: a Chinese character takes two, an accent none."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in line
    )


def by_name(spec):
    """A spec under its name; what takes twenty seconds is left to the second tier."""
    slow = [pytest.mark.slow] * (spec.stem == "transformer_text")
    return pytest.param(spec, id=spec.stem, marks=slow)


@pytest.mark.parametrize("spec", [by_name(s) for s in SPECS])
def test_no_line_is_longer_than_a_terminal(spec):
    derivation = differentiate(load(spec))
    names = [n for n in derivation.wrt if derivation.table[n].role == "parameter"]
    if spec.stem in ("lstm_text", "resnet"):
        names = names[::6]  # each takes its time, and they are alike
    for k, name in enumerate(names):
        lang, detail = ("en", "steps") if k % 2 else ("zh", "full")
        text = explain(derivation, name, lang, detail)
        long = [x for x in text.splitlines() if columns(x) > COLUMNS]
        assert not long
        assert "\\" not in text and "$" not in text
        assert "(1)" in text


def test_a_derivation_is_told_from_the_forward_pass_to_the_gradient():
    text = explain(differentiate(load(GENDER)), "W1")
    for part in (
        "Σ_j W⁽¹⁾_ij x_j + b⁽¹⁾_i",
        "dE = ",
        "δ⁽¹⁾_i = ",
        "∂E/∂W⁽¹⁾_ij = δ⁽¹⁾_i ∂z⁽¹⁾_i/∂W⁽¹⁾_ij = δ⁽¹⁾_i x_j",
    ):
        assert part in text, part
    assert "∂E/∂b⁽¹⁾_i = " not in text
    assert explain(differentiate(load(GENDER)), "dW1") == text


def test_a_line_ends_where_the_formula_is_least_deep():
    """Before a sign outside of parentheses; a sum's sign and what it sums are one line."""
    text = explain(differentiate(load("generated/lenet/lenet.toml")), "W4", detail="full")
    formulas = [x for x in text.splitlines() if x.startswith("    ")]
    ends = [a for a, b in pairwise(formulas) if b.startswith("        ") and b.strip()[0] != "("]
    assert ends and not any(re.search(r"(^| )[ΣΠ]\S*$|[=+−]$", x) for x in ends)
    long = f"dE = Σ_i (Σ_t {'a_t b_ti ' * 4}+ c_i) dx_i + Σ_i (Σ_t {'a_t b_ti ' * 4}+ c_i) dy_i"
    assert [*_broken(long)] == [
        f"    dE = Σ_i (Σ_t {'a_t b_ti ' * 4}+ c_i) dx_i",
        f"        + Σ_i (Σ_t {'a_t b_ti ' * 4}+ c_i) dy_i",
    ]


def test_a_derivative_that_was_written_into_another_is_told():
    derivation = differentiate(load(GENDER))
    assert "dy2" not in {e.tensor for e in derivation.backward}
    text = explain(derivation, "y2")
    assert text.rstrip().splitlines()[-1].split("  (")[0].strip() == "∂E/∂y⁽²⁾_i = y⁽²⁾_i − t_i"
    assert "∂E/∂y⁽²⁾" in explain(derivation, "y2", detail="result")
    below = explain(derivation, "y1")
    assert below.index("Error term of z⁽²⁾") < below.index("with respect to y⁽¹⁾")
    assert below.count("∂E/∂y⁽¹⁾_i =") == 1


def test_an_unknown_name_is_told_with_the_likely_cure(capsys):
    with pytest.raises(ChainruleError, match="did you mean 'W1'"):
        explain(differentiate(load(GENDER)), "w1")
    assert main(["explain", GENDER, "w1"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1 and "W1" in err
    assert main(["explain", GENDER, "t"]) == 2
    assert "the objective does not depend on it" in capsys.readouterr().err


@pytest.mark.parametrize("option", [("--lang", "fr"), ("--detail", "step")])
def test_a_choice_that_isn_t_offered(option, capsys):
    assert main(["explain", GENDER, "W1", *option]) == 2
    assert "known: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("latex", "wanted"),
    [
        (
            r"\delta^{(2)}_{i} = y^{(2)}_{i}\,\bigl(1 - y^{(2)}_{i}\bigr)",
            "δ⁽²⁾_i = y⁽²⁾_i (1 − y⁽²⁾_i)",
        ),
        (r"\frac{\partial E}{\partial W_{ij}}", "∂E/∂W_ij"),
        (r"\frac{1}{2}\sum_{i} (y_{i} - t_{i})^{2}", "1/2 Σ_i (y_i − t_i)²"),
        (r"\frac{a + b}{c}", "(a + b)/c"),
        (r"\sqrt{x}", "√x"),
        (r"x \leftarrow x - \eta\,g", "x ← x − η g"),
        (r"\hat{y}_{n,t-1}", "y\u0302_{n,t−1}"),
        (r"h \mathrel{+}= a", "h += a"),
        (r"\bigl(W^{(1)}\bigr)^{\top}", "(W⁽¹⁾)ᵀ"),
        (r"\begin{pmatrix} 1 & -1 \\ 0.3 & -0.4 \end{pmatrix}", "[1, −1; 0.3, −0.4]"),
        (
            r"\begin{cases} \frac{s}{2} & u \le t \\ -\infty & \text{otherwise} \end{cases}",
            "{s/2, u ≤ t; −∞, otherwise}",
        ),
        (r"\lfloor u/4\rfloor - \lfloor -u\rfloor \cdot 2", "⌊u/4⌋ − ⌊−u⌋ · 2"),
        (r"\bigl\lVert y - t\bigr\rVert^{2} - 1", "‖y − t‖² − 1"),
        (r"E = -\sum_{i} a_{i} \cdot (-b - c)", "E = −Σ_i a_i · (−b − c)"),
    ],
)
def test_typical_formulas(latex, wanted):
    assert plain(latex) == wanted
