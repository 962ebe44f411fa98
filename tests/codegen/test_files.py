"""Files are written whole: replaced at once, or left as they were."""

import errno
import os
from pathlib import Path

import pytest

from codegen.files import write_whole


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "out.txt"
    write_whole(path, "first, δ")
    path.chmod(0o640)
    write_whole(path, b"second")
    assert path.read_bytes() == b"second"
    assert path.stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == ["out.txt"]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "link").symlink_to("real")
    write_whole(tmp_path / "link", "text")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "text"


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "out.txt"
    path.write_text("before")

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"out\.txt"):
        write_whole(path, "after")
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["out.txt"]


def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    write_whole("/dev/null", "nothing")
    assert not Path("/dev/null").is_file()
