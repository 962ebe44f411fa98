"""What an emitted module does at the edges: odd numbers, odd labels, odd places for files."""

import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import codegen
from codegen.module.model_facts import estimator_of
from derive import differentiate, loads, parse
from derive.catalogue import OPTIMIZERS
from tests.codegen.targets.estimator import stubs
from tests.codegen.targets.estimator.command_line import LONGEST_ERROR, TABLE, TRAIN, run, write_csv
from tests.codegen.targets.estimator.training_data import DATA, PRICE, SEX, X

# ---- numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "word"),
    [
        (np.ma.masked_array(X, X > 1), "masked"),
        (np.ma.masked_array(X), "masked"),
        (X + 0j, "complex"),
        ([[1j, 2]] * 60, "complex"),
    ],
)
def test_masked_and_complex_arrays_are_refused(x: Any, word: str) -> None:
    module = stubs.module("regression")
    with pytest.raises(ValueError, match=f"x must hold numbers: none of them may be .*{word}"):
        module.Model(epochs=1).fit(x, PRICE)
    with pytest.raises(
        ValueError, match="t must hold numbers: none of them may be complex or masked"
    ):
        module.Model(epochs=1).fit(X, np.ma.masked_array(PRICE, PRICE > 1))
    with pytest.raises(ValueError, match="t must hold labels, none of them complex or masked"):
        stubs.module("sigmoid").Model(epochs=1).fit(X, np.ma.masked_array(SEX, X[:, 0] > 1))
    with pytest.raises(ValueError, match="t must hold labels, none of them complex or masked"):
        stubs.module("sigmoid").Model(epochs=1).fit(X, (SEX == "M") + 0j)


@pytest.mark.parametrize("size", [1e308, 1e-308, 1e150, 1e-200, 1.0])
def test_standardizing_is_the_same_at_every_size(size: float) -> None:
    """No sum overflows, no spread is lost, and no bit changes for powers of two."""
    module = stubs.module("regression")
    bits = 2.0 ** round(np.log2(size))
    small = module.Model(epochs=2, standardize=True).fit(X, PRICE)
    large = module.Model(epochs=2, standardize=True).fit(X / 4 * bits, PRICE)
    exact = size > 1e-300  # below, numbers have fewer bits
    assert np.allclose(
        large.predict(X / 4 * bits), small.predict(X), rtol=0 if exact else 1e-6, atol=0
    )


def test_a_feature_that_does_not_vary_divides_by_nothing() -> None:
    for constant in (0.0, 0.1, 1e-320, 1e308, -7.0):
        x = np.column_stack([X[:, 0], np.full(60, constant)])
        for dtype in ("float64", "float32"):
            if dtype == "float32" and abs(constant) > 1e38:
                continue
            model = stubs.module("regression", dtype).Model(epochs=2, standardize=True)
            model.fit(x, PRICE)
            assert (model.scale_["x"] > 0).all()
            assert np.isfinite(model.predict(x)).all()
    model = stubs.module("regression", "float32").Model(epochs=1, standardize=True)
    model.fit(X * 1e-45, PRICE)  # the spread is none in float32
    assert (model.scale_["x"] > 0).all()


def test_what_is_too_far_from_the_training_data_is_said() -> None:
    model = stubs.module("regression").Model(epochs=2, standardize=True).fit(X * 1e-9, PRICE)
    with pytest.raises(ValueError, match="x is too far from what the model was trained on"):
        model.predict(X * 1e307)


@pytest.mark.parametrize("name", ["sigmoid", "softmax", "regression", "two", "tagger", "pair"])
def test_one_sample_is_a_batch(name: str) -> None:
    x, t = DATA[name]
    one = tuple(part[:1] for part in x) if isinstance(x, tuple) else x[:1]
    target = tuple(part[:1] for part in t) if isinstance(t, tuple) else t[:1]
    model = stubs.module(name).Model(epochs=2, batch_size=1, standardize=True).fit(x, t)
    assert len(model.predict(one)) == 1
    model.partial_fit(one, target)
    assert np.isfinite(model.mean_loss(one, target))
    if name not in ("sigmoid", "softmax", "tagger"):
        fresh = stubs.module(name).Model(epochs=2, standardize=True).fit(one, target)
        assert np.isfinite(fresh.predict(one)).all()


