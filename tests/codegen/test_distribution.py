"""What is handed out holds every file that it needs, and says what it is."""

import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FACADE = "codegen/facade/"


def committed(*folders):
    command = ["git", "ls-files", "-z", *folders]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("no clone, so nobody knows what belongs to it")
    return {name for name in done.stdout.split("\0") if name and (ROOT / name).exists()}


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_it_holds_every_committed_file(kind):
    plugin = pytest.importorskip("hatchling.plugin.manager").PluginManager()
    builder = plugin.builder.collect()[kind](str(ROOT), plugin_manager=plugin)
    packed = {f.distribution_path for f in builder.recurse_selected_project_files()}
    if kind == "sdist":
        assert committed() <= packed
    else:
        files = committed("derive", "codegen")
        assert {f.removeprefix(FACADE) for f in files} <= packed
        assert {"codegen/templates/module.py.j2", "derive/py.typed", "chainrule/py.typed"} <= packed


def test_the_citation_has_the_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"version: {project['version']}\n" in (ROOT / "CITATION.cff").read_text()
