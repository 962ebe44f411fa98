"""`emit`: the module in a file or on standard output, its options, a spec from standard input."""

import os
import subprocess

from tests.codegen.commands.running import GENDER, command


def test_emit_to_a_file_and_to_standard_output_are_the_same(run, tmp_path):
    code, out, err = run("emit", GENDER)
    assert (code, err) == (0, "")
    target = tmp_path / "gender.py"
    assert run("emit", GENDER, "-o", target) == (0, "", "")
    assert target.read_text(encoding="utf-8") == out
    assert os.listdir(tmp_path) == ["gender.py"]


def test_emit_options(run):
    _, out, _ = run("emit", GENDER, "--part", "math", "--dtype", "float32")
    assert "DTYPE = np.float32" in out
    assert "class Model" not in out


def test_a_spec_from_standard_input(tiny):
    for arguments in (["emit", "-"], ["check", "-"]):
        with (
            tiny.open() as file,
            command(*arguments, stdin=file, stdout=subprocess.PIPE) as process,
        ):
            out, err = process.communicate()
        assert (process.returncode, err) == (0, b"")
        assert b"tiny" in out
