"""Files of models: what is refused, a failed write, no pickle."""

import errno
import os
import pickle
import re
from typing import Any

import numpy as np
import pytest

from tests.codegen.targets.estimator import stubs
from tests.codegen.targets.estimator.training_data import X, fitted

pytestmark = pytest.mark.sampled


def test_files_that_hold_no_such_model(tmp_path: Any) -> None:
    Model = stubs.module("sigmoid").Model
    path = tmp_path / "m.npz"
    fitted("softmax").save(path)
    with pytest.raises(ValueError, match="no model of sigmoid: it holds the model softmax"):
        Model.load(path)
    whole = path.read_bytes()
    np.save(tmp_path / "one.npy", X)
    array = (tmp_path / "one.npy").read_bytes()
    for content in (b"", b"junk", whole[: len(whole) // 2], pickle.dumps([1]), array):
        path.write_bytes(content)
        refused(Model, path, "is not an .npz file of arrays")
    np.savez(path, about=np.array({"name": "sigmoid"}, dtype=object))
    refused(Model, path, "is not an .npz file of arrays")
    np.savez(path, x=X)
    refused(Model, path, "holds no model of sigmoid: there is no 'about'")
    np.savez(path, about="{}")
    refused(Model, path, "holds no model of sigmoid: there is no 'name'")
    np.savez(path, about="sigmoid")
    refused(Model, path, "holds no model of sigmoid: its text 'about' is not JSON")
    with pytest.raises(FileNotFoundError, match=r"there is no file .*none\.npz; save"):
        Model.load(tmp_path / "none.npz")


def refused(Model: Any, path: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(f'{path} {message}')}$"):
        Model.load(path)


def test_a_failed_save_leaves_no_file_behind(tmp_path: Any) -> None:
    model = fitted("sigmoid", epochs=1)
    folder = tmp_path / "folder"
    folder.mkdir()
    for path, reason in (
        (folder, "it is a folder"),
        (f"{folder}/", "it is a folder"),
        (tmp_path / "none" / "m.npz", f"there is no folder {tmp_path / 'none'}"),
    ):
        message = re.escape(f"{path} can't be written: {reason}")
        with pytest.raises(ValueError, match=f"^{message}$"):
            model.save(path)
    with pytest.raises(ValueError, match=r" \.\.\. .*can't be written: File name too long$"):
        model.save(tmp_path / ("long" * 100))
    assert list(tmp_path.rglob("*")) == [folder]


def test_a_full_disk_keeps_the_old_file(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.npz"
    model = fitted("sigmoid", epochs=1)
    model.save(path)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ValueError, match=r"m\.npz can't be written: No space left on device"):
        model.set_params(epochs=2).save(path)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == before


def test_no_pickle_inside(tmp_path: Any) -> None:
    path = tmp_path / "m.npz"
    fitted("softmax", epochs=np.int64(2)).save(path)
    with np.load(path, allow_pickle=False) as file:
        kinds = {name: file[name].dtype.kind for name in file.files}
    assert kinds["about"] == kinds["classes_"] == "U"
    assert kinds["params_/W"] == kinds["state_/velocity/W"] == "f"
