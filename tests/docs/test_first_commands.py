"""The README's commands, as printed and in their order, in an empty folder, from a wheel."""

import os
import stat
import sys
import zipfile
from pathlib import Path

import pytest

from tests.docs.test_docs import ROOT, Page, blocks

pytestmark = pytest.mark.slow


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """What a wheel puts into an environment, before the clone on every path."""
    monkeypatch.chdir(tmp_path)  # back from where the commands have gone
    wheel = pytest.importorskip("hatchling.builders.wheel").WheelBuilder(str(ROOT))
    (built,) = wheel.build(directory=str(tmp_path / "dist"), versions=["standard"])
    site, programs = tmp_path / "site", tmp_path / "bin"
    zipfile.ZipFile(built).extractall(site)
    programs.mkdir()
    program = programs / "chainrule"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m chainrule "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    path = f"{programs}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(site), "COLUMNS": "80"}


def test_they_work_from_a_wheel(installed, tmp_path):
    page = Page(tmp_path / "empty", environment=installed)
    page.folder.mkdir()
    wrong = []
    for block in blocks(ROOT / "README.md"):
        file = block.kind == "toml" and not block.about
        if block.kind == "console" or file:
            problem = page.run(block)
            wrong += [f"README.md:{block.line}: {problem}"] if problem else []
    assert not wrong, "\n\n".join(wrong)
