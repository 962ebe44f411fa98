"""`docs/extending.md`: every diff applies to the tree as it is, and gives what the page says."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.sampled

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
SECTIONS = {
    section.partition("\n")[0]: section
    for section in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
}
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TREE = ("derive", "codegen", "tests", "pyproject.toml")


@pytest.mark.parametrize("title", SECTIONS)
def test_a_change_is_whole(title, tmp_path):
    fences = _FENCE.findall(SECTIONS[title])
    changes = [text for kind, text in fences if kind == "diff"]
    programs = [text for kind, text in fences if kind == "python"]
    assert changes and programs, "a section has a diff and a program"
    for name in TREE:
        _copy(ROOT / name, tmp_path / name)
    for change in changes:
        _run(["git", "apply", "--whitespace=nowarn", "-"], tmp_path, change)
    for program in programs:
        _run([sys.executable, "-c", program], tmp_path)
    added = re.findall(r"^\+(?:async )?def (test_\w+)", "".join(changes), re.MULTILINE)
    files = re.findall(r"^\+\+\+ b/(tests/\S+)", "".join(changes), re.MULTILINE)
    assert files, "a change has its test"
    chosen = ["-k", " or ".join([*added, "every"])]
    _run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *files, *chosen],
        tmp_path,
    )


def _copy(here, there):
    if here.is_dir():
        shutil.copytree(here, there, ignore=shutil.ignore_patterns("__pycache__", "vendored"))
    else:
        shutil.copy(here, there)


def _run(command, folder, given=None):
    done = subprocess.run(
        command,
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"},
        input=given,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
