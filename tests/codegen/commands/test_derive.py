"""`derive`: the formats it writes, its options, and a PDF without TeX."""

import os
import re

import pytest

from tests.codegen.commands.running import DESCENT, GENDER, refused


@pytest.mark.parametrize(
    ("ending", "holds"),
    [("tex", "\\documentclass"), ("md", "# descent"), ("json", '"schema"')],
)
def test_the_format_is_chosen_by_the_files_ending_or_by_name(run, tmp_path, ending, holds):
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
def test_derive_a_pdf(run, tmp_path):
    assert run("derive", DESCENT, "-o", tmp_path / "descent.pdf") == (0, "", "")
    assert (tmp_path / "descent.pdf").read_bytes().startswith(b"%PDF")
    assert os.listdir(tmp_path) == ["descent.pdf"]


def test_a_pdf_without_tex(run, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "pdflatex isn't here" in refused(run("derive", DESCENT, "-o", tmp_path / "a.pdf"))
    assert os.listdir(tmp_path) == []
