"""`layers`: the whole catalogue, and the gradients of each entry."""

import json
import re

import pytest

from derive.catalogue import entries


def without_an_equation(entry, shown):
    """The values by which something is differentiated on the way, and that no equation gives."""
    lines = re.sub(r"\n {6}", " ", shown).splitlines()  # long equations on one line again
    given = {*entry.inputs, *(p.name for p in entry.parameters), entry.output}
    given |= {m.group(1) for x in lines if (m := re.match(r"  (?:where )?(\w+)(\[.*?\])? =", x))}
    right = " ".join(x.split(" = ", 1)[-1] for x in lines)
    return {n for n in re.findall(r"\bd(\w+)\[", right) if f"d{n}" in given} - given


def test_layers_lists_the_whole_catalogue(run):
    code, page, err = run("layers")
    assert (code, err) == (0, "")
    for entry in entries():
        assert f"  {entry.name} " in page


@pytest.mark.sampled
@pytest.mark.parametrize("entry", [pytest.param(e, id=e.name) for e in entries()])
def test_an_entry_is_shown_with_all_that_is_known_of_it(run, entry):
    code, shown, err = run("layers", entry.name)
    assert (code, err) == (0, "")
    assert shown.startswith(f"{entry.name}: ")
    assert max(map(len, shown.splitlines())) <= 80
    differentiable = entry.kind in ("layer", "activation", "loss") and entry.equations
    assert ("derived just now" in shown) == bool(differentiable)
    if differentiable:
        assert without_an_equation(entry, shown) == set()
    if entry.row.source:
        assert "\nsource\n" in shown
    if entry.kink:
        assert "\nat a kink\n" in shown


def test_an_entry_shows_its_derived_gradients(run):
    _, dense, _ = run("layers", "dense")
    assert "  dW[i,j] = sum(n, dz[n,i]*x[n,j])\n" in dense
    assert "  db[i] = sum(n, dz[n,i])\n" in dense
    _, tanh, _ = run("layers", "tanh")
    assert "  dx[n,i] = dy[n,i]*(1 - y[n,i]**2)\n" in tanh
    _, loss, _ = run("layers", "softmax_cross_entropy")
    assert "  dy[n,i] = " in loss


def test_an_entry_is_found_by_its_name_elsewhere(run):
    for word, name in (("linear", "dense"), ("BatchNorm2d", "batch_norm2d"), ("L1Loss", "mae")):
        code, shown, err = run("layers", word)
        assert (code, err) == (0, "")
        assert shown.startswith(f"{word} is {name} here\n\n{name}: ")


def test_groups_and_words_to_look_for(run):
    from derive.catalogue import entries

    losses = {e.name for e in entries() if e.kind == "loss"}
    listed = {line.split()[0] for line in run("layers", "losses")[1].splitlines()[1:-2]}
    assert listed == losses
    _, shown, _ = run("layers", "recurrent")
    assert {"rnn", "gru"} <= set(re.findall(r"^  (\w+) ", shown, re.MULTILINE))
    assert "dense " not in shown
    code, out, err = run("layers", "zzz")
    assert (code, out) == (2, "") and "'zzz' is not in the catalogue" in err


def test_sentences_are_whole_in_a_pipe(run):
    from derive.catalogue import describe

    assert describe("conv_transpose2d").about in run("layers")[1]
    assert " ..." not in run("layers")[1]


def test_json_of_the_catalogue(run):
    from derive.catalogue import entries

    told = json.loads(run("layers", "--json")[1])
    assert [row["name"] for row in told] == [e.name for e in entries()]
    (dense,) = json.loads(run("layers", "dense", "--json")[1])
    units = dense["attributes"][0]
    assert (units["name"], units["required"], units["default"]) == ("units", True, None)
    assert dense["equations"][0]["text"].startswith("z[n,...,i] = sum(j, W[i,j]*x[n,...,j])")
