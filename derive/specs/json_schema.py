"""The JSON schema of a spec, by which editors complete and check what is written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from derive import catalogue
from derive.catalogue.rows import REQUIRED, Attribute, EntryInfo
from derive.specs.schema import Spec

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_NUMBER = {"type": ["number", "string"]}  # "1/3" is a number, too
_TYPES: dict[str, dict[str, Any]] = {
    "extent": {"type": "integer", "minimum": 1},
    "integer": {"type": "integer"},
    "number": _NUMBER,
    "positive": _NUMBER,
    "non-negative": _NUMBER,
    "probability": _NUMBER,
    "flag": {"type": "boolean"},
}


def json_schema() -> dict[str, Any]:
    """The schema of every spec: its keys, and the attributes of each type of the catalogue."""
    result = Spec.model_json_schema()
    parts = result["$defs"]
    entries = catalogue.entries()
    _typed(parts["LayerSpec"], (e for e in entries if e.kind in ("layer", "activation")))
    _typed(parts["LossSpec"], (e for e in entries if e.kind == "loss"))
    _typed(parts["Setting"], (e for e in entries if e.kind not in ("layer", "loss")))
    return {"$schema": DRAFT, **result, "title": "A spec of chainrule"}


def _typed(table: dict[str, Any], entries: Iterable[EntryInfo]) -> None:
    """A table whose further keys depend on its type; one of a spec's own has any."""
    rows = list(entries)
    known = {"enum": [e.name for e in rows]}
    table["properties"]["type"] = {"anyOf": [known, {"type": "string"}, {"type": "null"}]}
    table["allOf"] = [
        {
            "if": {"properties": {"type": {"const": e.name}}, "required": ["type"]},
            "then": {"properties": {a.name: _attribute(a) for a in e.attributes}},
        }
        for e in rows
    ]


def _attribute(attribute: Attribute) -> dict[str, Any]:
    kind = _TYPES.get(attribute.kind, {})
    if attribute.choices:
        words = {"enum": list(attribute.choices)}
        kind = words if attribute.kind == "choice" else {"anyOf": [kind, words]}
    told: dict[str, Any] = {"description": attribute.meaning}
    if attribute.default is not REQUIRED and attribute.default is not None:
        told["default"] = attribute.default
    return {**kind, **told}
