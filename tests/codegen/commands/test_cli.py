"""The command: what it prints, what it writes, how it ends."""

import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from codegen.cli import main
from codegen.documents.formats.pdf import have_tex
from codegen.files import write_whole
from codegen.pipeline import DTYPES, STYLES, TARGETS

ROOT = Path(__file__).parents[3]
GENDER = str(ROOT / "generated" / "gender" / "gender.toml")
DESCENT = str(ROOT / "generated" / "descent" / "descent.toml")

TINY = """
name = "tiny"
equations = "E = sum(i, w[i]**2)"
objective = "E"
parameters = ["w"]
sizes = { i = 2 }
"""


@pytest.fixture
def run(capsys):
    """The command in this process: its exit code, its output, its errors."""

    def run(*arguments):
        capsys.readouterr()
        code = main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def tiny(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(TINY)
    return path


def command(*arguments, **more):
    """The command as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "codegen.cli", *map(str, arguments)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        **more,
    )


def refused(result):
    """One clear line per error, nothing else."""
    code, out, err = result
    assert code == 2
    assert out == ""
    assert err
    assert all(line.startswith("error: ") for line in err.splitlines()), err
    assert "Traceback" not in err
    return err


# ---- the line itself -------------------------------------------------------------------------


def test_help_names_every_command(run):
    for arguments in ([], ["--help"], ["-h"]):
        code, out, err = run(*arguments)
        assert (code, err) == (0, "")
        for name in ("derive", "emit", "check", "layers", "demo"):
            assert f"  {name}" in out
        assert max(map(len, out.splitlines())) <= 80


def test_help_of_emit_says_what_there_is(run):
    _, out, _ = run("emit", "--help")
    for option, known in OPTIONS.items():
        row = re.search(rf"{option} +[A-Z]+ +([^.]*)\.", out)[1]
        assert re.split(r", | or ", row) == list(known), option


OPTIONS = {"--target": TARGETS, "--style": STYLES, "--dtype": DTYPES}


def test_help_imports_nothing_that_takes_time():
    """0.3 s for the whole process is a benchmark; what it hangs on is this."""
    program = (
        "import sys; from codegen.cli import main; main(['--help']); "
        "heavy = {'sympy', 'numpy', 'pydantic', 'jinja2', 'rich'} & set(sys.modules); "
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_version(run):
    code, out, _ = run("--version")
    assert code == 0
    assert out.startswith("chainrule ")


@pytest.mark.parametrize(
    ("arguments", "likely"),
    [
        (["emitt", "x"], "emit"),
        (["emit", "x", "--styl", "plain"], "--style"),
        (["derive", "x", "--formt", "tex"], "--format"),
        (["emit"], "SPEC"),
        (["layers", "sigmoit"], "sigmoid"),
        (["emit", GENDER, "--style", "plane"], "plain"),
        (["emit", GENDER, "--dtype", "float16"], "float64"),
        (["emit", GENDER, "--target", "nunpy"], "numpy"),
        (["emit", GENDER, "--part", "maths"], "math"),
        (["derive", GENDER, "--format", "tx"], "tex"),
        (["derive", GENDER, "--lang", "fr"], "known: en"),
        (["derive", GENDER, "--notation", "indices"], "index"),
        (["derive", GENDER, "--detail", "step"], "steps"),
        (["derive", GENDER, "-o", "out.ps"], "pdf"),
        (["check", GENDER, "-o", "report.pdf"], ".txt, .json, .md"),
        (["derive", GENDER, "--format", "pdf"], "-o"),
        (["check", "-", "--against", "-"], "standard input"),
        (["emit", "no/such/spec.toml"], "no/such/spec.toml"),
        (["emit", str(ROOT / "generated")], "folder"),
        (["check", GENDER, "--against", "no-such-file"], "no-such-file"),
    ],
)
def test_what_cant_be_served_is_told_with_the_likely_cure(run, arguments, likely):
    err = refused(run(*arguments))
    assert likely in err
    assert len(err.splitlines()) == 1


def test_all_errors_of_a_spec_at_once(run, tmp_path):
    path = tmp_path / "net.toml"
    path.write_text(
        'inputs = { x = [2] }\nloss = "squared_eror"\n'
        '[[layers]]\ntype = "dens"\n[[layers]]\ntype = "dense"\nunit = 3\n'
    )
    err = refused(run("emit", path))
    assert len(err.splitlines()) >= 3
    assert all(str(path) in line for line in err.splitlines())
    for meant in ("squared_error", "dense", "units"):
        assert f"'{meant}'" in err


def test_a_warning_goes_to_standard_error(run, tmp_path):
    path = tmp_path / "loose.toml"
    path.write_text(
        'equations = """\nu[i] = v[i]\nE = sum(i, w[i]**2)\n"""\nobjective = "E"\n'
        'parameters = ["w", "v"]\nsizes = { i = 2 }\n'
    )
    code, out, err = run("emit", path)
    assert code == 0
    assert "def gradients(" in out
    assert err.startswith("warning: ")
    assert "v" in err


# ---- derive ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ending", "holds"),
    [("tex", "\\documentclass"), ("md", "# descent"), ("json", '"schema"')],
)
def test_derive_by_the_files_ending_or_by_name(run, tmp_path, ending, holds):
    target = tmp_path / f"descent.{ending.upper()}"
    assert run("derive", DESCENT, "-o", target) == (0, "", "")
    text = target.read_text(encoding="utf-8")
    assert holds in text
    code, named, told = run("derive", DESCENT, "--format", ending)
    assert (code, told) == (0, "")
    # a text of its own has its pictures within it, a file has them beside it
    assert re.sub(r"\]\(.*?\)", "]", named) == re.sub(r"\]\(.*?\)", "]", text)


def test_derive_options(run):
    texts = {
        arguments: run("derive", GENDER, *arguments)[1]
        for arguments in [
            (),
            ("--format", "tex", "--notation", "both", "--detail", "steps", "--lang", "en"),
            ("--notation", "matrix"),
            ("--notation", "index"),
            ("--detail", "result"),
            ("--detail", "full"),
        ]
    }
    assert all(texts.values())
    assert len(set(texts.values())) == 5  # the second says what goes without saying


@pytest.mark.tex
@pytest.mark.skipif(not have_tex(), reason="no pdflatex here")
def test_derive_a_pdf(run, tmp_path):
    assert run("derive", DESCENT, "-o", tmp_path / "descent.pdf") == (0, "", "")
    assert (tmp_path / "descent.pdf").read_bytes().startswith(b"%PDF")
    assert os.listdir(tmp_path) == ["descent.pdf"]


def test_a_pdf_without_tex(run, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "pdflatex isn't here" in refused(run("derive", DESCENT, "-o", tmp_path / "a.pdf"))
    assert os.listdir(tmp_path) == []


# ---- emit, check, layers ---------------------------------------------------------------------


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


def test_check_prints_a_table_of_80_columns(run):
    code, out, err = run("check", GENDER)
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    for kind in ("exact", "numeric", "steps", "module"):
        assert f"\n{kind}" in out
    assert "all checks pass" in out


def test_check_as_json(run):
    code, out, _ = run("check", DESCENT, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["ok"] is True
    assert {"exact", "numeric", "steps", "module"} <= {row["check"] for row in found["checks"]}


RIGHT = """
dz2[n,i] = (y2[n,i] - t[n,i])*y2[n,i]*(1 - y2[n,i])/size(n)
dW2[i,j] = sum(n, dz2[n,i]*y1[n,j])
db2[i] = sum(n, dz2[n,i])
dz1[n,j] = y1[n,j]*(1 - y1[n,j])*sum(i, dz2[n,i]*W2[i,j])
dW1[i,j] = sum(n, dz1[n,i]*x[n,j])
"""


def test_check_against_formulas_by_hand(run, tmp_path):
    by_hand = tmp_path / "by_hand.txt"
    by_hand.write_text(RIGHT)
    code, out, _ = run("check", GENDER, "--against", by_hand)
    assert code == 0
    assert out.count("\nformula") == 5
    by_hand.write_text(RIGHT.replace("(y2[n,i] - t[n,i])", "(t[n,i] - y2[n,i])"))
    code, out, err = run("check", GENDER, "--against", by_hand)
    assert (code, err) == (1, "")
    assert "wrong" in out
    code, out, _ = run("check", GENDER, "--against", by_hand, "--json")
    assert code == 1
    found = json.loads(out)
    assert found["ok"] is False
    assert [row["tensor"] for row in found["formulas"] if row["verdict"] == "different"]


def test_formulas_that_cant_be_read(run, tmp_path):
    by_hand = tmp_path / "by_hand.txt"
    by_hand.write_text("dW2[i,j] = sum(n, dz2[n,i]*y1[n,k])")
    assert "k" in refused(run("check", GENDER, "--against", by_hand))
    by_hand.write_bytes(b"dW2 = \xff")
    assert "UTF-8" in refused(run("check", GENDER, "--against", by_hand))


def without_an_equation(entry, shown):
    """The values by which something is differentiated on the way, and that no equation gives."""
    lines = re.sub(r"\n {6}", " ", shown).splitlines()  # long equations on one line again
    given = {*entry.inputs, *(p.name for p in entry.parameters), entry.output}
    given |= {m.group(1) for x in lines if (m := re.match(r"  (?:where )?(\w+)(\[.*?\])? =", x))}
    right = " ".join(x.split(" = ", 1)[-1] for x in lines)
    return {n for n in re.findall(r"\bd(\w+)\[", right) if f"d{n}" in given} - given


def test_layers_lists_and_shows_the_whole_catalogue(run):
    from derive.catalogue import entries

    code, page, err = run("layers")
    assert (code, err) == (0, "")
    for entry in entries():
        assert f"  {entry.name} " in page
        code, shown, err = run("layers", entry.name)
        assert (code, err) == (0, "")
        assert shown.startswith(f"{entry.name}: ")
        assert max(map(len, shown.splitlines())) <= 80
        differentiable = entry.kind in ("layer", "activation", "loss") and entry.equations
        assert ("derived just now" in shown) == bool(differentiable)
        if differentiable:
            assert without_an_equation(entry, shown) == set()
        if entry.source:
            assert "\nsource\n" in shown
        if entry.kink:
            assert "\nat a kink\n" in shown


def test_an_entry_shows_its_derived_gradients(run):
    _, dense, _ = run("layers", "dense")
    assert "  dW[i,j] = sum(n, dz[n,i]*x[n,j])\n" in dense
    assert "  db[i] = sum(n, dz[n,i])\n" in dense
    _, tanh, _ = run("layers", "tanh")
    assert "  dx[n,i] = dy[n,i]*(1 - y[n,i]**2)\n" in tanh
    _, loss, _ = run("layers", "softmax_cross_entropy")
    assert "  dy[n,i] = " in loss


# ---- output that goes wrong ------------------------------------------------------------------


def test_no_partial_file_where_the_spec_is_wrong(run, tmp_path, tiny):
    tiny.write_text(TINY.replace("w[i]**2", "w[i]**"))
    before = tiny.read_bytes()
    refused(run("emit", tiny, "-o", tmp_path / "out.py"))
    assert tiny.read_bytes() == before
    assert os.listdir(tmp_path) == ["tiny.toml"]


def test_where_it_cant_be_written(run, tmp_path, tiny):
    assert "folder" in refused(run("emit", tiny, "-o", tmp_path))
    assert "no such folder" in refused(run("emit", tiny, "-o", tmp_path / "a" / "b.py"))
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


def test_an_interrupt_is_told_in_a_line(run, tiny, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("codegen.commands.emit.emit", interrupted)
    assert run("emit", tiny) == (130, "", "error: interrupted\n")


def test_our_own_faults_are_told_in_a_line_too(run, tiny, monkeypatch):
    def fails(*_, **__):
        raise KeyError("oops")

    monkeypatch.setattr("codegen.commands.emit.emit", fails)
    assert "report" in refused(run("emit", tiny))


# ---- files -----------------------------------------------------------------------------------


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


def test_what_was_there_stays_where_writing_fails(tmp_path, monkeypatch):
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
