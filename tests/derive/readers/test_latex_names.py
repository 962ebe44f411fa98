"""Names in LaTeX: what is guessed, what the writer says, shapes that tell a sample from a batch."""

import pytest

from derive import ChainruleError
from derive.answers.check_text import check_formulas
from derive.readers.latex import read_latex_of
from tests.derive.readers.latex_models import model, same, told, words

pytestmark = pytest.mark.sampled


# ---- names ---------------------------------------------------------------------------------------


def test_what_is_guessed_is_told():
    latex = r"\delta^{(2)}_{ni} = \frac{1}{N} (\hat{y}_{ni} - t_{ni}) f'(z^{(2)}_{ni})"
    _, names = told("gender", latex)
    assert names == {r"\delta^{(2)}": "dz2", r"\hat{y}": "y2", "f": "sigmoid"}


@pytest.mark.parametrize("key", ["q", "q2", r"q^{(2)}"])
def test_mapping_wins(key):
    latex = r"\frac{\partial E}{\partial b^{(2)}_i} = \sum_n q^{(2)}_{ni}"
    tensor = "dz" if key == "q" else "dz2"
    found, names = told("gender", latex, {key: tensor})
    assert found == same("db2[i] = sum(n, dz2[n,i])")
    assert names == {"q^{(2)}": "dz2"}
    with pytest.raises(ChainruleError, match="no tensor of the model"):
        told("gender", latex)


GIVEN = [
    (r"\delta^{(2)}_i = (\sigma_i - t_i) \sigma_i (1 - \sigma_i)", {"\\sigma": "y2"}),
    (r"\delta^{(2)} = (\sigma - t) \odot \sigma \odot (1 - \sigma)", {"sigma": "y2"}),
    (r"N^{(1)}_i = \sum_j m_{ij} x_j + b^{(1)}_i", {"N^{(1)}": "z1", "m": "W1"}),
    (r"e_i = (y_i - t_i) y_i (1 - y_i)", {"e": "dz2"}),
    (r"E = \frac12 \sum_i (a_i - y_i)^2", {"y": "y2", "a": "t"}),
    (r"I = W^{(1)} x + b^{(1)}", {"I": "z1"}),
    (r"f = W^{(1)} x + b^{(1)}", {"f": "z1"}),
    (r"y^{(1)} = \sigma(f)", {"f": "z1"}),
    (r"h_i = \sigma(f_i)", {"f": "z1", "h": "y1"}),
    (r"\pi_i = \sum_j W^{(2)}_{ij} y^{(1)}_j + b^{(2)}_i", {"pi": "z2"}),
    (r"m = \frac12 \sum_i (y_i - t_i)^2", {"m": "E"}),
]


@pytest.mark.parametrize(("latex", "names"), GIVEN, ids=[g[0][:40] for g in GIVEN])
def test_what_the_writer_says_wins_over_every_guess(latex, names):
    found, _ = told("gender alone", latex, names)
    rows = list(check_formulas(model("gender alone"), "\n".join(found), 0))
    assert rows
    assert {r.verdict for r in rows} <= {"equal", "equal at points"}, rows


def test_y_is_the_target_where_the_output_has_another_name():
    assert told("gender alone", r"E = \frac12 \sum_i (a^{(2)}_i - y_i)^2")[0] == same(
        "E = 1/2*sum(i, (y2[i] - t[i])**2)"
    )
    assert told("gender alone", r"E = \frac12 \sum_i (y_i - t_i)^2")[0] == same(
        "E = 1/2*sum(i, (y2[i] - t[i])**2)"
    )


def test_own_intermediate_keeps_clear_of_the_model_s_names():
    found, names = told("gender", r"q_{ni} = y_{ni} - t_{ni} \\ \beta^{(3)}_{ni} = q_{ni}")
    assert found == same("q[n,i] = y2[n,i] - t[n,i]", "beta3[n,i] = q[n,i]")
    assert names == {"y": "y2"}


def test_letters_and_shapes_tell_one_sample_from_a_batch():
    both = words("gender"), words("gender alone")
    for latex, batch in [
        (r"b^{(1)} \leftarrow b^{(1)} - \eta \delta^{(1)}", False),
        (r"\delta^{(2)}_i = y_i - t_i", False),
        (r"\delta^{(2)}_{ni} = (y_{ni} - t_{ni})/N", True),
        (r"\frac{\partial E}{\partial W^{(2)}} = (\delta^{(2)})^\top y^{(1)}", True),
        (r"\frac{\partial E}{\partial W^{(2)}} = \delta^{(2)} (y^{(1)})^\top", False),
        (r"z^{(1)} = x (W^{(1)})^\top + \mathbf{1} (b^{(1)})^\top", True),
    ]:
        _, reading = read_latex_of(latex, both)
        assert reading.sample is not batch, latex
    with pytest.raises(ChainruleError, match="'q' is no tensor"):
        read_latex_of("y_{ni} = q_{ni}", both)
