"""`emit`: the module in a file or on standard output, its options, a spec from standard input."""

import os
import subprocess

from tests.codegen.commands.running import GENDER, command, refused


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


def test_c_is_two_files(run, tmp_path):
    assert run("emit", GENDER, "--target", "c", "-o", tmp_path / "gender.c") == (0, "", "")
    assert sorted(os.listdir(tmp_path)) == ["gender.c", "gender.h"]
    text = (tmp_path / "gender.c").read_text(encoding="utf-8")
    assert '#include "gender.h"' in text
    assert "/* dz1[n,i] = sum(j, dz2[n,j]*W2[j,i])*y1[n,i]*(1 - y1[n,i]) */" in text


def test_c_in_a_python_module(run, tmp_path):
    path = tmp_path / "gender.py"
    assert run("emit", GENDER, "--target", "c", "-o", path) == (0, "", "")
    assert "int net_train_step(" in path.read_text(encoding="utf-8")


def test_c_under_a_strange_name(run, tmp_path):
    strange = tmp_path / 'a".c'
    assert "name" in refused(run("emit", GENDER, "--target", "c", "-o", strange))
    assert os.listdir(tmp_path) == []


def test_a_header_of_somebody_else_stays(run, tmp_path):
    header = tmp_path / "gender.h"
    header.write_text("int mine;\n")
    assert "is not ours" in refused(
        run("emit", GENDER, "--target", "c", "-o", header.with_suffix(".c"))
    )
    assert header.read_text() == "int mine;\n"
    assert not header.with_suffix(".c").exists()


def test_passes_are_told_in_place_of_the_module(run, tmp_path):
    code, out, err = run("emit", GENDER, "--explain-passes")
    assert (code, err) == (0, "")
    assert "without_unused: What nothing needs later is left out" in out
    assert "  _evaluate: left out x\n" in out
    target = tmp_path / "gender.py"
    assert run("emit", GENDER, "--explain-passes", "-o", target) == (0, out, "")
    assert target.read_text(encoding="utf-8") == run("emit", GENDER)[1]


def test_c_for_a_small_device(run, tmp_path):
    small = "emit", GENDER, "--target", "c", "--device", "small"
    code, out, err = run(*small, "-o", tmp_path / "gender.c")
    assert (code, err) == (0, "")
    arena, size = out.splitlines()
    assert arena == "arena: N*32 + 56 bytes" and size.startswith("code: ")
    assert "typedef float real;" in (tmp_path / "gender.h").read_text(encoding="utf-8")
    assert "-o net.c" in refused(run(*small, "-o", tmp_path / "gender.py"))
    assert "-o net.c" in refused(run(*small))
    assert sorted(os.listdir(tmp_path)) == ["gender.c", "gender.h"]
