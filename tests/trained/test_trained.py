"""What `tests.trained` trains for long learns in a few steps, and writes text place by place.

`python -m tests.trained` compares with PyTorch; here nothing needs it.
"""

import json

import numpy as np
import pytest

from codegen.demo.showcase import FIGURES_OF_TRAINING
from tests.trained import data
from tests.trained.sample import FIRST, written
from tests.trained.trial import module_of

READERS = ("lstm_text", "gru_text", "transformer_text")
RECURRENT = READERS[:2]


@pytest.fixture(scope="module", params=READERS)
def trained(request):
    """A language model after ten steps: its name, its parameters, the losses of a character."""
    module = module_of(request.param)
    params = module.init_params(0)
    state = module.init_state(params)
    x, t = data.pieces(data.TEXT[:8000])
    losses = [
        module.train_step(params, state, x[k : k + 16], t[k : k + 16]) for k in range(0, 160, 16)
    ]
    return request.param, params, losses


def test_a_language_model_learns(trained):
    _, _, losses = trained
    assert abs(losses[0] - np.log(len(data.SYMBOLS))) < 0.6, "it begins near even chances"
    assert losses[-1] < losses[0] - 0.5


def test_it_writes_as_it_reads(trained):
    name, params, _ = trained
    module = module_of(name)
    if name not in RECURRENT:
        assert not hasattr(module, "step") and written(name, params) == ""
        return
    x, _ = data.pieces(data.TEXT[:200])
    state = module.init_step(params, batch=len(x))
    whole = module.forward(params, x)
    for place in range(data.LENGTH):
        y, state = module.step(params, state, x[:, place])
        np.testing.assert_allclose(y, whole[:, place], rtol=1e-12, atol=1e-12)
    text = written(name, params, count=40)
    assert text.startswith(FIRST) and len(text) == len(FIRST) + 40
    assert set(text) <= set(data.SYMBOLS)


def test_no_place_of_a_transformer_sees_what_comes_later():
    module = module_of("transformer_text")
    params = module.init_params(1)
    x, _ = data.pieces(data.TEXT[:200])
    changed = x.copy()
    changed[:, 30:] = 0
    same = module.forward(params, x)[:, :30]
    np.testing.assert_allclose(module.forward(params, changed)[:, :30], same, rtol=1e-12)


def test_a_table_s_holes_are_filled():
    """Better than by the means of the columns, which are 0."""
    table, known = data.ratings()
    module = module_of("factorise")
    params = module.init_params(0)
    state = module.init_state(params)
    for _ in range(150):
        module.train_step(params, state, known, table)
    found = module.forward(params, known)
    missing = known == 0
    spread = np.sqrt(np.mean(table[missing] ** 2))
    assert np.sqrt(np.mean((found - table)[missing] ** 2)) < 0.9 * spread


def test_the_recorded_figures_agree_with_pytorch_s():
    rows = json.loads(FIGURES_OF_TRAINING.read_text(encoding="utf-8"))
    assert {*READERS, "factorise", "lenet"} <= {row["net"] for row in rows}
    for row in rows:
        pairs = list(zip(row["pytorch"], row["module"], strict=True))
        assert len(pairs) == 3, "three seeds"
        assert all(float(b) == pytest.approx(float(a), rel=0.01) for a, b in pairs)
    assert all(min(map(float, r["module"])) < 10 for r in rows if r["net"] in READERS)


def test_the_text():
    assert len(data.TEXT) < 150_000 and len(data.SYMBOLS) == 66
    assert "".join(data.SYMBOLS[k] for k in data.numbers(data.TEXT[:300])) == data.TEXT[:300]
    x, t = data.pieces(data.TEXT[:1000])
    assert np.array_equal(x.ravel()[1:], t.ravel()[:-1])
