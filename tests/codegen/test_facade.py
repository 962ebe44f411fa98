"""`import chainrule as cr`: the names of both packages, fetched late, never of another package."""

import subprocess
import sys

import chainrule as cr
import pytest

import codegen
import derive


def test_its_names_are_those_of_both_packages():
    assert cr.__all__ == sorted({*derive.__all__, *codegen.__all__}) == dir(cr)
    for part in (derive, codegen):
        assert all(getattr(cr, name) is getattr(part, name) for name in part.__all__)
    with pytest.raises(AttributeError, match="'chainrule' has no attribute 'fit'"):
        _ = cr.fit


def test_importing_it_imports_nothing_that_takes_time():
    code = "import chainrule, sys; print({'sympy', 'numpy', 'typer'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_another_package_of_the_same_name_is_told(tmp_path):
    (tmp_path / "codegen.py").write_text("")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import chainrule"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    told = done.stderr.splitlines()[-1]
    assert "another package called codegen is installed here" in told and "codegen.py" in told
