"""`chainrule schema`."""

from __future__ import annotations

import json

from codegen.commands.files_in_out import check_output, deliver
from derive.specs.json_schema import json_schema


def run(output: str | None) -> int:
    """Write the JSON schema of a spec."""
    check_output("-", output)
    deliver(json.dumps(json_schema(), indent=2, ensure_ascii=False, default=str) + "\n", output)
    return 0
