"""Model files and tables that somebody else made: one line in words, or a model that works."""

import contextlib
import csv
import io
import json
import random
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.codegen.targets.estimator import stubs
from tests.codegen.targets.estimator.command_line import LONGEST_ERROR
from tests.codegen.targets.estimator.training_data import DATA, RATE, SEX, X

NAMES = ("sigmoid", "classes", "two", "centre", "parabola")
METHODS = ("predict", "save", "fit", "_train", "__class__", "epochs", "classes_", "extra_", "")
JUNK: tuple[Any, ...] = (
    None,
    True,
    -1,
    1.5,
    10**400,
    float("nan"),
    float("-inf"),
    "",
    "predict",
    "x" * 5000,
    [],
    [None],
    {},
    {"predict": 1},
    [[0.5]],
)


# ---- model files ---------------------------------------------------------------------------------


class Saved:
    """The parts of a model file, to be spoiled."""

    def __init__(self, path: Path) -> None:
        with np.load(path) as file:
            self.arrays: dict[str, Any] = dict(file)
        self.about: Any = json.loads(str(self.arrays.pop("about")))

    def write(self, path: Path) -> None:
        about = self.arrays.pop("about", json.dumps(self.about))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # zipfile, of names that are there twice
            np.savez(path, about=about, **self.arrays)


def some_dict(tree: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """One of the nested dictionaries, the whole among them."""
    while rng.random() < 0.7:
        inner = [value for value in tree.values() if isinstance(value, dict) and value]
        if not inner:
            break
        tree = rng.choice(inner)
    return tree


def drop_an_entry(saved: Saved, rng: random.Random) -> None:
    tree = some_dict(saved.about, rng)
    if tree:
        del tree[rng.choice(list(tree))]


def another_value(saved: Saved, rng: random.Random) -> None:
    tree = some_dict(saved.about, rng)
    if tree:
        tree[rng.choice(list(tree))] = rng.choice(JUNK)


def one_entry_more(saved: Saved, rng: random.Random) -> None:
    some_dict(saved.about, rng)[rng.choice(METHODS)] = rng.choice(JUNK)


def no_text(saved: Saved, rng: random.Random) -> None:
    saved.about = rng.choice((*JUNK, "{", "[" * 100_000, "1" * 5000))
    if isinstance(saved.about, str) and rng.random() < 0.5:
        saved.arrays["about"] = np.array(saved.about)


def drop_an_array(saved: Saved, rng: random.Random) -> None:
    if saved.arrays:
        del saved.arrays[rng.choice(list(saved.arrays))]


def one_array_more(saved: Saved, rng: random.Random) -> None:
    places = ("", "params_/", "state_/", "mean_/", "history_/loss/", "a/b/c/", "/")
    name = rng.choice(places) + rng.choice((*METHODS, "W1", "x/y", "../up"))
    saved.arrays[name or "none"] = np.ones(2)


def another_array(saved: Saved, rng: random.Random) -> None:
    if not saved.arrays:
        return
    name = rng.choice(list(saved.arrays))
    array = saved.arrays[name]
    changes: tuple[Callable[[Any], Any], ...] = (
        lambda a: a.astype("U"),
        lambda a: a.astype(complex) if a.dtype.kind == "f" else a[:0],
        lambda a: a.astype(np.float32) if a.dtype.kind == "f" else a[:1],
        np.zeros_like,
        lambda a: a[..., np.newaxis],
        lambda a: a.ravel()[:1],
        lambda a: a.ravel()[::-1],
        lambda a: np.array([]),
        lambda a: np.array(0.5),
        lambda a: np.full(a.shape, np.nan),
        lambda a: -np.ones(a.shape),
        lambda a: np.array([(1, 2.0)], dtype=[("a", int), ("b", float)]),
        lambda a: np.array(["2020-01-01"], dtype="datetime64[D]"),
        lambda a: a.astype(object),
    )
    saved.arrays[name] = rng.choice(changes)(array)


SPOILED = (
    drop_an_entry,
    another_value,
    one_entry_more,
    no_text,
    drop_an_array,
    one_array_more,
    another_array,
)


def spoiled_bytes(content: bytes, rng: random.Random) -> bytes:
    kind = rng.randrange(6)
    if kind == 0:
        return content[: rng.randrange(len(content))]
    if kind == 1:
        spoiled = bytearray(content)
        for _ in range(rng.randint(1, 20)):
            spoiled[rng.randrange(len(spoiled))] = rng.randrange(256)
        return bytes(spoiled)
    if kind == 2:
        return rng.randbytes(rng.randrange(300))
    if kind == 3:
        return content[rng.randrange(len(content)) :] + content
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        header = b"\x93NUMPY\x01\x00F\x00{'descr': '<f8', 'fortran_order': False, 'shape': (%s,), }"
        size = rng.choice((b"3", b"99999999999999", b"-1", b"'a'", b"1e9"))
        archive.writestr("about.npy", (header % size).ljust(79) + b"\n" + b"\0" * 24)
        archive.writestr("note.txt" if kind == 4 else "params_/W1.npy", b"hello")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Any, Path]]:
    return whole_models(tmp_path_factory.mktemp("whole"))


