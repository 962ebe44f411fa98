"""A table as people have it: separators, texts, dates, counts, and entries that are missing."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.codegen.targets.estimator import stubs
from tests.codegen.targets.estimator.command_line import run

CAPTURE = pytest.CaptureFixture[str]
WEIGHTS = [77.5, 58, 62.25, 80, 82, 55]
HEIGHTS = [182, 161, 165, 185, 190, 166]
SEXES = ["M", "F", "F", "M", "M", "F"]
ROWS = [[w, h, s] for w, h, s in zip(WEIGHTS, HEIGHTS, SEXES, strict=True)]
TRAIN = ["train", "data.csv", "--target", "sex", "--epochs", "3"]


def write(here: Path, header: str, rows: list[list[Any]], separator: str = ",") -> None:
    lines = [header.replace(",", separator)]
    lines += [separator.join(map(str, row)) for row in rows]
    (here / "data.csv").write_text("\n".join(lines) + "\n")


def model(name: str = "sigmoid") -> Any:
    return stubs.module(name).Model.load("model.npz")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators_are_found(separator: str, here: Path, capsys: CAPTURE) -> None:
    write(here, "weight,height,sex", ROWS, separator)
    assert run("sigmoid", *TRAIN, "--quiet") == 0
    assert model().mean_["x"].tolist() == pytest.approx([np.mean(WEIGHTS), np.mean(HEIGHTS)])
    assert capsys.readouterr() == ("", "")


def test_a_decimal_comma_where_no_comma_separates(here: Path) -> None:
    write(here, "weight,height,sex", [[str(w).replace(".", ","), h, s] for w, h, s in ROWS], ";")
    assert run("sigmoid", *TRAIN, "--quiet") == 0
    assert model().mean_["x"][0] == pytest.approx(np.mean(WEIGHTS))


def test_a_decimal_comma_before_an_exponent(here: Path) -> None:
    small = ["1,5e-05", "-2,5e-05", "3e-05", "0,00004", "5", "-6,25E+1"]
    write(here, "weight,height,sex", [[w, *r[1:]] for w, r in zip(small, ROWS, strict=True)], ";")
    assert run("sigmoid", *TRAIN, "--quiet") == 0
    exact = [1.5e-5, -2.5e-5, 3e-5, 4e-5, 5, -62.5]
    assert model().mean_["x"][0] == pytest.approx(np.mean(exact))


def test_what_labels_are_taken_for_fits_a_terminal() -> None:
    module = stubs.module("softmax")
    table = np.diag([50, 40, 1234])
    lines = module._class_lines(["a", "b", "c"], table)
    assert lines[0].endswith("|     a     b     c") and lines[3].endswith("|     0     0  1234")
    lines = module._class_lines(["setosa", "versicolor", "virginica"], table)
    assert lines[0].endswith("|  setosa  versicolo  virginica")
    assert max(map(len, lines)) <= 79
    many = module._class_lines([f"label {k}" for k in range(30)], np.eye(30, dtype=int))
    assert max(map(len, many)) <= 79 and "|" not in many[0]


def test_thousands_are_no_decimals(here: Path, capsys: CAPTURE) -> None:
    write(here, "weight,height,sex", [[f'"1,{h}"', h, s] for _, h, s in ROWS])
    assert run("sigmoid", *TRAIN, "--features", "weight", "height") == 2
    assert "not 7 (weight=1,161, weight=1,165," in capsys.readouterr().err


def test_what_is_left_out_is_told(here: Path, capsys: CAPTURE) -> None:
    more = [[k, *row, f"1990-0{k}-01", f"n{k}", "x"] for k, row in enumerate(ROWS, 1)]
    write(here, "id,weight,height,sex,born,name,same", more)
    assert run("sigmoid", *TRAIN) == 0
    told = capsys.readouterr().err.splitlines()
    assert told[:4] == [
        "left out: id (it counts the rows)",
        "left out: born (dates)",
        "left out: name (every row has a text of its own)",
        "left out: same (the same everywhere)",
    ]
    assert model().feature_names_in_ == ["weight", "height"]


def test_texts_are_a_feature_each(here: Path, capsys: CAPTURE) -> None:
    cities = ["Bonn", "Köln", "Köln", "Bonn", "Bonn", "Köln"]
    write(here, "city,sex", [[c, s] for c, s in zip(cities, SEXES, strict=True)])
    assert run("sigmoid", *TRAIN, "--epochs", "200", "--quiet") == 0
    assert model().columns_ == {"city": ["Bonn", "Köln"]}
    assert model().feature_names_in_ == ["city=Bonn", "city=Köln"]
    write(here, "city", [["Köln"], ["Bonn"]])
    assert run("sigmoid", "predict", "data.csv") == 0
    assert [line[0] for line in capsys.readouterr().out.splitlines()[1:]] == ["F", "M"]
    write(here, "city", [["Köln"], ["Ulm"]])
    assert run("sigmoid", "predict", "data.csv") == 2
    told = "data.csv, row 3, column city: the text 'Ulm' is none of Bonn, Köln"
    assert told in capsys.readouterr().err


HOLES = [["NA", 182, "M"], [58, "", "F"], [60, 165, "F"], [80, 185, "M"], [82, 190, "nan"]]


def test_missing_entries_are_told_by_row_and_column(here: Path, capsys: CAPTURE) -> None:
    write(here, "weight,height,sex", HOLES)
    assert run("sigmoid", *TRAIN) == 2
    assert "row 2, column weight: no entry; see --missing" in capsys.readouterr().err


def test_rows_with_a_missing_entry_are_dropped(here: Path, capsys: CAPTURE) -> None:
    write(here, "weight,height,sex", HOLES)
    assert run("sigmoid", *TRAIN, "--missing", "drop") == 0
    told = "left out: 3 of 5 rows, in which an entry is missing"
    assert told in capsys.readouterr().err.splitlines()
    assert model().mean_["x"].tolist() == [70, 175]
    assert run("sigmoid", "score", "data.csv", "--missing", "drop") == 0
    assert run("sigmoid", "predict", "data.csv") == 2  # a line for each row, or none


def test_the_mean_of_training_is_filled_in(here: Path, capsys: CAPTURE) -> None:
    write(here, "weight,height,sex", HOLES * 4)
    assert run("sigmoid", *TRAIN, "--missing", "mean", "--validation", "0.25") == 0
    order = np.random.default_rng([0, 1]).permutation(16)[4:]  # of the 16 rows with a label
    weights = np.array([np.nan, 58, 60, 80] * 4)[order]
    assert model().fills_["weight"] == pytest.approx(np.nanmean(weights))
    told = capsys.readouterr().err.splitlines()
    shown = f"{model().fills_['weight']:.6g}"
    assert f"filled in: weight is {shown} in 4 of 16 rows, where it is missing" in told
    write(here, "weight,height", [["NA", 182], [model().fills_["weight"], 182]])
    assert run("sigmoid", "predict", "data.csv") == 0
    _, first, second = capsys.readouterr().out.splitlines()
    assert first == second


def test_several_targets_behind_one_option(here: Path) -> None:
    write(here, "a,b,up,down", [[k, k * k, k + 1, k - 1] for k in range(5)])
    train = ["train", "data.csv", "--epochs", "1", "--learning-rate", "0.01", "--quiet"]
    assert run("plane", *train, "--target", "up", "down") == 0
    assert model("plane").target_names_ == ["up", "down"]


def test_nothing_is_written_over(here: Path, capsys: CAPTURE) -> None:
    write(here, "weight,height,sex", ROWS)
    before = (here / "data.csv").read_bytes()
    assert run("sigmoid", *TRAIN, "-o", "data.csv", "--force") == 2
    assert "data.csv is read: name another file" in capsys.readouterr().err
    assert run("sigmoid", *TRAIN, "--quiet") == 0
    kept = (here / "model.npz").read_bytes()
    assert run("sigmoid", *TRAIN) == 2
    assert "model.npz is there: --resume goes on with it" in capsys.readouterr().err
    for place in ("data.csv", "model.npz"):
        assert run("sigmoid", "predict", "data.csv", "-o", place) == 2
    assert (here / "data.csv").read_bytes() == before
    assert (here / "model.npz").read_bytes() == kept
    assert run("sigmoid", *TRAIN, "--seed", "1", "--force", "--quiet") == 0
    assert (here / "model.npz").read_bytes() != kept


def test_resuming_says_where_it_begins(here: Path, capsys: CAPTURE) -> None:
    write(here, "weight,height,sex", ROWS)
    told = []
    for epochs in ("3", "3", "5"):
        assert run("sigmoid", *TRAIN, "--epochs", epochs, "--resume") == 0
        told.append(capsys.readouterr().err.splitlines()[0])
    assert told == [
        "there is no model.npz yet: training begins",
        "all 3 epochs are done: nothing to do; --epochs asks for more",
        "3 of 5 epochs are done: training goes on",
    ]
    assert run("sigmoid", *TRAIN, "--epochs", "6", "--resume", "--learning-rate", "0") == 0
    assert model().learning_rate == model().state_["learning_rate"] == 0


def test_a_summary(here: Path, capsys: CAPTURE) -> None:
    assert run("sigmoid", "summary") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["array", "shape", "numbers", "what", "it", "is"]
    assert ["W1", "(3,", "2)", "6", "parameter"] in [line.split() for line in lines]
    assert lines[-1] == "13 parameters; with the optimiser's state 208 bytes"