# ---- labels --------------------------------------------------------------------------------------


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("texts", "classes"),
    [
        (("0", "1"), [0, 1]),
        (("1", "01"), ["01", "1"]),
        (("7", "07"), ["07", "7"]),
        (("-1", "1"), [-1, 1]),
        (("1.0", "2"), ["1.0", "2"]),
        (("+1", "2"), ["+1", "2"]),
        (("1", "9" * 30), ["1", "9" * 30]),
        (("=1+1", "@x"), ["=1+1", "@x"]),
        (("True", "False"), ["False", "True"]),
    ],
)
def test_labels_are_numbers_only_if_all_are_written_so(
    texts: tuple[str, str], classes: list[object], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_csv(here / "data.csv", {**TABLE, "sex": np.where(SEX == "M", *texts)})
    assert run("sigmoid", *TRAIN, "--quiet") == 0
    model = stubs.module("sigmoid").Model.load("model.npz")
    assert model.classes_.tolist() == classes
    assert run("sigmoid", "score", "data.csv") == 0
    assert float(capsys.readouterr().out.split()[-1]) > 0.9
    assert run("sigmoid", "predict", "data.csv") == 0
    written = {line.split(",")[0] for line in capsys.readouterr().out.splitlines()[1:]}
    assert written == set(texts)  # as they are, whatever a spreadsheet makes of them


# ---- messages ------------------------------------------------------------------------------------


def test_wide_tables_have_short_messages(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wide = {f"column number {k}": [1, 2] for k in range(5000)}
    write_csv(here / "data.csv", {**wide, "sex": ["F", "M"]})
    for command in (
        ["train", "data.csv", "--target", "sex"],
        ["train", "data.csv", "--target", "x" * 5000],
        ["train", "data.csv", "--target", "sex", "--features", *wide],
        ["train", "data.csv", "--target", "sex", "--features", "a" * 3000, "b,c"],
        ["predict", "data.csv", "--model", "n" * 5000],
        ["train", "data.csv", "--target", "sex", "-o", "n" * 5000],
        ["train", "data.csv", "--target", "sex", "--seed", "9" * 4000],
        ["train", "data.csv", "--target", "sex", "--epochs", "many\x1b" * 4000],
        ["train", "data.csv", *["more"] * 4000],
    ):
        assert run("sigmoid", *command) == 2
        err = capsys.readouterr().err
        assert err.count("\n") == 1
        assert len(err) <= LONGEST_ERROR + 1, err
    write_csv(here / "data.csv", {**TABLE, "sex": ["x" * 9000] * 59 + ["y"]})
    run("sigmoid", *TRAIN, "--quiet")
    write_csv(here / "data.csv", {**TABLE, "sex": ["z\x1b[31m" * 900] * 60})
    assert run("sigmoid", "score", "data.csv") == 2
    err = capsys.readouterr().err
    assert len(err) <= LONGEST_ERROR + 1
    assert "\x1b" not in err


def test_messages_of_the_class_are_short() -> None:
    Model = stubs.module("sigmoid").Model
    fitted = Model(epochs=1).fit(X, SEX)
    for wrong in (
        lambda: Model(epochs="9" * 5000).fit(X, SEX),
        lambda: Model().set_params(**{"n" * 5000: 1}),
        lambda: Model(verbose=[0] * 5000).fit(X, SEX),
        lambda: Model().fit([["a" * 5000, 1]] * 60, SEX),
        lambda: fitted.partial_fit(X, ["l" * 5000] * 60),
        lambda: fitted.save("/none/" + "n" * 5000),
        lambda: Model.load(__file__),
    ):
        with pytest.raises(ValueError, match=r".") as caught:
            wrong()
        assert len(str(caught.value)) <= LONGEST_ERROR


# ---- files ---------------------------------------------------------------------------------------


def test_nothing_is_written_through_a_link_or_a_pipe(here: Path) -> None:
    model = stubs.module("sigmoid").Model(epochs=1).fit(X, SEX)
    victim = here / "victim"
    victim.write_text("keep")
    (here / "m.npz").symlink_to(victim)
    (here / "m.npz.part").symlink_to(victim)
    (here / "nowhere").symlink_to(here / "not yet")
    os.mkfifo(here / "pipe")
    for path, reason in (("m.npz", "a link"), ("nowhere", "a link"), ("pipe", "no file")):
        with pytest.raises(ValueError, match=f"{path} can't be written: it is {reason}"):
            model.save(path)
    with pytest.raises(ValueError, match="/dev/null can't be written: it is no file"):
        model.save("/dev/null")
    (here / "m.npz").unlink()
    model.save("m.npz")
    assert victim.read_text() == "keep"
    assert not (here / "m.npz").is_symlink()
    assert (here / "m.npz.part").is_symlink()
    assert {p.name for p in here.iterdir()} == {"m.npz", "m.npz.part", "nowhere", "pipe", "victim"}


def test_train_refuses_a_link_before_it_trains(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_csv(here / "data.csv", TABLE)
    (here / "model.npz").symlink_to(here / "data.csv")
    assert run("sigmoid", *TRAIN) == 2
    assert capsys.readouterr().err == "model.py: model.npz can't be written: it is a link\n"


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444])
def test_a_file_keeps_its_mode(mode: int, here: Path) -> None:
    model = stubs.module("sigmoid").Model(epochs=1).fit(X, SEX)
    model.save("m.npz")
    (here / "m.npz").chmod(mode)
    if os.access(here / "m.npz", os.W_OK):
        model.save("m.npz")
    else:
        with pytest.raises(ValueError, match="it is read-only"):
            model.save("m.npz")
    assert stat.S_IMODE((here / "m.npz").stat().st_mode) == mode


def test_a_new_file_has_the_mode_of_others(here: Path) -> None:
    stubs.module("sigmoid").Model(epochs=1).fit(X, SEX).save("m.npz")
    (here / "other").write_text("")
    assert (here / "m.npz").stat().st_mode == (here / "other").stat().st_mode


@pytest.mark.parametrize("name", ["n" * 250, "bytes \udcff\udc80.npz", "two\nlines", "-rf", "ü"])
def test_names_of_files_may_be_odd(
    name: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_csv(here / "data.csv", TABLE)
    assert run("sigmoid", *TRAIN, f"--output={name}") == 0
    assert run("sigmoid", "score", "data.csv", f"--model={name}") == 0
    capsys.readouterr()
    assert run("sigmoid", "score", "data.csv", f"--model={name}x") == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert err.startswith("model.py: there is no file ")


def test_two_trainings_that_write_one_model_leave_a_whole_one(here: Path) -> None:
    path = stubs.write("sigmoid", here)
    write_csv(here / "data.csv", TABLE)
    command = [sys.executable, str(path), *TRAIN, "--quiet", "--checkpoint-every", "1"]
    command += ["--epochs", "150", "--force"]  # long enough to be looked at
    children = [subprocess.Popen([*command, "--seed", str(k)]) for k in range(3)]
    load = stubs.module("sigmoid").Model.load
    looks = 0
    while any(child.poll() is None for child in children):
        if (here / "model.npz").exists():
            load("model.npz")
            looks += 1
    assert [child.wait() for child in children] == [0, 0, 0]
    assert looks
    assert {p.name for p in here.iterdir()} == {"sigmoid.py", "data.csv", "model.npz"}


@pytest.mark.parametrize(
    ("redirection", "codes"),
    [
        (">&-", {0}),
        ("2>&-", {0}),
        (">&- 2>&-", {0}),
        ("2>&1 | head -c 1", {0}),
        ("2>/dev/full", {0}),
        (">/dev/full", {0, 2}),
    ],
)
def test_an_output_that_is_closed_stops_no_training(
    redirection: str, codes: set[int], here: Path
) -> None:
    path = stubs.write("sigmoid", here)
    write_csv(here / "data.csv", TABLE)
    train = " ".join(TRAIN[2:])
    for command in (f"train data.csv {train}", "score data.csv", "predict data.csv"):
        line = f"set -o pipefail; {sys.executable} {path} {command} {redirection}"
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
        assert done.returncode in codes, (command, done)
        assert "Traceback" not in done.stderr
        assert "Exception ignored" not in done.stderr
        assert (here / "model.npz").exists()


# ---- predictions ---------------------------------------------------------------------------------

READS_TARGET = """
h[v,i] = tanh(sum(j, W[i,j]*x[v,j]))
g[n] = sum(v, where(graph[v] == n, sum(i, o[i]*h[v,i]), 0))
E = mean(n, (g[n] - t[n])**2)
"""


@pytest.mark.parametrize("output", ["g", None])
def test_an_output_that_reads_its_target_is_predicted_in_words(output: str | None) -> None:
    system = parse(
        READS_TARGET,
        parameters=["W", "o"],
        inputs=["x", "graph"],
        targets=["t"],
        objective="E",
        output=output,
        batch=["n"],
        integers=["graph"],
        sizes={"i": 2, "j": 2},
    )
    derivation = differentiate(system)
    assert estimator_of(derivation).reads_target
    module = codegen.load_module(codegen.emit(derivation))
    x, graph, t = X[:6], np.array([0, 0, 1, 2, 2, 2]), np.array([1.0, 2, 3])
    model = module.Model(epochs=3).fit((x, graph), t)
    message = re.escape("the output reads the target, so there is nothing to predict it from")
    with pytest.raises(ValueError, match=message):
        model.predict((x, graph))
    assert model.score((x, graph), t) == -model.mean_loss((x, graph), t)
    assert np.all(np.isfinite(module.forward(model.params_, x, graph, t)))


# ---- every optimiser -----------------------------------------------------------------------------

OPTIMISED = """
name = "net"
inputs = {{ x = [2] }}

[[layers]]
type = "dense"
units = 3
activation = "tanh"

[[layers]]
type = "dense"
units = 1

[loss]
type = "mse"

[optimizer]
type = "{}"
clip_norm = 1.0
schedule = "cosine"
"""


@pytest.mark.sampled
@pytest.mark.parametrize("optimizer", [row.name for row in OPTIMIZERS if not row.curvature])
def test_the_state_of_every_optimiser_comes_back(optimizer: str, here: Path) -> None:
    derivation = differentiate(loads(OPTIMISED.format(optimizer)))
    module = codegen.load_module(codegen.emit(derivation, dtype="float32"))
    model = module.Model(epochs=3, patience=2).fit(X, PRICE)
    model.save("m.npz")
    again = module.Model.load("m.npz").set_params(epochs=5).resume(X, PRICE)
    model.set_params(epochs=5).resume(X, PRICE)
    assert all(np.array_equal(again.params_[name], model.params_[name]) for name in model.params_)
