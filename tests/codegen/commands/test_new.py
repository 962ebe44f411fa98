"""`new`: each spec derives, emits and trains as it stands; a table's fits the table."""

import subprocess
import sys

import chainrule as cr
import numpy as np
import pytest

from codegen.commands.new import KINDS
from codegen.python_module.estimator.source.columns import _survey
from tests.codegen.commands.running import refused

RNG = np.random.default_rng(0)
DATA = {
    "mlp": (RNG.normal(size=(6, 4)), list("aababb")),
    "cnn": (RNG.normal(size=(4, 1, 8, 8)), [0, 3, 9, 3]),
    "lstm": (RNG.normal(size=(4, 5, 3)), RNG.normal(size=(4, 1))),
    "transformer": (RNG.integers(0, 100, (2, 7)), RNG.integers(0, 100, (2, 7))),
    "objective": (),
    "layer": (RNG.normal(size=(6, 2)), RNG.normal(size=(6, 1))),
    "loss": (RNG.normal(size=(6, 2)), RNG.normal(size=(6, 1))),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_trains_as_it_stands(kind, run, tmp_path):
    path = tmp_path / "mine.toml"
    assert run("new", kind, "-o", path) == (0, "", "")
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# mine.toml: ") and text.count("#") >= 4
    assert run("new", kind)[1] == text.replace("mine", kind)
    module = cr.load_module(cr.emit(cr.differentiate(cr.load(path))))
    losses = module.Model(epochs=15).fit(*DATA[kind]).history_["loss"]
    assert losses[-1] < losses[0]


PEOPLE = """id;age;city;name;born;plan;income
1;31;Bonn;A A;1990-01-01;basic;1200,5
2;42;Köln;B B;1980-01-01;pro;2300,25
3;NA;Köln;C C;1970-01-01;team;1800
4;55;Ulm;D D;1960-01-01;basic;2100
"""


@pytest.mark.parametrize(
    ("target", "features", "units", "loss"),
    [
        ("plan", 5, 3, "softmax_cross_entropy"),
        ("income", 7, 1, "squared_error"),
        ("city", 5, 3, "softmax_cross_entropy"),
        ("age", 7, 3, "softmax_cross_entropy"),
    ],
)
def test_a_spec_fits_its_table(target, features, units, loss, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "people.csv").write_text(PEOPLE)
    ask = ["new", "mlp", "--data", "people.csv", "--target", target, "-o", "net.toml"]
    assert run(*ask) == (0, "", "")
    text = (tmp_path / "net.toml").read_text(encoding="utf-8")
    assert f"inputs = {{ x = [{features}] }}" in text
    assert f"units = {units} #" in text and f'type = "{loss}"' in text
    assert "# id is left out: it counts the rows." in text
    assert "# name is left out: every row has a text of its own." in text
    assert "# born is left out: dates." in text
    assert "# Entries are missing: age. Train with --missing mean, or drop." in text
    commands = [s[4:].split() for s in text.splitlines() if s.startswith("#   ")]
    assert [c[:2] for c in commands[:2]] == [["chainrule", "derive"], ["chainrule", "emit"]]
    assert run(*commands[1][1:]) == (0, "", "")
    for command in commands[2:]:
        done = subprocess.run([sys.executable, *command[1:]], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr


def test_two_texts_are_one_score(run, tmp_path):
    (tmp_path / "p.csv").write_text("x,sex\n1,M\n2,F\n3,M\n")
    _, text, _ = run("new", "mlp", "--data", tmp_path / "p.csv", "--target", "sex")
    assert "units = 1 # above 0: M, below: F" in text
    assert 'type = "binary_cross_entropy_with_logits"' in text


def test_text_of_a_table_stays_in_comments(run, tmp_path):
    strange = 'a"\x1b\x01#[[layers]]'
    (tmp_path / "p.csv").write_text(f"{strange},sex\n1,M\n2,F\n3,M\n".replace('"', '""'))
    _, text, _ = run("new", "mlp", "--data", tmp_path / "p.csv", "--target", "sex")
    cr.loads(text)
    assert "\x1b" not in text and "\x01" not in text


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["mpl"], "new: 'mpl' is no kind; did you mean 'mlp'?"),
        (["mlp", "--data", "p.csv"], "--data and --target go together"),
        (["cnn", "--data", "p.csv", "--target", "y"], "--data is for mlp"),
        (
            ["mlp", "--data", "p.csv", "--target", "yy"],
            "there is no column 'yy'; did you mean 'y'?",
        ),
        (["mlp", "--data", "none.csv", "--target", "y"], "none.csv: there is no such"),
        (["mlp", "--data", "p.csv", "--target", "c"], "column 'c' has one value only"),
        (["mlp", "-o", "p.csv"], "p.csv: this is there already"),
        (["mlp", "-o", "no/p.toml"], "there is no such folder"),
    ],
)
def test_refusals(arguments, told, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.csv").write_text("x,y,c\n1,2,0\n2,3,0\n")
    assert told in refused(run("new", *arguments))
    assert (tmp_path / "p.csv").read_text() == "x,y,c\n1,2,0\n2,3,0\n"


def test_what_a_column_is_said_to_hold(tmp_path):
    (tmp_path / "p.csv").write_text("a,b\n" + "".join(f"n{k},{k % 3}\n" for k in range(30)))
    seen = _survey(str(tmp_path / "p.csv"))
    assert seen["a"]["many"] and not seen["a"]["numbers"]
    assert seen["b"]["texts"] == {"0", "1", "2"} and seen["b"]["entries"] == 30
