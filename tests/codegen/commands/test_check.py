"""`check`: its report as a table and as JSON, and formulas that were written by hand."""

import json

from tests.codegen.commands.running import DESCENT, GENDER, refused


def test_check_prints_a_table_of_80_columns(run):
    code, out, err = run("check", GENDER)
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    for kind in ("exact", "numeric", "steps", "module"):
        assert f"\n{kind}" in out
    assert "all checks pass" in out


def test_check_as_json(run):
    code, out, _ = run("check", DESCENT, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["ok"] is True
    assert {"exact", "numeric", "steps", "module"} <= {row["check"] for row in found["checks"]}


RIGHT = """
dz2[n,i] = (y2[n,i] - t[n,i])*y2[n,i]*(1 - y2[n,i])/size(n)
dW2[i,j] = sum(n, dz2[n,i]*y1[n,j])
db2[i] = sum(n, dz2[n,i])
dz1[n,j] = y1[n,j]*(1 - y1[n,j])*sum(i, dz2[n,i]*W2[i,j])
dW1[i,j] = sum(n, dz1[n,i]*x[n,j])
"""


def test_check_against_formulas_by_hand(run, tmp_path):
    by_hand = tmp_path / "by_hand.txt"
    by_hand.write_text(RIGHT)
    code, out, _ = run("check", GENDER, "--against", by_hand)
    assert code == 0
    assert out.count("\nformula") == 5
    by_hand.write_text(RIGHT.replace("(y2[n,i] - t[n,i])", "(t[n,i] - y2[n,i])"))
    code, out, err = run("check", GENDER, "--against", by_hand)
    assert (code, err) == (1, "")
    assert "wrong" in out
    code, out, _ = run("check", GENDER, "--against", by_hand, "--json")
    assert code == 1
    found = json.loads(out)
    assert found["ok"] is False
    assert [row["tensor"] for row in found["formulas"] if row["verdict"] == "different"]


def test_formulas_that_cant_be_read(run, tmp_path):
    by_hand = tmp_path / "by_hand.txt"
    by_hand.write_text("dW2[i,j] = sum(n, dz2[n,i]*y1[n,k])")
    assert "k" in refused(run("check", GENDER, "--against", by_hand))
    by_hand.write_bytes(b"dW2 = \xff")
    assert "UTF-8" in refused(run("check", GENDER, "--against", by_hand))
