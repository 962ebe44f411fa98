"""NumPy programs as courses write them: right ones are accepted, spoiled ones are told."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from derive.answers.languages import Answer
from derive.calculus.differentiate import differentiate
from derive.checking import check_answer
from derive.checks.report import Row
from derive.errors import ChainruleError
from derive.ir.derivation import Derivation
from derive.specs.load import loads

pytestmark = pytest.mark.sampled

_PROGRAM = re.compile(
    r"#### (?P<name>\S+)\n(?P<spec>.*?)\n---- (?P<equal>[^|\n]*)\|(?P<names>[^\n]*)\n"
    r"(?P<code>.*?)(?P<spoiled>(?:^==== [^\n]*\n)+)",
    re.MULTILINE | re.DOTALL,
)
PROGRAMS = {
    m["name"]: m
    for m in _PROGRAM.finditer(Path("tests/corpora/numpy_programs.txt").read_text(encoding="utf-8"))
}
LONG = ("conv-loops", "dls-deep")  # they take 10 to 20 s each
SPOILED = [
    pytest.param(
        name,
        *line.removeprefix("==== ").split(" => "),
        marks=[pytest.mark.slow] * (k > 0 or name in LONG),
    )
    for name, program in PROGRAMS.items()
    for k, line in enumerate(program["spoiled"].splitlines())
]


@cache
def model(name: str) -> Derivation:
    return differentiate(loads(PROGRAMS[name]["spec"]))


def rows(name: str, code: str) -> dict[str, Row]:
    given = PROGRAMS[name]["names"].strip()
    names = dict(pair.strip().split("=") for pair in given.split(",")) if given else {}
    report = check_answer(model(name), Answer(code, "numpy", names))
    return {row.name: row for row in report.rows}


def test_the_programs_are_read() -> None:
    assert len(PROGRAMS) >= 24


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_right_program_is_accepted(name: str) -> None:
    found = rows(name, PROGRAMS[name]["code"])
    wrong = {n: row.detail for n, row in found.items() if row.verdict == "different"}
    assert not wrong
    right = {n for n, row in found.items() if row.ok and row.verdict != "not checked"}
    assert set(PROGRAMS[name]["equal"].split()) <= right


@pytest.mark.parametrize(("name", "old", "new"), SPOILED)
def test_a_spoiled_program_is_told(name: str, old: str, new: str) -> None:
    code = PROGRAMS[name]["code"]
    assert old in code
    try:
        found = rows(name, code.replace(old, new))
    except ChainruleError:
        return
    assert not all(row.ok for row in found.values())
