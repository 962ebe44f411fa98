"""The report of checks: plain data, wrapped lines, the same for the same seed."""

import pytest

from codegen.report_text import WIDTH, as_text
from derive import check
from derive.checks.report import Report, Row
from tests.derive.checks.systems import derivation_of

pytestmark = pytest.mark.sampled


def test_the_report_as_plain_data():
    rows = (
        Row("W", "exact", "identical", "6 entries"),
        Row("dW", "formula", "different", "at 0", {"counterexample": {"at": [0]}}),
    )
    found = Report("check of m", rows).to_json()
    assert found == {
        "ok": False,
        "checks": [{"name": "W", "check": "exact", "verdict": "identical", "detail": "6 entries"}],
        "formulas": [
            {
                "tensor": "dW",
                "verdict": "different",
                "detail": "at 0",
                "counterexample": {"at": [0]},
            }
        ],
    }
    assert str(Report("check of m", rows[:1])).endswith("all checks pass\n")


def test_the_same_seed_gives_the_same_report():
    derivation = derivation_of("softmax")
    assert str(check(derivation, seed=5)) == str(check(derivation, seed=5))


def test_long_details_are_wrapped():
    row = Row("W", "exact", "wrong", "word " * 40)
    lines = as_text(Report("t", (row,))).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert lines[3].startswith("    word")
