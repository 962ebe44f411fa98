"""The command line of an emitted module, run as a user runs it."""

import csv
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.codegen.targets.estimator import stubs
from tests.codegen.targets.estimator.command_line import TABLE, TRAIN, run, write_csv
from tests.codegen.targets.estimator.training_data import (
    KIND,
    PLANE,
    PRICE,
    RATINGS,
    SEX,
    TAGS,
    WORD,
    X,
)

pytestmark = pytest.mark.sampled


@pytest.fixture
def here(here: Path) -> Path:
    write_csv(here / "data.csv", TABLE)
    return here


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(text.splitlines()))


def test_train_score_predict(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("sigmoid", *TRAIN) == 0
    err = capsys.readouterr().err.splitlines()
    assert err[0] == "left out: id (more than 20 different texts)"
    assert err[1].startswith("epoch 1/60  loss ")
    assert " accuracy 0." in err[1] and " f1 0." in err[1]
    assert err[-1] == "saved model.npz"
    assert sorted(p.name for p in here.iterdir()) == ["data.csv", "model.npz"]

    assert run("sigmoid", "score", "data.csv") == 0
    loss, accuracy, f1, _, head, *classes = capsys.readouterr().out.splitlines()
    assert float(f1.removeprefix("f1 ")) > 0.9
    assert head.split() == ["label", "precision", "recall", "f1", "count", "|", "F", "M"]
    table = np.array([line.split()[6:] for line in classes], dtype=int)
    assert [line.split()[0] for line in classes] == ["F", "M"]
    assert table.sum(axis=1).tolist() == [(SEX == "F").sum(), (SEX == "M").sum()]
    assert np.trace(table) / 60 == pytest.approx(float(accuracy.split()[1]), abs=1e-6)
    assert float(loss.removeprefix("loss ")) < 0.1
    assert float(accuracy.removeprefix("accuracy ")) > 0.9

    assert run("sigmoid", "predict", "data.csv") == 0
    header, *rows = rows_of(capsys.readouterr().out)
    assert header == ["sex", "probability_F", "probability_M"]
    right = np.mean([row[0] for row in rows] == SEX)
    assert right == pytest.approx(float(accuracy.split()[1]), abs=1e-6)
    numbers = np.array([row[1:] for row in rows], dtype=float)
    model = stubs.module("sigmoid").Model.load("model.npz")
    x = np.column_stack([TABLE["weight"], TABLE["height"]])
    assert np.array_equal(numbers, model.predict_proba(x))  # no digit is lost on the way
    assert model.standardize is True
    assert model.feature_names_in_ == ["weight", "height"]
    assert model.target_names_ == ["sex"]


def test_order_of_columns_is_free(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("sigmoid", *TRAIN, "--quiet")
    run("sigmoid", "predict", "data.csv")
    straight = capsys.readouterr().out
    write_csv(here / "other.csv", {k: TABLE[k] for k in ("height", "id", "weight")})
    assert run("sigmoid", "predict", "other.csv", "-o", "out.csv") == 0
    assert (here / "out.csv").read_text() == straight
    assert capsys.readouterr() == ("", "")
    write_csv(here / "more.csv", {**TABLE, "age": range(60)})
    assert run("sigmoid", "predict", "more.csv") == 0


def test_features_may_be_chosen(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_csv(here / "data.csv", {"age": range(60), **TABLE})
    assert run("sigmoid", *TRAIN) == 2
    assert "takes 2 features, not 3 (age, weight, height): choose" in capsys.readouterr().err
    assert run("sigmoid", *TRAIN, "--features", "height", "weight") == 0
    assert stubs.module("sigmoid").Model.load("model.npz").feature_names_in_ == ["height", "weight"]


def test_settings_reach_the_model(here: Path) -> None:
    more = "-o m.npz --batch-size 7 --momentum 0.25 --validation 0.2 --seed 5 --patience 9 --quiet"
    assert run("sigmoid", *TRAIN, "--no-standardize", *more.split()) == 0
    model = stubs.module("sigmoid").Model.load("m.npz")
    expected = {"batch_size": 7, "momentum": 0.25, "validation": 0.2, "seed": 5, "patience": 9}
    expected |= {"standardize": False, "epochs": 60, "learning_rate": 3.0, "verbose": False}
    assert model.get_params() == expected
    twin = stubs.module("sigmoid").Model(**expected)
    twin.fit(np.column_stack([TABLE["weight"], TABLE["height"]]), SEX)
    assert all(np.array_equal(twin.params_[k], model.params_[k]) for k in twin.params_)


CELLS = {
    "weight,height,sex\n1,2,F\n3,,M\n": "data.csv, row 3, column height: no entry",
    "weight,height,sex\n1,2,F\n3,n/a,M\n": "row 3, column height: no entry; see --missing",
    "weight,height,sex\n1,2,F\n\n3,nan,M\n": "row 4, column height: no entry; see --missing",
    "weight,height,sex\n1,nan,F\n3,4,M\n": "row 2, column height: no entry",
    "weight,height,sex\n1,2,F\n3,4,\n": "data.csv, row 3, column sex: no entry",
    "weight,height,sex\n1,2,F\n3,4\n": "data.csv, row 3: 2 entries under 3 column names",
    "weight,height\n1,2\n": "data.csv has no column 'sex'; it has weight, height",
    "weight,weight,sex\n1,2,F\n": "data.csv has two columns named 'weight'",
    "weight,height,sex\n": "data.csv has no rows below its header",
    "weight,sex\n1,F\n": "the model takes 2 features, not 1 (weight): choose with --features",
    "weight,height,sex\n1,2,F\n3,4,M\n5,6,X\n": "the model tells 2 classes apart, t has 3 labels",
    "": "data.csv is empty; its first line should name the columns",
    "\udcff": "data.csv is not a CSV file: not text in UTF-8",
    "\x89PNG\udc89\n\0": "data.csv is not a CSV file: not text in UTF-8",
    "a\0b,c\n": "data.csv is not a CSV file: its first line is no text",
    "id,weight,height,sex\n": "data.csv has no rows below its header",
    "weight:height:sex\n1:2:F\n": (
        "data.csv has no column 'sex'; it has weight:height:sex; columns are separated by commas, "
        "semicolons or tabs"
    ),
    "name,sex\nx,F\n": "the model takes 2 features, not 0 (no numbers under name, sex)",
}


@pytest.mark.parametrize("text", CELLS)
def test_one_clear_line_about_a_table(
    text: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "data.csv").write_bytes(text.encode(errors="surrogateescape"))
    assert run("sigmoid", *TRAIN) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("model.py: ")
    assert err.count("\n") == 1
    assert CELLS[text] in err
    assert not (here / "model.npz").exists()


def test_a_cell_without_end(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "data.csv").write_text("weight,height,sex\n" + "1" * 200_000)
    assert run("sigmoid", *TRAIN) == 2
    said = "data.csv is not a CSV file: field larger than field limit (131072)"
    assert capsys.readouterr().err == f"model.py: {said}\n"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("train none.csv --target sex", "model.py: there is no file none.csv"),
        ("train . --target sex", "model.py: . can't be read: Is a directory"),
        ("train data.csv --target sex,id", "'sex,id'; it has id, weight, height, sex; separate"),
        ("train data.csv --target sex --features weight,height", "; separate names by spaces"),
        ("train data.csv --target sex --features weight sex", "'sex' is both a feature and"),
        ("train data.csv --target sex --features weight weight", "'weight' is named twice"),
        ("train data.csv --target sex --features weight", "takes 2 features, not 1 (weight)"),
        ("train data.csv --target sex --epochs -3", "epochs=-3 is not a whole number from 0 up"),
        ("train data.csv --target sex --learning-rate nan", "learning_rate=nan is not a finite"),
        ("train data.csv --target sex -o .", ". can't be written: it is a folder"),
        ("train data.csv", "--target must name 1 column"),
        ("train data.csv --target sex --target id", "--target must name 1 column"),
        ("train data.csv --target sex --epochs many", "invalid int value: 'many'"),
        ("train data.csv --target sex --learning-rate 1e200", "the loss became"),
        ("train data.csv --target sex --batch-size 0", "batch_size=0 is not a whole number"),
        ("train data.csv --target sex -o no/model.npz", "there is no folder no"),
        ("train data.npz", "there is no file data.npz"),
        ("train", "the following arguments are required: data"),
        ("", "the following arguments are required: COMMAND"),
        ("predict data.csv --model none.npz", "there is no file none.npz; save a model first"),
        ("predict data.csv --model data.csv", "data.csv is not an .npz file of arrays"),
    ],
)
def test_one_clear_line(
    command: str, message: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_csv(here / "data.csv", {**TABLE, "sex": PRICE})
    assert run("regression", *command.split(), *["--quiet"] * command.startswith("train ")) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.count("\n") == 1
    assert {path.name for path in here.iterdir()} == {"data.csv"}


def test_missing_columns_and_unknown_labels(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("sigmoid", *TRAIN, "--quiet")
    write_csv(here / "less.csv", {"height": [1], "sex": ["F"]})
    assert run("sigmoid", "predict", "less.csv", "-o", "out.csv") == 2
    assert capsys.readouterr().err.endswith("less.csv has no column 'weight'; it has height, sex\n")
    assert not (here / "out.csv").exists()
    write_csv(here / "odd.csv", {**TABLE, "sex": ["M"] * 59 + ["male"]})
    assert run("sigmoid", "score", "odd.csv") == 2
    assert "row 61, column sex: the label 'male' is unknown" in capsys.readouterr().err


def test_whole_numbers_as_labels(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_csv(here / "data.csv", {**TABLE, "sex": np.digitize(X[:, 0], [-0.5, 0.5]) * 5 + 5})
    assert run("classes", *TRAIN, "--quiet") == 0
    assert stubs.module("classes").Model.load("model.npz").classes_.tolist() == [5, 10, 15]
    assert run("classes", "score", "data.csv") == 0
    assert float(capsys.readouterr().out.split()[3]) > 0.8
    run("classes", "predict", "data.csv")
    assert capsys.readouterr().out.startswith("sex,probability_5,probability_10,probability_15\n")


def test_regression_with_two_targets(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    columns = {"a": X[:, 0], "b": X[:, 1], "up": PLANE[:, 0], "down": PLANE[:, 1]}
    write_csv(here / "data.csv", columns)
    targets = ["--target", "up", "--target", "down"]
    assert run("plane", "train", "data.csv", *targets, "--learning-rate", "0.2") == 0
    capsys.readouterr()
    assert run("plane", "score", "data.csv") == 0
    assert capsys.readouterr().out.splitlines()[1] == "r2 1"
    run("plane", "predict", "data.csv")
    header, *rows = rows_of(capsys.readouterr().out)
    assert header == ["up", "down"]
    assert np.allclose(np.array(rows, dtype=float), PLANE, atol=1e-2)


def test_two_labels_for_each_row(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = np.where(X > 0, "yes", "no")
    columns = {"a": X[:, 0], "b": X[:, 1], "left": labels[:, 0], "right": labels[:, 1]}
    write_csv(here / "data.csv", columns)
    assert run("labels", "train", "data.csv", "--target", "left", "--target", "right") == 0
    capsys.readouterr()
    run("labels", "predict", "data.csv")
    header, *rows = rows_of(capsys.readouterr().out)
    assert header == ["left", "right", "probability_left", "probability_right"]
    assert np.mean(np.array(rows)[:, :2] == labels) > 0.9


def test_two_inputs_from_one_table(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    columns = {"t": WORD + PRICE, "word": WORD, "a": X[:, 0], "b": X[:, 1]}
    write_csv(here / "data.csv", columns)
    assert run("two", "train", "data.csv", "--target", "t", "--learning-rate", "0.2") == 0
    run("two", "score", "data.csv")
    assert float(capsys.readouterr().out.split()[-1]) > 0.99
    columns["word"] = WORD + 0.5
    write_csv(here / "data.csv", columns)
    assert run("two", "predict", "data.csv") == 2
    assert "word must hold whole numbers" in capsys.readouterr().err


def test_a_model_without_targets(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("centre", "train", "data.csv", "--no-standardize", "--epochs", "300") == 0
    run("centre", "score", "data.csv")
    assert capsys.readouterr().out.startswith("loss ")
    run("centre", "predict", "data.csv")
    header, *rows = rows_of(capsys.readouterr().out)
    assert header == ["prediction_0", "prediction_1"]
    assert abs(np.array(rows, dtype=float).mean()) < 3


def test_sequences_come_as_arrays(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez("data.npz", x=X.reshape(12, 5, 2), t=TAGS)
    assert run("tagger", "train", "data.npz", "--learning-rate", "0.2") == 0
    assert run("tagger", "score", "data.npz") == 0
    assert float(capsys.readouterr().out.split()[3]) > 0.8
    assert run("tagger", "predict", "data.npz", "-o", "out.npz") == 0
    with np.load("out.npz") as results:
        assert np.mean(results["prediction"] == TAGS) > 0.8
        assert results["probability"].shape == (12, 5, 3)
    assert run("tagger", "predict", "data.npz") == 0
    assert len(rows_of(capsys.readouterr().out)[1]) == 5 + 15
    np.savez("data.npz", x=X)
    (here / "model.npz").unlink()
    assert run("tagger", "train", "data.npz") == 2
    assert "data.npz holds no array 't'" in capsys.readouterr().err
    assert run("tagger", "train", "data.csv") == 2
    assert "data.csv is not an .npz file" in capsys.readouterr().err
    (here / "data.npz").write_bytes(b"junk")
    assert run("tagger", "train", "data.npz") == 2
    assert "data.npz is not an .npz file of arrays" in capsys.readouterr().err


def test_vectors_may_come_as_arrays_too(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez("data.npz", x=X, t=KIND)
    assert run("softmax", "train", "data.npz") == 0
    assert run("softmax", "score", "data.npz") == 0
    write_csv(here / "data.csv", {"a": X[:, 0], "b": X[:, 1]})
    capsys.readouterr()
    assert run("softmax", "predict", "data.csv") == 0
    assert capsys.readouterr().out.startswith("prediction,probability_a,")
    write_csv(here / "data.csv", {"a": X[:, 0], "b": X[:, 1], "kind": KIND})
    assert run("softmax", "score", "data.csv", "--target", "kind") == 0


def test_factors_and_parabola(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez("data.npz", mask=np.ones((4, 3)), r=RATINGS)
    assert run("factors", "train", "data.npz", "--learning-rate", "0.01") == 0
    assert run("factors", "predict", "data.npz", "-o", "out.npz") == 0
    with np.load("out.npz") as results:
        assert np.allclose(results["prediction"], RATINGS, atol=0.2)
    assert run("factors", "score", "data.npz") == 0
    assert run("parabola", "train", "-o", "p.npz", "--learning-rate", "0.1") == 0
    capsys.readouterr()
    assert run("parabola", "predict", "--model", "p.npz") == 0
    header, row = rows_of(capsys.readouterr().out)
    assert header == ["prediction"]
    assert float(row[0]) < 1e-6
    assert run("parabola", "score") == 2


def test_resume_keeps_what_was_chosen(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("sigmoid", *TRAIN, "--resume") == 0  # nothing there yet: it starts
    assert run("sigmoid", "train", "data.csv", "--resume", "--epochs", "80") == 0
    half = (here / "model.npz").read_bytes()
    (here / "model.npz").unlink()
    assert run("sigmoid", *TRAIN, "--epochs", "80") == 0
    assert (here / "model.npz").read_bytes() == half
    capsys.readouterr()
    for option, value, kept in (
        ("--seed", "3", "seed=0"),
        ("--momentum", "1", "momentum=0.5"),
        ("--target", "id", "target_names=['sex']"),
    ):
        assert run("sigmoid", "train", "data.csv", "--resume", option, value) == 2
        assert f"--resume keeps {kept}; it can't be" in capsys.readouterr().err
    assert (here / "model.npz").read_bytes() == half


def test_training_survives_being_killed(here: Path) -> None:
    path = stubs.write("sigmoid", here)
    command = [sys.executable, str(path), *TRAIN, "--epochs", "300", "--validation", "0.2"]
    command += ["--patience", "280", "--quiet", "-o"]
    subprocess.run([*command, "whole.npz"], check=True)
    command += ["killed.npz", "--checkpoint-every", "1", "--resume"]
    model, kills = here / "killed.npz", 0
    draw = np.random.default_rng(0)
    for _ in range(4):
        child = subprocess.Popen(command)
        wait_for_a_new_file(model, child)
        time.sleep(draw.uniform(0, 0.1))
        child.send_signal(signal.SIGKILL)
        kills += child.wait() == -signal.SIGKILL
        with np.load(model, allow_pickle=False) as file:
            done = len(json.loads(str(file["about"]))["learned"]["history_"]["loss"])
        assert 0 < done <= 300
    assert kills >= 2
    subprocess.run(command, check=True)
    assert model.read_bytes() == (here / "whole.npz").read_bytes()


def wait_for_a_new_file(path: Path, child: subprocess.Popen[bytes]) -> None:
    before = path.stat().st_mtime_ns if path.exists() else 0
    while child.poll() is None:
        if path.exists() and path.stat().st_mtime_ns != before:
            return
        time.sleep(0.002)


def test_as_a_program(here: Path) -> None:
    path = stubs.write("sigmoid", here)

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-W", "error", str(path), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert call("--help").returncode == 0
    for command in ("train", "predict", "score"):
        assert "--features" in call(command, "--help").stdout
    assert call(*TRAIN).returncode == 0
    wrong = call("predict", "none.csv")
    assert wrong.returncode == 2
    assert wrong.stderr.startswith(f"{path}: ")
    assert wrong.stderr.count("\n") == 1
    pipe = f"{sys.executable} {path} predict data.csv | head -n 1"
    for _ in range(3):
        piped = subprocess.run(pipe, shell=True, capture_output=True, text=True, check=True)
        assert piped.stdout == "sex,probability_F,probability_M\n"
        assert piped.stderr == ""
