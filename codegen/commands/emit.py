"""`chainrule emit`."""

from __future__ import annotations

import re
from pathlib import Path

from codegen.commands.files_in_out import check_output, deliver, read_derivation
from codegen.pipeline import c_files, emit
from derive.errors import ChainruleError


def run(spec: str, output: str | None, target: str, style: str, dtype: str, part: str) -> int:
    """Write the module."""
    check_output(spec, output)
    if target == "c" and output is not None and Path(output).suffix == ".c":
        _write_c(spec, Path(output), dtype)
        return 0
    source = emit(read_derivation(spec), target=target, style=style, dtype=dtype, part=part)
    deliver(source, output)
    return 0


def _write_c(spec: str, output: Path, dtype: str) -> None:
    """The source, and its header beside it."""
    header = output.with_suffix(".h")
    if not re.fullmatch(r"[\w.-]+", header.name):
        raise ChainruleError(f"{output}: a C file's name has letters, digits, '-', '_' and '.'")
    check_output(spec, str(header))
    texts = c_files(read_derivation(spec), dtype, header.name)
    deliver(texts.header, str(header))
    deliver(texts.source, str(output))
