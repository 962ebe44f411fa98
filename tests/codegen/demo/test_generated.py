"""`generated/` is what chainrule writes today, byte for byte, and nothing else lies there."""

import ast
import sys
from pathlib import Path

import pytest

from codegen.demo.showcase import GENERATED, INDEX, index, specs, stale, written

ROOT = Path(__file__).parents[3]
HOW = "run `make generated`, look at the change, and commit it"


@pytest.mark.parametrize("spec", specs(), ids=lambda p: p.stem)
def test_every_byte(spec):
    for name, text in written(spec).items():
        path = spec.with_name(name)
        assert path.is_file(), HOW
        assert path.read_bytes() == text.encode(), f"{path}: {HOW}"


def test_each_folder_has_its_own_spec():
    folders = [p.name for p in GENERATED.iterdir() if p.is_dir()]
    assert sorted(folders) == [spec.stem for spec in specs()]
    assert all(spec.stem == spec.parent.name for spec in specs())


def test_the_index_and_nothing_stale():
    assert (GENERATED / INDEX).read_bytes() == index().encode(), HOW
    assert index().count("\n| [") == len(specs())
    assert stale() == [], HOW


@pytest.mark.parametrize("spec", specs(), ids=lambda p: p.stem)
def test_modules_import_numpy_alone(spec):
    tree = ast.parse(spec.with_suffix(".py").read_text(encoding="utf-8"))
    imported = set()
    for node in tree.body:  # scikit-learn's tags are asked for by scikit-learn alone, inside
        if isinstance(node, ast.Import):
            imported.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module)
    assert {name.partition(".")[0] for name in imported} - set(sys.stdlib_module_names) == {"numpy"}
