"""`chainrule demo`: the main job on real data."""

import csv
import os
import re
import subprocess
import sys
from html import escape
from pathlib import Path

import numpy as np
import pytest

import codegen.demo.command
from codegen.cli import main
from codegen.demo.experiment import SAMPLE
from codegen.demo.page import COMMANDS
from codegen.demo.people import read_people
from derive.checks.report import Row
from derive.errors import ChainruleError

ROOT = Path(__file__).parents[3]
GENERATED = ROOT / "generated" / "gender"
DATA = ROOT / "codegen" / "data"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("demo") / "new" / "folder"


@pytest.fixture(scope="module")
def said(folder):
    """What a whole run prints; the files are in `folder`."""
    done = subprocess.run(
        [sys.executable, "-m", "codegen.cli", "demo", "-o", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""  # the bar is for terminals
    return done.stdout


def test_it_says_what_it_does_in_80_columns(said):
    lines = said.splitlines()
    assert max(map(len, lines)) <= 80
    for part in ("spec", "derivation", "module", "checks", "training", "held out", "sample"):
        assert any(line.startswith(part) for line in lines)
    assert "row 12 has weight and height swapped" in said
    assert "all 17 pass" in said


def test_the_report_is_the_committed_one(said, folder):
    report = (GENERATED / "report.txt").read_text(encoding="utf-8")
    assert (folder / "report.txt").read_text(encoding="utf-8") == report
    assert report in said


def test_the_files(said, folder):
    for name in ("gender.toml", "gender.tex", "gender.py"):
        assert (folder / name).read_bytes() == (GENERATED / name).read_bytes()
    assert "all checks pass" in (folder / "checks.txt").read_text()
    assert not list(folder.glob("*.part"))
    assert not list(folder.glob(".*"))


def test_the_spec_is_the_showcases(said):
    assert (DATA / "gender.toml").read_bytes() == (GENERATED / "gender.toml").read_bytes()


def test_the_pictures(said, folder):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib (the extra 'pictures')")
    for name in ("loss.png", "boundary.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG")
    assert "loss.png, boundary.png" in said


def test_the_page_links_what_is_there(said, folder):
    page = (folder / "index.html").read_text(encoding="utf-8")
    links = re.findall(r'(?:href|src)="([^"]+)"', page)
    assert {"gender.html", "gender.py", "checks.txt"} <= set(links)
    assert all((folder / link).is_file() for link in links)
    assert escape((folder / "report.txt").read_text()) in page
    assert "<script" not in page and "http" not in page.replace("http-equiv", "")
    assert (folder / "gender.html").read_text(encoding="utf-8").endswith("</html>\n")
    assert re.search(r"page +open .*index\.html and go on there", " ".join(said.split()))


@pytest.mark.slow
def test_what_the_page_says_to_go_on_with_works(said, folder):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for command, _ in COMMANDS:
        done = subprocess.run(
            ["bash", "-c", command], cwd=folder, env={**os.environ, "PATH": path}, check=False
        )
        assert done.returncode == 0, command


def test_the_module_goes_on_by_itself(said, folder):
    """The saved model knows how it standardised, and needs nothing of ours."""
    done = subprocess.run(
        [sys.executable, "gender.py", "predict", "people.csv", "--model", "gender.npz"],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    predicted = [row["prediction"] for row in csv.DictReader(done.stdout.splitlines())]
    people = read_people()
    assert len(predicted) == 200
    assert np.mean(np.array(predicted) == people.sex) > 0.85


def test_the_swapped_row_is_put_right():
    original = (DATA / "davis.csv").read_text().splitlines()
    assert original[12] == "166,57,F"
    people = read_people()
    assert people.swapped == 12
    assert people.x[11].tolist() == [57, 166]
    assert people.csv().splitlines()[12] == "57,166,F"
    mended = people.csv().splitlines()
    assert [a for a, b in zip(original, mended, strict=True) if a != b] == ["166,57,F"]


def test_a_quarter_of_each_sex_is_held_out():
    people = read_people()
    _, sex = people.part(held_out=True)
    assert ((sex == "F").sum(), (sex == "M").sum()) == (28, 22)
    assert len(people.part(held_out=False)[0]) == 150
    assert (read_people().held_out == people.held_out).all()


def test_the_sample_is_nobody_of_them():
    assert not (read_people().x == SAMPLE).all(axis=1).any()


def test_what_is_missing_is_told_in_a_line(tmp_path, capsys, monkeypatch):
    real = codegen.demo.command.document

    def without_tex(derivation, format="tex", **more):
        if format == "pdf":
            raise ChainruleError("there is no pdflatex here")
        return real(derivation, format=format, **more)

    monkeypatch.setattr(codegen.demo.command, "document", without_tex)
    monkeypatch.setattr(codegen.demo.command, "find_spec", lambda name: None)
    assert main(["demo", "-o", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert "no PDF: there is no pdflatex here" in out
    assert "matplotlib isn't here" in out
    assert err == ""
    assert not list(tmp_path.glob("*.p[dn][fg]"))


def test_a_check_that_fails_is_exit_1(tmp_path, capsys, monkeypatch):
    wrong = Row("W1", "module", "wrong", "dW1 is 1, the equations give 2")
    monkeypatch.setattr(codegen.demo.command, "verify_module", lambda derivation: (wrong,))
    assert main(["demo", "-o", str(tmp_path)]) == 1
    assert "WRONG: module W1" in capsys.readouterr().out
