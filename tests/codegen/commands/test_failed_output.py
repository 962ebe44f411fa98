"""A command that cannot write, or is stopped: no partial file, and an error of one line."""

import os
import subprocess
import sys

import pytest

from tests.codegen.commands.running import ROOT, TINY, command, refused


def test_no_partial_file_where_the_spec_is_wrong(run, tmp_path, tiny):
    tiny.write_text(TINY.replace("w[i]**2", "w[i]**"))
    before = tiny.read_bytes()
    refused(run("emit", tiny, "-o", tmp_path / "out.py"))
    assert tiny.read_bytes() == before
    assert os.listdir(tmp_path) == ["tiny.toml"]


def test_an_output_path_that_cannot_be_written_is_refused(run, tmp_path, tiny):
    assert "folder" in refused(run("emit", tiny, "-o", tmp_path))
    assert "no such folder" in refused(run("emit", tiny, "-o", tmp_path / "a" / "b.py"))
    nowhere = tmp_path / "a" / "x.md"  # and no picture of it
    assert f"{nowhere}: there is no such folder" in refused(run("derive", tiny, "-o", nowhere))
    assert "is a file" in refused(run("emit", tiny, "-o", tiny / "b.py"))
    assert "is a file" in refused(run("demo", "-o", tiny))
    assert os.listdir(tmp_path) == ["tiny.toml"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a full device")
def test_a_full_device(run, tiny):
    assert "no space" in refused(run("emit", tiny, "-o", "/dev/full"))
    with open("/dev/full", "wb") as full, command("emit", tiny, stdout=full) as process:
        _, err = process.communicate()
    assert process.returncode == 2
    assert err == b"error: standard output: no space is left there\n"


def test_a_closed_output(tiny):
    with command("emit", tiny, stdout=subprocess.PIPE) as process:
        process.stdout.close()  # a reader that went before the first word
        err = process.stderr.read()
        assert (process.wait(), err) == (0, b"")
    done = subprocess.run(
        f"{sys.executable} -m codegen.cli emit {tiny} >&-",
        shell=True,
        check=False,
        cwd=ROOT,
        stderr=subprocess.PIPE,
    )
    assert done.returncode == 2
    assert done.stderr == b"error: standard output: it is closed\n"


def test_an_interrupt_is_reported_in_one_line(run, tiny, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("codegen.commands.emit.emit", interrupted)
    assert run("emit", tiny) == (130, "", "error: interrupted\n")


def test_an_internal_error_is_reported_in_one_line(run, tiny, monkeypatch):
    def fails(*_, **__):
        raise KeyError("oops")

    monkeypatch.setattr("codegen.commands.emit.emit", fails)
    assert "report" in refused(run("emit", tiny))
