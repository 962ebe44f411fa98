"""Right formulas in unusual forms, and wrong ones with one human mistake each, over 13 models.

The formulas are data, in `tests/corpora/formulas/`. That the right ones are right and the wrong
ones are wrong is found there by an evaluator that shares nothing with the engine; it works out
every counterexample once more, too.
"""

from collections import Counter
from functools import cache

import numpy as np
import pytest

from derive import ChainruleError, differentiate
from derive.answers.check_text import check_formulas
from derive.specs.load import loads
from derive.systems.train_or_infer import in_mode
from tests.corpora.formulas.corpus import MODELS, SLIPS, judged_name, read, together

pytestmark = pytest.mark.sampled

ACCEPTED = ("identical", "equal", "equal at points")
REJECTED = ("different", "equal if")
ENOUGH = 0.9
LONG = ("layer_norm", "lstm")  # they take 5 to 20 s each
EACH = [pytest.param(n, marks=[pytest.mark.slow] * (n in LONG)) for n in MODELS]


def judged(name, text):
    """The verdicts on a text's formulas, by tensor. All that these tests ask of the check."""
    rows = check_formulas(derived(name), text, 0)
    return {row.name: row for row in rows if row.check == "formula"}


def slips_of(row):
    """The names of the likely mistakes, the likeliest first; None where none were looked for."""
    return row.data.get("slips")


def example_of(row):
    """A counterexample: the place, what is written there, what is right, and all given numbers."""
    example = row.data["counterexample"]
    return tuple(example["at"]), example["written"], example["derived"], example["values"]


@cache
def derived(name):
    return differentiate(in_mode(loads(read(name).spec), training=True))


@cache
def verdicts(name):
    """What is told of each wrong formula of a model; of one that doesn't fit, perhaps a refusal."""
    wrong = read(name).wrong
    found = {}
    for texts in together([w.text for w in wrong if w.fits]):
        rows = judged(name, "\n".join(texts))
        found.update((text, rows[judged_name(text)]) for text in texts)
    for one in wrong:
        if not one.fits:
            try:
                found[one.text] = judged(name, one.text)[judged_name(one.text)]
            except ChainruleError as refused:
                found[one.text] = refused
    return [(one, found[one.text]) for one in wrong]


def differs(assignment, text):
    """The largest relative difference between a formula and the right value."""
    name, formula = assignment.written(text)
    places = np.ndindex(*assignment.shape(name))
    pairs = [(assignment.value(name, place), formula(place)) for place in places]
    return max(abs(a - b) / max(abs(a), 1e-3) for a, b in pairs)


def test_there_are_enough_of_each():
    models = [read(name) for name in MODELS]
    assert len(models) >= 12
    assert all(len(m.right) >= 10 and len(m.wrong) >= 10 for m in models)
    assert sum(len(m.right) for m in models) >= 125
    assert sum(len(m.wrong) for m in models) >= 125
    counts = Counter(w.slip for m in models for w in m.wrong)
    assert set(counts) == set(SLIPS)
    assert min(counts.values()) >= 10
    assert sum(bool(w.also) for m in models for w in m.wrong) <= 5


@pytest.mark.parametrize("name", MODELS)
def test_the_formulas_are_what_they_say(name):
    model = read(name)
    assignment = model.random_assignment(2, 2)
    assert [text for text in model.right if differs(assignment, text) > 1e-9] == []
    assert [w.text for w in model.wrong if w.fits and differs(assignment, w.text) < 1e-4] == []


@pytest.mark.parametrize("name", EACH)
def test_right_ones_are_accepted(name):
    found = {}
    for texts in together(read(name).right):
        rows = judged(name, "\n".join(texts))
        assert {judged_name(text) for text in texts} <= set(rows)
        found.update(rows)
        assert {row.name: row.detail for row in rows.values() if row.verdict not in ACCEPTED} == {}
    assert found


@pytest.mark.parametrize("name", EACH)
def test_wrong_ones_are_rejected_with_numbers_that_show_it(name):
    model = read(name)
    for wrong, row in verdicts(name):
        if isinstance(row, ChainruleError):
            assert not wrong.fits
            assert "two extents" in str(row)
            continue
        assert row.verdict in REJECTED, wrong
        if wrong.fits:
            at, written, right, values = example_of(row)
            assignment = model.assignment(values)
            tensor, formula = assignment.written(wrong.text)
            assert right == pytest.approx(assignment.value(tensor, at), rel=1e-6, abs=1e-12), wrong
            assert written == pytest.approx(formula(at), rel=1e-6, abs=1e-12), wrong
            assert written != pytest.approx(right, rel=1e-9, abs=1e-15), wrong


@pytest.mark.slow
def test_nine_of_ten_mistakes_are_named_first():
    told = [(name, wrong, row) for name in MODELS for wrong, row in verdicts(name)]
    told = [t for t in told if not isinstance(t[2], ChainruleError)]
    named = [(name, wrong, slips_of(row)) for name, wrong, row in told]
    misses = [
        f"{name}: {wrong.slip}, but told {', '.join(slips or ['nothing'])}: {wrong.text}"
        for name, wrong, slips in named
        if not slips or slips[0] not in (wrong.slip, *wrong.also)
    ]
    share = 1 - len(misses) / len(named)
    print(f"{share:.1%} of {len(named)} mistakes are named first", *misses, sep="\n")
    assert share >= ENOUGH


@pytest.mark.parametrize(
    "text",
    [
        "s[n,i] = sum(j, W2[i,j]*y1[n,j]) + b2[i]\ndW2[i,j] = sum(n, dz2[n,i]*y1[n,j])",
        "s[n] = sum(k, exp(z2[n,k]))\ndz2[n,i] = (exp(z2[n,i])/s[n] - t[n,i])/size(n)",
        "m[n] = mean(i, z2[n,i])\ne[n,i] = exp(z2[n,i] - m[n])\n"
        "dz2[n,i] = (e[n,i]/sum(k, e[n,k]) - t[n,i])/size(n)",
    ],
)
def test_a_writer_s_own_names_may_be_the_loss_s_too(text):
    rows = judged("classifier", text)
    assert all(row.verdict in (*ACCEPTED, "not checked") for row in rows.values())
    assert rows.keys() & {"dz2", "dW2"}
