"""`schema`: every spec of ours is valid by it, and what is misspelt isn't."""

import json
import tomllib

import pytest
from jsonschema import Draft202012Validator

from tests.codegen.commands.running import ROOT
from tests.docs.test_docs import blocks


@pytest.fixture(scope="module")
def validator():
    from derive.specs.json_schema import json_schema

    schema = json.loads(json.dumps(json_schema(), default=str))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def ours():
    yield from (tomllib.loads(p.read_text("utf-8")) for p in ROOT.glob("generated/*/*.toml"))
    for page in ("README.md", "docs/specs.md", "docs/module.md", "docs/language.md"):
        for block in blocks(ROOT / page):
            if block.kind == "toml" and not block.about:
                yield tomllib.loads(block.text)


def test_our_specs_are_valid(validator):
    specs = list(ours())
    assert len(specs) > 30
    for spec in specs:
        assert [e.message for e in validator.iter_errors(spec)] == [], spec["name"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"naem": "x"},
        {"name": 3},
        {"inputs": "x"},
        {"layers": [{"units": 3}]},
        {"layers": [{"type": "dense", "units": "three"}]},
        {"layers": [{"type": "dense", "bias": 1}]},
        {"loss": {"type": "softmax_cross_entropy", "targets": "labels"}},
        {"parameters": {"W": {"trained": False}}},
    ],
)
def test_what_is_wrong_is_refused(wrong, validator):
    assert not validator.is_valid({"name": "x", **wrong} if "name" not in wrong else wrong)


def test_the_command_writes_it(run, tmp_path):
    code, out, err = run("schema")
    assert (code, err) == (0, "")
    assert run("schema", "-o", tmp_path / "spec.json") == (0, "", "")
    assert (tmp_path / "spec.json").read_text(encoding="utf-8") == out
    layer = json.loads(out)["$defs"]["LayerSpec"]
    assert "dense" in layer["properties"]["type"]["anyOf"][0]["enum"]
    (dense,) = [r for r in layer["allOf"] if r["if"]["properties"]["type"] == {"const": "dense"}]
    assert dense["then"]["properties"]["units"]["description"] == "the number of outputs"