def whole_models(folder: Path) -> dict[str, tuple[Any, Path]]:
    """A trained model of each kind, and its file in a folder."""
    found = {}
    for name in NAMES:
        module = stubs.module(name)
        more = {"standardize": True} if name in ("sigmoid", "two") else {}
        model = module.Model(epochs=2, patience=2, learning_rate=RATE.get(name, 0.1), **more)
        model.fit(*DATA[name]).save(folder / name)
        found[name] = module, folder / name
    return found


def load(module: Any, path: Path) -> tuple[Any, str]:
    """The model, or why there is none."""
    try:
        return module.Model.load(path), ""
    except ValueError as error:
        return None, str(error)


def spoil_and_load(seed: int, models: dict[str, tuple[Any, Path]], path: Path) -> bool:
    """Whether the file was refused in words; what is taken works."""
    rng = random.Random(seed)
    name = NAMES[seed % len(NAMES)]
    module, whole = models[name]
    if rng.random() < 0.2:
        path.write_bytes(spoiled_bytes(whole.read_bytes(), rng))
    else:
        saved = Saved(whole)
        for spoil in rng.choices(SPOILED, k=rng.choice((1, 1, 1, 2))):
            if isinstance(saved.about, dict):
                spoil(saved, rng)
        saved.write(path)
    x = DATA[name][:1]
    model, refusal = load(module, path)
    if model is None:
        assert refusal.startswith(str(path))
        assert "\n" not in refusal
        assert len(refusal) <= LONGEST_ERROR
        return True
    known = vars(module.Model.load(whole)).keys()
    assert vars(model).keys() <= {*known, "feature_names_in_", "target_names_"}
    assert callable(model.predict)
    assert model.predict(*x).dtype.kind in "biufUS"
    assert np.isfinite(model.mean_loss(*DATA[name]))
    with contextlib.suppress(FloatingPointError):  # odd numbers are numbers
        model.set_params(epochs=3, verbose=False).resume(*DATA[name]).partial_fit(*DATA[name])
    return False


def test_broken_model_files(models: dict[str, tuple[Any, Path]], tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    refused = [spoil_and_load(seed, models, path) for seed in range(50)]
    assert sum(refused) > 35


@pytest.mark.slow
def test_five_hundred_broken_model_files(
    models: dict[str, tuple[Any, Path]], tmp_path: Path
) -> None:
    path = tmp_path / "m.npz"
    refused = [spoil_and_load(seed, models, path) for seed in range(50, 550)]
    assert sum(refused) > 400


@pytest.mark.parametrize("spoil", SPOILED)
def test_each_kind_of_spoiling_is_noticed(
    spoil: Any, models: dict[str, tuple[Any, Path]], tmp_path: Path
) -> None:
    """A generator whose files are all taken would prove nothing."""
    module, whole = models["sigmoid"]
    refused = 0
    for seed in range(20):
        saved = Saved(whole)
        spoil(saved, random.Random(seed))
        saved.write(tmp_path / "m.npz")
        refused += load(module, tmp_path / "m.npz")[0] is None
    assert refused >= 10


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("learned", "predict"), 1, "it holds 'predict', which no model does"),
        (("learned", "save"), None, "it holds 'save', which no model does"),
        (("learned", "n_features_in_"), 3, "n_features_in_ is not 2"),
        (("learned", "feature_names_in_"), ["a"], "feature_names_in_ are not the names of 2"),
        (("learned", "history_"), {"loss": [None]}, "history_/loss is no list of numbers"),
        (("learned", "rng_", "state"), 3, "rng_ is not the state of a generator"),
        (("learned", "state_", "steps"), "2", "state_/steps is no number"),
        (("settings", "fit"), 3, "there is no setting 'fit'"),
        (("settings", "epochs"), "3", "epochs='3' is not a whole number"),
        (("settings", "verbose"), "no", "verbose='no' is neither True nor False"),
        (("name",), "another", "it holds the model another"),
    ],
)
def test_what_is_wrong_is_named(
    place: tuple[str, ...],
    value: Any,
    message: str,
    models: dict[str, tuple[Any, Path]],
    tmp_path: Path,
) -> None:
    module, whole = models["sigmoid"]
    saved = Saved(whole)
    tree = saved.about
    for name in place[:-1]:
        tree = tree[name]
    tree[place[-1]] = value
    saved.write(tmp_path / "m.npz")
    with pytest.raises(ValueError, match="holds no model of sigmoid: ") as caught:
        module.Model.load(tmp_path / "m.npz")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("classes_", np.array(["F"]), "classes_ has shape (1,)"),
        ("classes_", np.array(["F", "F"]), "classes_ are not different labels in order"),
        ("classes_", np.array([1 + 1j, 2]), "classes_ is no array of labels"),
        ("scale_/x", np.array([1.0, 0]), "scale_ holds a number that is not above 0"),
        ("mean_/x", np.array([1.0]), "mean_/x is float64(1,), not float64(2,)"),
        ("params_/W1", np.full((3, 2), np.nan), "params_/W1 holds NaN or infinity"),
        (
            "params_/W1",
            np.ones((3, 2), np.float32),
            "params_/W1 is float32(3, 2), not float64(3, 2)",
        ),
        ("params_/W9", np.ones(2), "there is no place for the array 'params_/W9'"),
        ("predict", np.ones(2), "there is no place for the array 'predict'"),
    ],
)
def test_what_is_wrong_in_an_array_is_named(
    name: str,
    array: Any,
    message: str,
    models: dict[str, tuple[Any, Path]],
    tmp_path: Path,
) -> None:
    module, whole = models["sigmoid"]
    saved = Saved(whole)
    saved.arrays[name] = array
    saved.write(tmp_path / "m.npz")
    with pytest.raises(ValueError, match="holds no model of sigmoid: ") as caught:
        module.Model.load(tmp_path / "m.npz")
    assert message in str(caught.value)


