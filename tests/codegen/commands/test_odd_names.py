"""Files whose names are no text in UTF-8 are read and written like all others."""

import os
import re

import pytest

from codegen.cli import main

SPEC = 'inputs = { x = [2] }\nloss = "mse"\n[[layers]]\ntype = "dense"\nunits = 1\n'


@pytest.mark.parametrize("ending", ["md", "html", "tex", "json", "py"])
@pytest.mark.parametrize("stem", [b"\xfe", b"a\xff b", b"(\xe9)", "é".encode(), b"a" * 240])
def test_a_name_that_is_no_utf_8(tmp_path, stem, ending, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = os.fsdecode(stem)
    (tmp_path / f"{name}.toml").write_text(SPEC)
    command = "emit" if ending == "py" else "derive"
    assert main([command, f"{name}.toml", "-o", f"{name}.{ending}"]) == 0
    written = (tmp_path / f"{name}.{ending}").read_bytes()
    assert written
    for picture in re.findall(rb"\]\(([^)]*\.svg)\)", written):
        assert picture.isascii()
