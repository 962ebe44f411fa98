"""The command line itself: help, version, and what it says of errors and warnings."""

import re
import subprocess
import sys

import pytest

from codegen.pipeline import DTYPES, STYLES, TARGETS
from tests.codegen.commands.running import GENDER, ROOT, refused


def test_help_names_every_command(run):
    for arguments in ([], ["--help"], ["-h"]):
        code, out, err = run(*arguments)
        assert (code, err) == (0, "")
        for name in ("derive", "emit", "check", "layers", "demo"):
            assert f"  {name}" in out
        assert max(map(len, out.splitlines())) <= 80


def test_help_of_emit_lists_the_values_of_each_option(run):
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
        (["emit", GENDER, "--target", "c", "--device", "smal", "-o", "net.c"], "small"),
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
def test_a_refused_command_line_names_the_likely_cure(run, arguments, likely):
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