# ---- tables --------------------------------------------------------------------------------------

CELLS = (
    "1", "-2.5", "1e308", "-1e308", "1e309", "5e-324", "0", "nan", "inf", "", " ", "F", "M", "01",
    "=1+1", "é", "\x1b[31m", "1,5", '"', "a\nb", "\0", "1" * 5000, "1_000", "0x10", "\udcff", "½",
)  # fmt: skip


def odd_table(rng: random.Random) -> bytes:
    """A table that is nearly one of weights, heights and sexes."""
    header = ["weight", "height", "sex"]
    rows = [[str(w), str(h), s] for (w, h), s in zip(X[:12].tolist(), SEX[:12], strict=True)]
    for _ in range(rng.choice((0, 0, 1, 1, 2, 5))):
        row = rng.choice([header, *rows])
        kind = rng.randrange(4)
        if kind == 0 and row:
            row[rng.randrange(len(row))] = rng.choice(CELLS)
        elif kind == 1 and row:
            del row[rng.randrange(len(row))]
        elif kind == 2:
            row.insert(rng.randrange(len(row) + 1), rng.choice(CELLS))
        else:
            column = rng.randrange(3)
            cell = rng.choice(CELLS)
            for other in rows:
                if len(other) > column:
                    other[column] = cell
    if rng.random() < 0.1:
        extra = [f"c{k}" * rng.choice((1, 50)) for k in range(rng.choice((1, 300)))]
        header += extra
        rows = [[*row, *("0" for _ in extra)] for row in rows]
    text = io.StringIO()
    csv.writer(text, delimiter=rng.choice(",,,,;\t"), quoting=rng.choice((0, 0, 1))).writerows(
        [header, *rows[: rng.choice((0, 1, 3, 12, 12, 12))]]
    )
    content = text.getvalue().encode(errors="surrogateescape")
    if rng.random() < 0.1:
        content = rng.choice((b"\xef\xbb\xbf", b"\xff\xfe", b"PK\x03\x04", b"\0")) + content
    return content[: rng.randrange(len(content) + 1)] if rng.random() < 0.1 else content


def train_on(seed: int, here: Path, capsys: pytest.CaptureFixture[str]) -> int:
    rng = random.Random(seed)
    (here / "data.csv").write_bytes(odd_table(rng))
    (here / "model.npz").unlink(missing_ok=True)
    module = stubs.module("sigmoid")
    codes = []
    for command in (
        "train data.csv --target sex --epochs 1 --quiet",
        "predict data.csv",
        "score data.csv",
    ):
        codes.append(module.main(command.split()))
        out, err = capsys.readouterr()
        assert err.count("\n") == (codes[-1] != 0)
        assert len(err) <= LONGEST_ERROR + 1
        assert all(c.isprintable() for c in err.rstrip("\n"))
        if codes[0]:
            assert not (here / "model.npz").exists()
            break
    assert set(codes) <= {0, 2}
    return codes[0]


def test_odd_tables(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    codes = [train_on(seed, here, capsys) for seed in range(30)]
    assert 0 in codes
    assert 2 in codes


@pytest.mark.slow
def test_three_hundred_odd_tables(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    codes = [train_on(seed, here, capsys) for seed in range(30, 330)]
    assert 40 < codes.count(0) < 260
