"""`chainrule emit`."""

from __future__ import annotations

from codegen.commands.files_in_out import check_output, deliver, read_derivation
from codegen.pipeline import emit


def run(spec: str, output: str | None, target: str, style: str, dtype: str, part: str) -> int:
    """Write the module."""
    check_output(spec, output)
    source = emit(read_derivation(spec), target=target, style=style, dtype=dtype, part=part)
    deliver(source, output)
    return 0
