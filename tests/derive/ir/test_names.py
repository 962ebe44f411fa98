"""Names that say what a tensor is are made and taken apart in one place."""

import re
from pathlib import Path

import pytest

from derive.ir.names import (
    adjoint_of,
    as_written,
    current_of,
    is_adjoint,
    is_next,
    next_of,
    primal_of,
    without_marks,
    without_next,
)

NAMES = ["W1", "b", "d", "next", "beta_2", "dz1", "inv(X)"]
APART = re.compile(
    r'startswith\("(d|next\()"\)|remove(prefix|suffix)\("(d|next\(|\))"\)|\[5:-1\]|"next\(\{|f"d\{'
)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_comes_back(name):
    assert current_of(next_of(name)) == name == primal_of(adjoint_of(name))
    assert is_next(next_of(name))
    assert is_adjoint(adjoint_of(name))
    assert not is_next(name)
    assert current_of(name) == name
    assert without_marks(f"{as_written(name)} + 1") == f"{name} + 1"
    assert without_next(f"s_{next_of('W1')}") == "s_W1"


def test_a_tensor_called_d_is_no_derivative():
    assert not is_adjoint("d")
    assert primal_of("d") == primal_of("W1") == ""


def test_nobody_else_takes_names_apart():
    files = (p for room in ("derive", "codegen") for p in Path(room).rglob("*.py"))
    found = [f"{p}: {m[0]}" for p in files for m in APART.finditer(p.read_text())]
    assert [f for f in found if "derive/ir/names.py" not in f] == []
